"""The mel front end against the file that everybody else runs."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from wakegen.core.seeds import stream
from wakegen.features.mel import FRAME_SAMPLES, STEP_SAMPLES, frame_count, step_mel, stream_mel

TAIL = STEP_SAMPLES + 3 * 160


@pytest.fixture(scope="module")
def published():
    """Give the mel frames of openwakeword's own file, fed as its stream does: 1,280 samples and 480 before them."""
    import onnxruntime

    path = Path(find_spec("openwakeword").origin).parent / "resources" / "models" / "melspectrogram.onnx"
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def feed(samples: np.ndarray) -> np.ndarray:
        parts = []
        for end in range(STEP_SAMPLES, len(samples) + 1, STEP_SAMPLES):
            chunk = samples[max(0, end - TAIL) : end].astype(np.float32)
            parts.append(session.run(None, {name: chunk[None]})[0][0, 0] / 10 + 2)
        return np.concatenate(parts)

    return feed


def noise(amplitude: float) -> np.ndarray:
    return np.clip(stream(1, "noise").normal(0, amplitude, 40_000), -32768, 32767).astype(np.int16)


def tone(amplitude: float) -> np.ndarray:
    return np.round(amplitude * np.sin(2 * np.pi * 1000.3 / 16000 * np.arange(40_000))).astype(np.int16)


SOUNDS = {
    "loud noise": noise(9000),
    "noise of one bit": noise(1),
    "clipped noise": noise(60_000),
    "tone": tone(3000),
    "full-scale tone": tone(32767),
    "zeros": np.zeros(40_000, np.int16),
    "zeros then noise": np.concatenate([np.zeros(20_000, np.int16), noise(5000)[:20_000]]),
    "one click": np.eye(1, 40_000, 12_345, dtype=np.int16)[0] * np.int16(20_000),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_mel_by_fft_equals_the_published_file_within_a_thousandth_of_a_decibel(published, name):
    theirs, ours = published(SOUNDS[name]), stream_mel(SOUNDS[name])
    assert ours.shape == theirs.shape == (5 + 8 * (40_000 // STEP_SAMPLES - 1), 32)
    # Values are dB / 10 + 2. Beside a pure tone, bands 75 dB below it are what float32 leaves of large sums:
    # a rounding of 6e-8 of the tone's amplitude is 3e-4 of theirs, 3e-3 dB.
    assert np.abs(ours - theirs).max() * 10 <= (3e-3 if "tone" in name else 1e-3)


@pytest.mark.parametrize("name", SOUNDS)
def test_step_by_step_gives_the_same_bits_as_the_whole(name):
    samples, parts = SOUNDS[name], []
    for end in range(STEP_SAMPLES, len(samples) + 1, STEP_SAMPLES):
        parts.append(step_mel(samples[max(0, end - TAIL) : end]))
    assert np.concatenate(parts).tobytes() == stream_mel(samples).tobytes()


def test_cutting_a_stream_otherwise_gives_other_values_near_silence():
    """The floor looks at a chunk: what 8 frames and what all frames together make of zeros beside sound differs."""
    sound = SOUNDS["zeros then noise"]
    at_once = step_mel(sound[: 20 * STEP_SAMPLES])
    assert np.abs(at_once - stream_mel(sound)[: len(at_once)]).max() > 1


@pytest.mark.parametrize(
    ("samples", "frames"),
    [
        (0, 0),
        (511, 0),
        (512, 1),
        (671, 1),
        (672, 2),
        (12_511, 75),
        (12_512, 76),
        (16_000, 97),
        (16_001, 97),
        (16_031, 97),
    ],
)
def test_a_frame_exists_once_its_512_samples_do(samples, frames):
    assert frame_count(samples) == frames
    assert step_mel(np.zeros(max(samples, FRAME_SAMPLES), np.int16)).shape == (max(frames, 1), 32)


@pytest.mark.parametrize("rest", range(1, 32))
def test_samples_beyond_a_whole_step_are_left_for_the_next(rest):
    """openwakeword's own `embed_clips` raises for clips of 1 … 31 samples beyond a hop."""
    sound = noise(500)[: 5 * STEP_SAMPLES + rest]
    assert stream_mel(sound).tobytes() == stream_mel(sound[: 5 * STEP_SAMPLES]).tobytes()


@pytest.mark.parametrize("samples", [0, 1, 511, 512, 1279])
def test_less_than_a_step_has_no_frames(samples):
    assert stream_mel(np.zeros(samples, np.int16)).shape == (0, 32)


def test_scale_matters_as_int16():
    """Dividing by 32,768 is a constant of −90.3 dB: −9.03 after scaling (facts of the embedding: it was trained so)."""
    sound = noise(9000)
    quiet = step_mel(sound[:TAIL] / np.float32(32768))
    assert np.median(step_mel(sound[:TAIL]) - quiet) == pytest.approx(9.03, abs=0.01)
