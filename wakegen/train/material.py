"""What a head is trained on: one array of embeddings and, per group, where its windows begin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wakegen.model.head import EMBEDDING, FRAMES

F32 = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Embeddings [n, 96] of many clips end to end, and window starts (rows) by group."""

    embeddings: F32
    positive: Rows  # windows that end shortly after the phrase
    near: Rows  # confusables, partial phrases, near words
    general: Rows  # sentences, words, noise, the user's own negatives

    def windows(self, starts: Rows) -> F32:
        """Gather windows: [n] → [n, 16, 96]."""
        gathered: F32 = self.embeddings[starts[:, None] + np.arange(FRAMES)]
        return gathered

    def standardisation(self) -> tuple[F32, F32]:
        """Mean and standard deviation of each embedding dimension over all rows: two [96]."""
        if len(self.embeddings) == 0:
            return np.zeros(EMBEDDING, np.float32), np.ones(EMBEDDING, np.float32)
        mean = self.embeddings.mean(axis=0, dtype=np.float64)
        deviation = self.embeddings.std(axis=0, dtype=np.float64)
        return mean.astype(np.float32), np.maximum(deviation, 1e-3).astype(np.float32)


def window_starts(rows: int, *, first_row: int) -> Rows:
    """Give the starts of all windows of a clip with `rows` embeddings that begins at `first_row`."""
    return first_row + np.arange(max(0, rows - FRAMES + 1), dtype=np.int64)


def positive_starts(rows: int, *, first_row: int, phrase_end_s: float, after_s: tuple[float, float]) -> Rows:
    """Give the starts of the windows that end `after_s` (from, to) behind the end of the phrase.

    Window j of a clip ends with step j + 24, at 0.08 (j + 25) s.
    """
    starts = window_starts(rows, first_row=0)
    ends_s = 0.08 * (starts + 25)
    chosen = (ends_s >= phrase_end_s + after_s[0]) & (ends_s <= phrase_end_s + after_s[1])
    result: Rows = starts[chosen] + first_row
    return result
