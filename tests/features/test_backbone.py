"""The derived graph against the published file with its one extra ReLU taken out."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from wakegen.core.errors import NotInstalled, WakegenError
from wakegen.core.seeds import stream
from wakegen.features import backbone, weights
from wakegen.features.embed import Embedder
from wakegen.features.graph import clip_graph
from wakegen.features.mel import stream_mel


def session_of(model: bytes):
    import onnxruntime

    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def no_relu():
    """Give the published graph without the ReLU after its first convolution: mel [n, 76, 32] → [n, 96]."""
    import onnx

    model = onnx.load(str(weights.source_path()))
    (relu,) = (node for node in model.graph.node if node.op_type == "Relu")
    for node in model.graph.node:
        for i, name in enumerate(node.input):
            if name == relu.output[0]:
                node.input[i] = relu.input[0]
    model.graph.node.remove(relu)
    session = session_of(model.SerializeToString())
    return lambda mel: np.concatenate(
        [session.run(None, {"input_1": one[None, :, :, None]})[0].reshape(1, 96) for one in mel]
    )


@pytest.fixture(scope="module")
def embedder():
    return Embedder()


@pytest.fixture(scope="module")
def mel():
    """Mel frames of sound that comes and goes, with zeros, at speech-like levels."""
    rng = stream(1, "mel")
    envelope = np.repeat(rng.uniform(0, 1, 200) ** 4 * 12_000, 400)
    sound = (rng.normal(0, 1, 80_000) * envelope).astype(np.int16)
    sound[30_000:34_000] = 0
    return stream_mel(sound)


def windows_of(mel: np.ndarray, phase: int = 0) -> np.ndarray:
    count = (len(mel) - phase - 76) // 8 + 1
    return np.stack([mel[phase + 8 * i : phase + 8 * i + 76] for i in range(count)])


def test_every_embedding_of_a_clip_equals_that_of_its_own_window_in_the_published_file(no_relu, embedder, mel):
    theirs, ours = no_relu(windows_of(mel)), embedder.from_mel(mel[None])[0]
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() < 1e-4 * theirs.std()


def test_windows_one_frame_off_are_plausible_and_different(no_relu, embedder, mel):
    """The negative control: a graph that pooled the wrong pairs of frames would look like this."""
    theirs, ours = no_relu(windows_of(mel, phase=1)), embedder.from_mel(mel[None])[0][: len(windows_of(mel, phase=1))]
    assert np.abs(ours - theirs).max() > 0.5 * theirs.std()
    cosine = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    assert np.median(cosine) > 0.8


def test_the_published_relu_changes_embeddings_so_it_is_really_left_out(embedder, mel):
    session = session_of(weights.source_path().read_bytes())
    theirs = np.concatenate(
        [session.run(None, {"input_1": w[None, :, :, None]})[0].reshape(1, 96) for w in windows_of(mel)]
    )
    assert np.abs(embedder.from_mel(mel[None])[0] - theirs).max() > 1


@pytest.mark.parametrize(("frames", "rows"), [(76, 1), (77, 1), (83, 1), (84, 2), (91, 2), (92, 3), (139, 8)])
def test_t_frames_give_one_embedding_and_one_more_every_eight(embedder, frames, rows):
    assert embedder.from_mel(np.zeros((2, frames, 32), np.float32)).shape == (2, rows, 96)


def test_deriving_the_graph_gives_the_same_bytes_again():
    first, second = (hashlib.sha256(clip_graph(weights.read())).hexdigest() for _ in range(2))
    assert first == second == hashlib.sha256(backbone.graph_path().read_bytes()).hexdigest()


def test_the_derived_graph_is_for_old_runtimes_too():
    import onnx

    model = onnx.load(str(backbone.graph_path()))
    assert model.ir_version == 7
    assert [item.version for item in model.opset_import] == [13]


def test_a_damaged_graph_is_found_by_its_known_answer(tmp_path, monkeypatch):
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(backbone.graph_path()))
    (tensor,) = (item for item in model.graph.initializer if item.name == "w7")
    values = numpy_helper.to_array(tensor).copy()
    values[3, 5] *= 1.5
    tensor.CopyFrom(numpy_helper.from_array(values, "w7"))
    damaged = tmp_path / "damaged.onnx"
    onnx.save(model, str(damaged))
    monkeypatch.setattr(backbone, "graph_path", lambda kind, variant: damaged)
    with pytest.raises(WakegenError, match="computes the speech embedding wrongly") as caught:
        backbone.load_session()
    assert "the other runtime" in caught.value.hint


def test_the_graph_is_made_in_an_empty_cache(tmp_path, monkeypatch):
    wanted = backbone.graph_path().read_bytes()
    monkeypatch.setenv("WAKEGEN_CACHE", str(tmp_path / "new"))
    assert backbone.graph_path().is_relative_to(tmp_path)
    assert backbone.graph_path().read_bytes() == wanted


def test_another_openwakeword_is_refused_by_its_hash(tmp_path, monkeypatch):
    folder = tmp_path / "openwakeword" / "resources" / "models"
    folder.mkdir(parents=True)
    (tmp_path / "openwakeword" / "__init__.py").touch()
    (folder / "embedding_model.onnx").write_bytes(b"another")
    monkeypatch.setattr(weights, "find_spec", lambda name: _Spec(tmp_path / name / "__init__.py"))
    with pytest.raises(NotInstalled, match="does not hold") as caught:
        weights.source_path()
    assert caught.value.hint == "pip install openwakeword==0.4.0"
    monkeypatch.setattr(weights, "find_spec", lambda name: None)
    with pytest.raises(NotInstalled, match="missing"):
        weights.source_path()


class _Spec:
    def __init__(self, origin: Path) -> None:
        self.origin = str(origin)


def test_the_identity_names_the_weights():
    path = Path(find_spec("openwakeword").origin).parent / "resources" / "models" / "embedding_model.onnx"
    assert weights.identity()["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
