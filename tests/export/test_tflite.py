"""A head as a TFLite file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import wakegen
from tests.heads import bursts, detector_files
from wakegen.core.errors import BadInput, NotInstalled, WakegenError
from wakegen.core.seeds import stream
from wakegen.export import tflite_head
from wakegen.features import weights
from wakegen.runtime import Detector
from wakegen.runtime.heads import open_head

pytest.importorskip("ai_edge_litert", reason="needs the package ai-edge-litert")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return detector_files(tmp_path_factory.mktemp("tflite"))


@pytest.fixture(scope="module")
def exported(model):
    return Path(wakegen.export_detector(model, "tflite")["file"])


def test_it_scores_as_the_head_in_onnx(model, exported):
    tflite, onnx = open_head(exported), open_head(model)
    for window in stream(3, "tflite").normal(0, 15, (30, 16, 96)).astype(np.float32):
        np.testing.assert_allclose(tflite.scores(window), onnx.scores(window), atol=1e-5)


def test_it_runs_as_a_detector_with_the_same_sidecar(model, exported):
    sound = bursts(5)
    assert exported == model.with_suffix(".tflite")
    np.testing.assert_allclose(Detector(exported).raw_scores(sound), Detector(model).raw_scores(sound), atol=1e-4)


def test_home_assistants_server_loads_it(exported):
    """pyopen-wakeword has a TFLite of its own, older than LiteRT."""
    peer = pytest.importorskip("pyopen_wakeword", reason="needs the package pyopen-wakeword")
    loaded = peer.OpenWakeWord.from_model(exported) if hasattr(peer.OpenWakeWord, "from_model") else None
    if loaded is None:
        from pyopen_wakeword.openwakeword import OpenWakeWord
        from pyopen_wakeword.wakeword import get_platform

        assert get_platform()
        loaded = OpenWakeWord(id="x", tflite_model=exported, libtensorflowlite_c_path=_library())
    assert loaded.input_windows == 16
    rows = stream(4, "peer").normal(0, 15, (1, 1, 16, 96)).astype(np.float32)
    (score,) = loaded.process_streaming(rows)
    np.testing.assert_allclose(score, open_head(exported).scores(rows[0, 0])[0], atol=1e-5)


def _library():
    from importlib.util import find_spec
    from pathlib import Path

    return Path(find_spec("pyopen_wakeword").origin).parent / "lib" / "libtensorflowlite_c.so"


def test_the_same_head_gives_the_same_bytes(model, exported):
    assert tflite_head.tflite_bytes(model.read_bytes(), "hey katya", source="x") == exported.read_bytes()


def test_what_scores_differently_is_not_kept(model, tmp_path, monkeypatch):
    monkeypatch.setattr(tflite_head, "NORM_EPSILON", 50.0)
    with pytest.raises(WakegenError, match="scores differently"):
        wakegen.export_detector(model, "tflite", out=tmp_path / "x.tflite")
    assert list(tmp_path.iterdir()) == []


def test_a_foreign_head_and_a_missing_package_are_named(model, tmp_path, monkeypatch):
    alexa = weights.source_path().with_name("alexa_v0.1.onnx")
    with pytest.raises(BadInput, match="not a head that wakegen made"):
        tflite_head.tflite_bytes(alexa.read_bytes(), "alexa", source="x")
    monkeypatch.setattr(tflite_head, "find_spec", lambda name: None)
    with pytest.raises(NotInstalled, match="ai-edge-litert"):
        wakegen.export_detector(model, "tflite", out=tmp_path / "x.tflite")
