"""A whole detector as one graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

import wakegen
from tests.heads import bursts, detector_files
from wakegen.core.errors import BadInput, WakegenError
from wakegen.export import streaming_onnx, table
from wakegen.export.streaming_onnx import StreamingModel, streaming_bytes
from wakegen.features import weights
from wakegen.model import Sidecar
from wakegen.runtime import Detector

SOUND = bursts(8.0)


def stepped(model: StreamingModel, sound: np.ndarray) -> np.ndarray:
    return np.array([model.step(sound[at : at + 1280]) for at in range(0, len(sound) - 1279, 1280)])


@pytest.mark.parametrize("smoothing", [1, 5])
def test_it_scores_as_the_detector_from_the_first_step_on(tmp_path, smoothing):
    path = detector_files(tmp_path, smoothing=smoothing)
    model = StreamingModel(streaming_bytes(path.read_bytes(), Sidecar.load(path)))
    wanted = Detector(path, runtime="onnxruntime").scores(SOUND)
    np.testing.assert_allclose(stepped(model, SOUND), wanted, atol=1e-4)
    assert np.ptp(wanted[24:]) > 0.05
    model.reset()
    np.testing.assert_allclose(stepped(model, SOUND[16_000:]), Detector(path).scores(SOUND[16_000:]), atol=1e-3)


def test_a_head_of_openwakeword_is_built_in_with_its_own_backbone():
    path = weights.source_path().with_name("weather_v0.1.onnx")
    sidecar = Sidecar("weather", 0.5, weights.identity(weights.RELU), window_frames=22)
    made = stepped(StreamingModel(streaming_bytes(path.read_bytes(), sidecar)), SOUND)
    np.testing.assert_allclose(made, Detector(path).scores(SOUND), atol=1e-3)


def test_silence_and_the_loudest_sound_give_numbers(tmp_path):
    path = detector_files(tmp_path)
    model = StreamingModel(streaming_bytes(path.read_bytes(), Sidecar.load(path)))
    for sound in (np.zeros(48_000, np.int16), np.full(48_000, -32768, np.int16)):
        model.reset()
        assert np.isfinite(stepped(model, sound)).all()


def test_it_is_for_old_runtimes_too_and_says_what_it_is(tmp_path):
    path = Path(wakegen.export_detector(detector_files(tmp_path), "onnx-streaming")["file"])
    assert path == tmp_path / "test-streaming.onnx"
    model = onnx.load(str(path))
    assert model.ir_version == 8
    assert [item.version for item in model.opset_import] == [13]
    told = {item.key: item.value for item in model.metadata_props}
    assert told == {"phrase": "hey katya", "threshold": "0.5", "step_ms": "80"}
    states = {item.name.removeprefix("state_") for item in model.graph.input} - {"pcm", "step"}
    assert {item.name.removeprefix("next_") for item in model.graph.output} - {"score", "ready", "step"} == states
    before = path.read_bytes()
    wakegen.export_detector(tmp_path / "test.onnx", "onnx-streaming")
    assert path.read_bytes() == before


def test_what_scores_differently_is_not_written(tmp_path, monkeypatch):
    path = detector_files(tmp_path)
    monkeypatch.setattr(streaming_onnx, "_LOGIT_LIMIT", 0.01)
    with pytest.raises(WakegenError, match="scores differently"):
        wakegen.export_detector(path, "onnx-streaming")
    assert not list(tmp_path.glob("*streaming*"))


def test_what_cannot_be_exported_is_named(tmp_path):
    path = detector_files(tmp_path)
    with pytest.raises(BadInput, match="no format 'onnx-steaming'") as caught:
        wakegen.export_detector(path, "onnx-steaming")
    assert "onnx-streaming" in caught.value.hint
    with pytest.raises(BadInput, match="no model at"):
        wakegen.export_detector(tmp_path / "none.onnx", "onnx-streaming")
    with pytest.raises(BadInput, match="is the detector itself"):
        wakegen.export_detector(path, "onnx-streaming", out=path)
    embedding = weights.source_path()
    with pytest.raises(BadInput, match="cannot be built in"):
        streaming_bytes(embedding.read_bytes(), Sidecar.load(path))


def test_the_command_writes_the_file_and_tells_where(tmp_path):
    import json
    import subprocess
    import sys

    path = detector_files(tmp_path)
    command = [sys.executable, "-m", "wakegen", "export", str(path), "--to", "onnx-streaming", "--json"]
    said = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert said["bytes"] == (tmp_path / "test-streaming.onnx").stat().st_size
    helped = subprocess.run(
        [sys.executable, "-m", "wakegen", "export", "--help"], capture_output=True, text=True
    ).stdout
    assert all(row.name in helped for row in table.FORMATS)
