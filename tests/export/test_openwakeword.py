"""A detector runs unchanged in the openwakeword package, and says there what it says here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.heads import detector_files
from wakegen.audio.dsp import resample, to_int16
from wakegen.engines import table
from wakegen.engines.base import SpeechRequest
from wakegen.features import weights
from wakegen.runtime import Detector

CHILD = Path(__file__).with_name("openwakeword_child.py")
VERSION = "0.6.0"


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    """Speech by espeak between room tone."""
    with table.load("espeak") as engine:
        voice = next(voice for voice in engine.voices() if voice.language == "en-us" and not voice.toy)
        said = engine.synthesize(SpeechRequest("hey katya, please switch on the light in the kitchen", voice.name))
    speech = to_int16(resample(said.samples, said.rate_hz, 16_000))
    tone = np.random.default_rng(1).integers(-3, 4, 32_000).astype(np.int16)
    return np.concatenate([tone, speech, tone[:16_000]])


@pytest.fixture(scope="module")
def no_relu(tmp_path_factory) -> Path:
    """Write the file that versions from 0.5 on download: the published one without its first ReLU."""
    import onnx

    model = onnx.load(str(weights.source_path()))
    (relu,) = (node for node in model.graph.node if node.op_type == "Relu")
    for node in model.graph.node:
        for i, name in enumerate(node.input):
            if name == relu.output[0]:
                node.input[i] = relu.input[0]
    model.graph.node.remove(relu)
    path = tmp_path_factory.mktemp("backbone") / "embedding_model.onnx"
    onnx.save(model, str(path))
    return path


def heard_by_openwakeword(place: str, model: Path, embedding: Path, sound: np.ndarray, folder: Path) -> dict:
    np.save(folder / "sound.npy", sound)
    melspectrogram = weights.source_path().with_name("melspectrogram.onnx")
    done = subprocess.run(
        [sys.executable, str(CHILD), place, str(model), str(melspectrogram), str(embedding), str(folder / "sound.npy")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def check(heard: dict, model: Path, sound: np.ndarray) -> None:
    detector = Detector(model)
    ours = detector.raw_scores(sound)
    theirs = np.array(heard["scores"])
    assert theirs.shape == ours.shape
    assert np.ptp(ours[24:]) > 0.3, "scores that hardly move would prove nothing"
    np.testing.assert_allclose(theirs[24:], ours[24:], atol=1e-3)  # before, its window holds what it was filled with


def test_openwakeword_0_4_gives_our_scores(tmp_path, sound, no_relu):
    model = detector_files(tmp_path)
    check(heard_by_openwakeword("", model, no_relu, sound, tmp_path), model, sound)


def test_the_file_inside_openwakeword_0_4_is_another_backbone_and_gives_other_scores(tmp_path, sound):
    model = detector_files(tmp_path)
    heard = heard_by_openwakeword("", model, weights.source_path(), sound, tmp_path)
    assert np.abs(np.array(heard["scores"])[24:] - Detector(model).raw_scores(sound)[24:]).max() > 0.01


@pytest.mark.slow
def test_openwakeword_0_6_gives_our_scores(tmp_path, sound, no_relu):
    place = installed()
    model = detector_files(tmp_path)
    heard = heard_by_openwakeword(str(place), model, no_relu, sound, tmp_path)
    assert Path(heard["module"]).is_relative_to(place)
    check(heard, model, sound)


def installed() -> Path:
    """Give a folder with openwakeword 0.6 and what it imports, beside the environment, which has 0.4; fetched once."""
    place = Path(sys.prefix) / f"openwakeword-{VERSION}"
    if not (place / ".complete").exists():
        packages = [f"openwakeword=={VERSION}", "requests", "urllib3", "idna", "certifi", "charset-normalizer"]
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(place), *packages]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"NOT TESTED: pip cannot fetch openwakeword {VERSION}: {done.stderr.strip().splitlines()[-1:]}")
        (place / ".complete").touch()
    return place
