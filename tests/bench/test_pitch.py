import numpy as np
import pytest

from wakegen.bench.pitch import F0_BINS, f0_bin, f0_hz


def voice(hz, seconds=0.8, noise=0.0):
    """A buzz with formant-like colour: harmonics falling by 6 dB an octave with a peak near 700 Hz."""
    t = np.arange(round(seconds * 16_000)) / 16_000
    drift = 1 + 0.03 * np.sin(2 * np.pi * 3 * t)
    phase = 2 * np.pi * np.cumsum(hz * drift) / 16_000
    sound = sum(
        (1 / k + 1.5 * np.exp(-(((k * hz - 700) / 200) ** 2))) * np.sin(k * phase) for k in range(1, int(3800 / hz))
    )
    sound = sound / np.abs(sound).max() + noise * np.random.default_rng(0).standard_normal(t.size)
    return np.clip(sound * 12_000, -32768, 32767).astype(np.int16)


@pytest.mark.parametrize(("hz", "name"), [(85, F0_BINS[0]), (140, F0_BINS[1]), (190, F0_BINS[2]), (300, F0_BINS[3])])
def test_a_voice_lands_in_its_range(hz, name):
    assert f0_hz(voice(hz)) == pytest.approx(hz, rel=0.05)
    assert f0_bin(voice(hz)) == name
    assert f0_bin(voice(hz, noise=0.1)) == name


def test_what_has_no_pitch_is_unvoiced():
    rng = np.random.default_rng(1)
    assert f0_bin((rng.standard_normal(16_000) * 3000).astype(np.int16)) == "unvoiced"
    assert f0_bin(np.zeros(16_000, np.int16)) == "unvoiced"
    assert f0_bin(np.zeros(10, np.int16)) == "unvoiced"
