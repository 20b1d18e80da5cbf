import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wakegen.audio import dsp
from wakegen.core.errors import BadInput
from wakegen.core.seeds import stream


def sine(hz: float, seconds: float = 1.0, peak: float = 0.5) -> np.ndarray:
    return (peak * np.sin(2 * np.pi * hz * np.arange(int(16000 * seconds)) / 16000)).astype(np.float32)


def loudest_hz(samples: np.ndarray) -> float:
    windowed = samples * np.hanning(len(samples))
    return float(np.argmax(np.abs(np.fft.rfft(windowed))) * 16000 / len(samples))


def test_a_full_scale_sine_reads_minus_three() -> None:
    assert dsp.rms_dbfs(sine(1000, peak=1.0)) == pytest.approx(-3.01, abs=0.01)
    assert dsp.rms_dbfs(np.zeros(10)) == -200


def test_pauses_do_not_dilute_the_active_level() -> None:
    with_pauses = np.concatenate([np.zeros(16000), sine(500), np.zeros(32000)])
    assert dsp.active_rms(with_pauses) == pytest.approx(dsp.rms(sine(500)), rel=1e-3)
    assert dsp.active_rms(np.zeros(5000)) == 0
    assert dsp.active_rms(np.zeros(0)) == 0


def test_trim_finds_the_sound() -> None:
    noise = stream(1, "floor").standard_normal(48000).astype(np.float32) * 1e-4
    noise[16000:32000] += sine(300)
    start, end = dsp.trim(noise)
    assert start == pytest.approx(16000, abs=160)
    assert end == pytest.approx(32000, abs=160)
    assert dsp.trim(np.zeros(4000)) == (0, 0)


@given(st.floats(0.5, 2.0))
@settings(max_examples=20, deadline=None)
def test_stretch_changes_length_and_keeps_pitch(factor: float) -> None:
    out = dsp.stretch(sine(210), factor)
    assert len(out) == round(16000 * factor)
    assert loudest_hz(out) == pytest.approx(210, abs=3)
    assert dsp.rms(out[1000:-1000]) == pytest.approx(dsp.rms(sine(210)), rel=0.05)


@given(st.floats(0.8, 1.25))
@settings(max_examples=20, deadline=None)
def test_warp_moves_pitch_and_length_together(factor: float) -> None:
    out = dsp.warp(sine(400), factor)
    assert len(out) == pytest.approx(16000 / factor, abs=1)
    assert loudest_hz(out) == pytest.approx(400 * factor, abs=3)


def test_a_stretch_beyond_reason_is_refused() -> None:
    with pytest.raises(BadInput):
        dsp.stretch(sine(200), 9.0)


def test_very_short_sounds_stretch_without_error() -> None:
    assert len(dsp.stretch(sine(200, 0.02), 1.5)) == 480
    assert len(dsp.stretch(np.zeros(0, np.float32), 1.0)) == 0


def test_a_filter_gives_the_gain_asked_for() -> None:
    out = dsp.fft_filter(sine(1000), [100, 500, 2000], [0, -12, -12])
    assert dsp.rms_dbfs(out[2000:-2000]) - dsp.rms_dbfs(sine(1000)) == pytest.approx(-12, abs=0.1)


def test_convolution_matches_numpy() -> None:
    rng = stream(3, "convolve")
    a, b = rng.standard_normal(700).astype(np.float32), rng.standard_normal(90).astype(np.float32)
    assert np.allclose(dsp.fft_convolve(a, b), np.convolve(a, b), atol=1e-4)


def test_int16_rounds_and_saturates() -> None:
    samples = np.array([0.0, 1.0, -1.0, 5.0, -5.0, 1.4 / 32768, 1.6 / 32768], np.float32)
    assert dsp.to_int16(samples).tolist() == [0, 32767, -32768, 32767, -32768, 1, 2]
    with pytest.raises(ValueError, match="NaN"):
        dsp.to_int16(np.array([np.nan], np.float32))
