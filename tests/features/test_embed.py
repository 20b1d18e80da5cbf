"""Embeddings of whole recordings."""

from __future__ import annotations

import numpy as np
import pytest

from wakegen.core.seeds import stream
from wakegen.features.embed import FIRST_EMBEDDING_STEP, FIRST_SCORE_STEP, Embedder, windows


@pytest.fixture(scope="module")
def embedder():
    return Embedder()


def sound(samples: int, name: str = "a") -> np.ndarray:
    return stream(1, "embed", name).normal(0, 2000, samples).astype(np.int16)


@pytest.mark.parametrize(
    ("samples", "rows"),
    [
        (0, 0),
        (511, 0),
        (512, 0),
        (12_511, 0),
        (12_512, 0),
        (12_799, 0),
        (12_800, 1),
        (14_079, 1),
        (14_080, 2),
        (32_000, 16),
    ],
)
def test_a_recording_has_an_embedding_for_each_step_from_the_tenth(embedder, samples, rows):
    assert embedder.embed(sound(samples)).shape == (rows, 96)


@pytest.mark.parametrize("rest", range(1, 32))
def test_any_number_of_samples_beyond_a_hop_can_be_embedded(embedder, rest):
    assert len(embedder.embed(sound(16_000 + rest))) == 3


def test_embedding_together_is_embedding_one_by_one(embedder):
    several = [sound(20_000, str(i)) for i in range(11)] + [sound(5000), sound(30_000, "b"), np.zeros(0, np.int16)]
    for together, alone in zip(embedder.embed_all(several), map(embedder.embed, several), strict=True):
        np.testing.assert_allclose(together, alone, atol=2e-4)


def test_the_loudest_clip_of_a_batch_does_not_reach_into_the_others(embedder):
    """The published mel file floors over all clips of a batch together (80 dB below the loudest value of any)."""
    faint, loud = np.ones(20_000, np.int16), sound(20_000) * np.int16(8)
    np.testing.assert_allclose(embedder.embed_all([faint, loud])[0], embedder.embed(faint), atol=2e-4)


def test_the_first_window_is_full_of_sound_after_25_steps():
    assert (FIRST_EMBEDDING_STEP, FIRST_SCORE_STEP) == (9, 24)
    rows = np.arange(20 * 96, dtype=np.float32).reshape(20, 96)
    assert windows(rows).shape == (5, 16, 96)
    assert np.array_equal(windows(rows)[3], rows[3:19])
    assert windows(rows[:15]).shape == (0, 16, 96)
