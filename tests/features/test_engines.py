"""Streams and the C engine against the sliding window of the published file."""

from __future__ import annotations

import numpy as np
import pytest

from tests.native import ENGINES, needs_c
from wakegen.core.errors import BadInput, NotInstalled
from wakegen.core.seeds import stream
from wakegen.features import backbone, c_library, embed, native, weights
from wakegen.features.embed import Embedder
from wakegen.features.weights import NANO, NO_RELU, RELU

STEP = 1280


def sound(seconds: float = 30) -> np.ndarray:
    """Sound over all levels, with digital silence in it."""
    rng = stream(2, "engines")
    count = int(seconds * 16_000)
    levels = np.repeat(10 ** rng.uniform(-0.5, 4.2, count // 1600 + 1), 1600)[:count]
    samples = (rng.normal(0, 1, count) * levels).clip(-32768, 32767).astype(np.int16)
    samples[count // 3 : count // 3 + 20_000] = 0
    return samples


@pytest.fixture(scope="module", params=[NO_RELU, NANO])
def variant(request):
    return request.param


@pytest.fixture(scope="module", params=ENGINES)
def embedder(request, variant):
    return Embedder(runtime=request.param, variant=variant)


def streamed(front, samples: np.ndarray) -> np.ndarray:
    rows = [front.step(samples[at : at + STEP]) for at in range(0, len(samples) // STEP * STEP, STEP)]
    assert [row is None for row in rows[:10]] == [True] * 9 + [False]
    return np.stack([row for row in rows if row is not None])


def test_a_stream_gives_the_bits_of_the_whole_recording(embedder):
    samples = sound()
    assert streamed(embedder.stream(), samples).tobytes() == embedder.embed(samples).tobytes()


def test_after_a_reset_a_stream_gives_the_same_bits_again(embedder):
    front, samples = embedder.stream(), sound(4)
    first = streamed(front, samples)
    front.step(samples[:STEP])
    front.reset()
    assert streamed(front, samples).tobytes() == first.tobytes()


def test_streams_of_one_embedder_do_not_disturb_each_other(embedder):
    samples, other = sound(4), sound(6)[30_000:]
    one, two = embedder.stream(), embedder.stream()
    rows = []
    for at in range(0, 40 * STEP, STEP):
        rows.append(one.step(samples[at : at + STEP]))
        two.step(other[at : at + STEP])
        embedder.embed(other[: 15 * STEP])
    assert np.stack(rows[9:]).tobytes() == embedder.embed(samples)[:31].tobytes()


@pytest.mark.parametrize("kind", [NO_RELU, RELU, NANO])
def test_the_stream_graph_equals_the_sliding_window_bit_for_bit(kind):
    """As the published file computes it for the variant with the ReLU."""
    import onnxruntime

    rng = stream(3, "mel")
    mel = (np.cumsum(rng.normal(0, 0.3, (76 + 8 * 300, 32)), 0) % 8 - 1).astype(np.float32)
    windows = [mel[None, at : at + 76] for at in range(0, 8 * 301, 8)]
    if kind == RELU:
        session = onnxruntime.InferenceSession(str(weights.source_path()), providers=["CPUExecutionProvider"])
        wanted = np.stack([session.run(None, {"input_1": w[..., None]})[0].reshape(-1) for w in windows])
    else:
        session = backbone.load_session("clip", variant=kind)
        wanted = np.stack([session.run(None, {"mel": w})[0][0, 0] for w in windows])
    pushed = backbone.Stream(backbone.load_session("stream", variant=kind))
    frames = np.concatenate([np.full((4, 32), 7, np.float32), mel])  # what comes before counts for nothing
    rows = [pushed.push(frames[at : at + 8]) for at in range(0, len(frames), 8)]
    assert np.stack([row for row in rows if row is not None]).tobytes() == wanted.tobytes()


def test_a_stream_one_frame_out_of_step_is_plausible_and_wrong():
    """The negative control: the pools pair the wrong frames."""
    rng = stream(3, "mel")
    mel = (np.cumsum(rng.normal(0, 0.3, (76 + 80, 32)), 0) % 8 - 1).astype(np.float32)
    session = backbone.load_session("clip")
    wanted = session.run(None, {"mel": mel[None, 1:77]})[0][0, 0]
    pushed = backbone.Stream(backbone.load_session("stream"))
    frames = np.concatenate([np.zeros((4, 32), np.float32), mel])
    rows = [pushed.push(frames[at : at + 8]) for at in range(0, 96, 8)]
    late = next(row for row in rows if row is not None)
    assert 1 < np.abs(late - wanted).max() < 100


@needs_c
def test_the_c_engine_equals_onnxruntime_within_rounding(variant):
    samples = sound(120)
    wanted, made = Embedder(variant=variant).embed(samples), Embedder(runtime="c", variant=variant).embed(samples)
    assert made.shape == wanted.shape
    assert np.abs(made - wanted).max() < 2e-4


@needs_c
@pytest.mark.parametrize("steps", [0, 1, 9, 10, 11])
def test_short_recordings_in_c(steps):
    assert Embedder(runtime="c").embed(sound(1)[: steps * STEP + 5]).shape == (max(0, steps - 9), 96)


@needs_c
@pytest.mark.parametrize("period", [2, 80])
def test_digital_silence_and_the_loudest_sound_give_numbers_in_c(period):
    """At half the sample rate (period 2) the bands hold nothing but rounding, so only the other is compared."""
    square = np.where(np.arange(20_000) % period < period // 2, -32768, 32767).astype(np.int16)
    for samples in (np.zeros(20_000, np.int16), square):
        made = Embedder(runtime="c").embed(samples)
        assert np.isfinite(made).all()
        if period > 2:
            np.testing.assert_allclose(made, Embedder().embed(samples), atol=2e-3)


@pytest.fixture
def no_c(monkeypatch, tmp_path):
    """A machine where the C engine was not built."""
    monkeypatch.setattr(c_library, "LIBRARY", tmp_path / "none.so")
    c_library.library.cache_clear()
    yield
    c_library.library.cache_clear()


@pytest.mark.usefixtures("no_c")
def test_without_a_compiler_the_choice_is_onnxruntime_and_c_is_refused():
    assert embed.choose_runtime() == "onnxruntime"
    with pytest.raises(NotInstalled, match="was not built") as caught:
        Embedder(runtime="c")
    assert "gcc" in caught.value.hint


@pytest.mark.usefixtures("no_c")
def test_a_library_for_another_machine_is_no_library():
    c_library.LIBRARY.write_bytes(b"\x7fELF of something else")
    assert not native.is_there()
    with pytest.raises(NotInstalled, match="does not load here"):
        Embedder(runtime="c")


@pytest.mark.usefixtures("no_c")
def test_without_any_engine_the_error_names_the_package(monkeypatch):
    monkeypatch.setattr(embed, "find_spec", lambda name: None)
    with pytest.raises(NotInstalled, match="Neither") as caught:
        embed.choose_runtime()
    assert caught.value.hint == "pip install onnxruntime"


def test_an_unknown_engine_or_one_that_cannot_is_refused():
    with pytest.raises(BadInput, match="no runtime 'onxruntime'") as caught:
        Embedder(runtime="onxruntime")
    assert "onnxruntime" in caught.value.hint
    with pytest.raises(BadInput, match="variant 'relu'"):
        Embedder(runtime="c", variant=RELU)
    with pytest.raises(BadInput, match="no variant 'other'"):
        weights.read("other")


@needs_c
def test_a_damaged_model_is_refused_by_the_c_engine(monkeypatch, tmp_path):
    data = bytearray(native.model_path().read_bytes())
    data[5000] ^= 1
    damaged = tmp_path / "x.wgm"
    damaged.write_bytes(data)
    monkeypatch.setattr(native, "model_path", lambda variant: damaged)
    with pytest.raises(BadInput, match="its checksum differs"):
        native.NativeBackbone()


@needs_c
def test_every_set_of_inner_loops_gives_the_same_embeddings():
    samples, engine = sound(10), native.NativeBackbone()
    wanted, names = Embedder().embed(samples), []
    while name := engine.use_kernels(len(names)):
        names.append(name)
        assert np.abs(engine.embed(samples) - wanted).max() < 2e-4, name
    assert names
    assert len(set(names)) == len(names)
