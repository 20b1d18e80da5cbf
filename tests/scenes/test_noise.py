import numpy as np
import pytest

from wakegen.audio.dsp import active_rms
from wakegen.core.seeds import stream
from wakegen.scenes.noise import NOISES, make_noise
from wakegen.scenes.noise_voices import babble


@pytest.mark.parametrize("row", NOISES, ids=lambda row: row.kind)
def test_each_noise_sounds_and_repeats_and_differs(row) -> None:
    sounds = [row.make(stream(seed, row.kind), 64000) for seed in (1, 2, 3, 1)]
    for sound in sounds:
        assert sound.dtype == np.float32
        assert sound.shape == (64000,)
        assert np.isfinite(sound).all()
        assert active_rms(sound / np.abs(sound).max()) > 1e-3
    assert np.array_equal(sounds[0], sounds[3])
    assert not np.array_equal(sounds[0], sounds[1])


def test_kinds_are_sorted_and_unique() -> None:
    kinds = [row.kind for row in NOISES]
    assert kinds == sorted(set(kinds))
    assert all(row.weight > 0 for row in NOISES)


def test_made_noise_has_an_active_level_of_one() -> None:
    for index in range(12):
        _, sound = make_noise(stream(3, index), 48000)
        assert active_rms(sound) == pytest.approx(1, rel=0.01)


def test_babble_fills_the_whole_clip_and_skips_silent_voices(voices: list[np.ndarray]) -> None:
    mixed = babble(stream(1, "b"), [*voices, np.zeros(100, np.float32), np.zeros(0, np.float32)], 80000)
    assert mixed.shape == (80000,)
    seconds = mixed.reshape(5, 16000)
    assert np.all(np.sqrt((seconds**2).mean(axis=1)) > 0.3)
    assert not babble(stream(1, "b"), [], 100).any()
