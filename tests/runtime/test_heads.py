"""openWakeWord's own heads, several on one stream, and the gate for voice activity."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.heads import bursts, detector_files
from wakegen.audio.dsp import resample
from wakegen.core.errors import BadInput, NotInstalled
from wakegen.features import weights
from wakegen.features.embed import Embedder
from wakegen.runtime import Detector, Detectors, heads, vad

FRAMES = {"alexa": 16, "hey_jarvis": 16, "hey_marvin": 16, "hey_mycroft": 16, "timer": 34, "weather": 22}
SOUND = bursts(8.0)


def head_of(name: str) -> Path:
    return weights.source_path().with_name(f"{name}_v0.1.onnx")


@pytest.mark.parametrize("name", FRAMES)
def test_every_head_of_openwakeword_runs_on_the_backbone_it_was_made_for(name):
    detector = Detector(head_of(name))
    assert detector.runtime == "onnxruntime", "the C engine has no ReLU there"
    assert detector.sidecar.backbone["variant"] == weights.RELU
    assert detector.sidecar.window_frames == FRAMES[name]
    scores = detector.push(SOUND)
    first = 9 + FRAMES[name] - 1
    assert [s.ready for s in scores] == [False] * first + [True] * (100 - first)
    assert all(0 <= s.raw <= 1 for s in scores)
    assert [np.float32(s.raw) for s in scores] == list(detector.raw_scores(SOUND))


@pytest.mark.parametrize("name", ["alexa", "weather", "timer", "hey_mycroft"])
def test_scores_are_those_of_openwakeword_once_its_buffers_hold_real_sound(name):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from openwakeword.model import Model
    peer = Model(wakeword_model_paths=[str(head_of(name))])
    theirs = []
    for at in range(0, len(SOUND), 1280):
        said = peer.predict(SOUND[at : at + 1280])
        theirs.append(max(value for label, value in said.items() if label != "0"))
    ours = Detector(head_of(name), threshold=0.5).raw_scores(SOUND)
    first = 9 + FRAMES[name] - 1
    np.testing.assert_allclose(ours[first:], np.array(theirs)[first:], atol=2e-3)


def test_a_head_of_several_classes_says_which():
    labels = {s.label for s in Detector(head_of("timer")).push(SOUND) if s.ready}
    assert labels
    assert labels <= {f"{n}_timer" for n in ("1_minute", "5_minute", "10_minute", "20_minute", "30_minute", "1_hour")}


def test_several_detectors_on_one_stream_score_as_each_alone(tmp_path):
    paths = [detector_files(tmp_path, "one"), detector_files(tmp_path, "two", smoothing=1, threshold=0.7)]
    together = Detectors(paths).push(SOUND)
    for path in paths:
        assert [step[path] for step in together] == Detector(path).push(SOUND)


def test_heads_of_two_backbones_do_not_run_together(tmp_path):
    ours = detector_files(tmp_path)
    with pytest.raises(BadInput, match=r"was made for the backbone 'no-relu', .* for 'relu'") as caught:
        Detectors([ours, head_of("alexa")])
    assert "one by one" in caught.value.hint
    with pytest.raises(BadInput, match="the embedder is 'no-relu'"):
        Detector(head_of("alexa"), embedder=Embedder())


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "x.pb").write_bytes(b"x")
    with pytest.raises(BadInput, match="no kind") as caught:
        Detector(tmp_path / "x.pb")
    assert ".onnx" in caught.value.hint


def test_a_tflite_head_without_its_runtime_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "x.tflite").write_bytes(b"x")
    monkeypatch.setattr(heads, "find_spec", lambda name: None)
    with pytest.raises(NotInstalled, match="ai-edge-litert") as caught:
        Detector(tmp_path / "x.tflite")
    assert "wakegen[tflite]" in caught.value.hint


def test_the_gate_is_closed_in_silence_and_open_while_somebody_speaks_and_a_little_longer(said):
    gate = vad.Gate(0.5)
    silence = np.zeros(1280 * 40, np.int16)
    steps = [sound[at : at + 1280] for sound in (silence, said, silence) for at in range(0, len(sound) - 1279, 1280)]
    opened = [gate.step(step) for step in steps]
    speech = len(said) // 1280
    assert not any(opened[:38])
    assert any(opened[40 : 40 + speech])
    assert any(opened[40 + speech : 40 + speech + 5])
    assert not any(opened[-10:])


def test_a_detector_behind_the_gate_is_silent_in_silence_and_unchanged_in_speech(tmp_path, said):
    path = detector_files(tmp_path, smoothing=1)
    silence = np.zeros(1280 * 40, np.int16)
    sound = np.concatenate([silence, said, silence])
    free, gated = Detector(path).push(sound), Detector(path, vad=0.5).push(sound)
    assert any(s.raw for s in free[24:38])
    assert not any(s.raw for s in gated[:38])
    spoken = [(a.raw, b.raw) for a, b in zip(free, gated, strict=True) if b.raw]
    assert len(spoken) > 5
    assert all(a == b for a, b in spoken)


@pytest.fixture(scope="module")
def said() -> np.ndarray:
    """A sentence by espeak-ng, int16."""
    from wakegen.engines import table
    from wakegen.engines.base import SpeechRequest

    with table.load("espeak") as engine:
        voice = next(voice.name for voice in engine.voices() if voice.language == "en-us")
        speech = engine.synthesize(SpeechRequest("turn the lights on in the kitchen please", voice))
    sound = resample(speech.samples, speech.rate_hz, 16_000)
    return np.clip(sound * 32767, -32768, 32767).astype(np.int16)


def test_a_lost_network_for_voice_activity_is_named(monkeypatch, tmp_path):
    folder = tmp_path / "openwakeword" / "resources" / "models"
    folder.mkdir(parents=True)
    shutil.copy(weights.source_path(), folder / "silero_vad.onnx")

    class Spec:
        origin = str(tmp_path / "openwakeword" / "__init__.py")

    monkeypatch.setattr(weights, "find_spec", lambda name: Spec())
    with pytest.raises(NotInstalled, match="does not hold the network"):
        vad.Gate(0.5)
