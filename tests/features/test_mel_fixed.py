"""The integer front end against the float one."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

from wakegen.core.seeds import stream
from wakegen.features import mel, mel_fixed

FIRMWARE = Path(mel.__file__).parents[2] / "firmware_harness"


def sounds() -> dict[str, np.ndarray]:
    rng, t = stream(1, "mel fixed"), np.arange(48_000)
    levels = np.repeat(10 ** rng.uniform(-0.3, 4.2, 30), 1600)
    drawn = {
        "at all levels": rng.normal(0, 1, 48_000) * levels,
        "of one or two steps": rng.integers(-2, 3, 48_000),
        "a tone in faint noise": 20_000 * np.sin(2 * np.pi * 1000 * t / 16_000) + rng.normal(0, 1, 48_000),
    }
    return {name: np.clip(np.round(x), -32768, 32767).astype(np.int16) for name, x in drawn.items()}


@pytest.mark.parametrize("name", sounds())
def test_codes_are_the_float_values_rounded(name):
    """Rounding alone gives a difference of 0.5; a tone's foot, 80 dB down, also has the rounding of float32."""
    samples = sounds()[name]
    difference = np.abs(mel.stream_mel(samples) * 128 - mel_fixed.stream_codes(samples))
    assert difference.max() < (2 if "tone" in name else 0.55)
    assert difference.mean() < 0.3


def test_digital_silence_is_the_lowest_code():
    assert (mel_fixed.stream_codes(np.zeros(5000, np.int16)) == mel_fixed.LOWEST).all()
    np.testing.assert_allclose(mel.stream_mel(np.zeros(5000, np.int16)) * 128, mel_fixed.LOWEST, atol=0.01)


def test_the_loudest_sound_overflows_nothing():
    square = np.where(np.arange(16_000) % 40 < 20, -32768, 32767).astype(np.int16)
    for samples in (square, np.full(16_000, -32768, np.int16), np.tile([-32768, 32767], 8000).astype(np.int16)):
        codes = mel_fixed.stream_codes(samples)
        assert codes.min() >= mel_fixed.LOWEST
        assert codes.max() < 2048
    assert np.abs(mel.stream_mel(square) * 128 - mel_fixed.stream_codes(square)).mean() < 1


def test_intermediate_values_stay_where_32_bits_hold_them():
    square = np.where(np.arange(1280) % 200 < 100, -32768, 32767).astype(np.int64)
    for frames in (square[None, :400], np.full((1, 400), -32768), np.full((1, 400), 32767)):
        re, im = mel_fixed._dft((frames * mel_fixed.window() + 256) >> 9)
        assert max(np.abs(re).max(), np.abs(im).max()) < 2**30
        bands = mel_fixed._power(re, im) @ mel_fixed.weights()
        assert bands.min() >= 0
        assert bands.max() < 2**62


def test_the_dft_is_a_dft():
    x = stream(2, "dft").integers(-(2**20), 2**20, (3, 400))
    re, im = mel_fixed._dft(x)
    padded = np.zeros((3, 512))
    padded[:, :400] = x
    wanted = np.fft.fft(padded[:, ::2] + 1j * padded[:, 1::2])
    assert np.abs(re + 1j * im - wanted).max() < 1e-5 * np.abs(wanted).max(), "100 dB below the loudest"


def test_bit_lengths_are_exact_where_floats_round_up():
    values = [0, 1, 2, 3, 2**53 - 1, 2**53, 2**62 - 1, 2**62, 2**62 + 1]
    assert mel_fixed._bit_length(np.array(values)).tolist() == [value.bit_length() for value in values]


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (1279, 0), (1280, 5), (2559, 5), (2560, 13)])
def test_a_stream_has_five_frames_and_then_eight_a_step(samples, frames):
    assert mel_fixed.stream_codes(np.ones(samples, np.int16)).shape == (frames, 32)


def test_the_constants_in_c_are_made_from_these_formulas():
    for name, text in runpy.run_path(str(FIRMWARE / "tables.py"))["headers"]().items():
        assert (FIRMWARE / "core" / name).read_text() == text, f"{name}: python firmware_harness/tables.py"
