"""What a head is trained on: one array of embeddings and, per group, where its windows begin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wakegen.model.head import EMBEDDING, FRAMES

F32 = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Window starts in groups, and how often a batch draws from each group."""

    starts: Rows  # the groups end to end
    ends: Rows  # where each group ends in `starts`
    weights: NDArray[np.float64]  # of the groups; they sum to 1

    @classmethod
    def of(cls, groups: Mapping[str, Sequence[Rows]], weights: Mapping[str, float] | None = None) -> Pool:
        """Put groups of windows together; without weights every window is drawn equally often.

        Groups without windows are left out; a group that `weights` does not name has the weight of its windows' share.
        """
        joined = {name: np.concatenate(parts) for name, parts in sorted(groups.items()) if sum(map(len, parts))}
        sizes = np.array([len(rows) for rows in joined.values()], np.int64)
        if not len(sizes):
            return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
        given = np.array([(weights or {}).get(name, -1.0) for name in joined])
        rest = sizes / sizes.sum()
        shares = np.where(given >= 0, given, rest) if weights else rest
        shares = shares if shares.sum() > 0 else rest
        return cls(np.concatenate(list(joined.values())), np.cumsum(sizes), shares / shares.sum())

    def __len__(self) -> int:
        return len(self.starts)

    def draw(self, rng: np.random.Generator, count: int) -> Rows:
        """Draw windows: a group by its weight, then one of its windows."""
        groups = rng.choice(len(self.ends), count, p=self.weights)
        begins = np.concatenate([[0], self.ends[:-1]])
        places = begins[groups] + (rng.random(count) * (self.ends - begins)[groups]).astype(np.int64)
        drawn: Rows = self.starts[places]
        return drawn


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Embeddings [n, 96] of many clips end to end, and window starts (rows) by group."""

    embeddings: F32
    positive: Pool  # windows that end shortly after the phrase, by engine
    near: Pool  # confusables, partial phrases, near words, by engine
    general: Pool  # sentences, words, noise, the user's own negatives, and the bank, by source
    early: Pool = field(default_factory=lambda: Pool.of({}))  # as `positive`, but windows that end sooner

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
