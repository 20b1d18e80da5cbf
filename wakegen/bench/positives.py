"""Clips that hold the phrase: heard or missed, when, and by whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wakegen.bench.excerpts import Worst, cut
from wakegen.bench.items import EvalItem, Framed, Scorer, framed
from wakegen.core.errors import BadInput
from wakegen.metrics.detection import Hit, ScoredPhrase, hit_steps, judge
from wakegen.metrics.intervals import Rate, wilson

LEAST_CLIPS = 20  # below this a group is shown but never called the worst

_SKIPPED_GROUPS = ("kind", "text")


@dataclass(frozen=True, slots=True, eq=False)
class PositiveResult:
    """What became of one clip."""

    id: str
    groups: Mapping[str, str]
    phrase: ScoredPhrase  # smoothed scores of the clip as it was streamed
    outcome: Hit
    window_hit: bool  # some single window in the span reached the threshold, before smoothing and debounce
    peak: float  # highest smoothed score in the span
    padded: bool


@dataclass(frozen=True, slots=True)
class GroupRow:
    """Recall of one group."""

    value: str  # "espeak", "male", "esp32_living_room", …
    recall: Rate
    judged: bool  # enough clips to be called the worst


@dataclass(frozen=True, slots=True)
class GroupTable:
    """Recall by one property of the clips."""

    key: str  # "engine", "voice", …
    rows: tuple[GroupRow, ...]  # the lowest recall first
    worst: GroupRow | None  # of the judged ones, when there are two or more to choose from

    def to_json(self) -> dict[str, object]:
        """Give rows with counts and intervals, and the name of the worst."""
        rows = [{"value": r.value, "recall": r.recall.to_json(), "judged": r.judged} for r in self.rows]
        return {"key": self.key, "rows": rows, "worst": self.worst.value if self.worst else None}


def score_positives(
    detector: Scorer, items: Iterable[EvalItem], *, threshold: float, debounce_steps: int, seed: int, worst: Worst
) -> Iterator[PositiveResult]:
    """Stream every clip from a fresh start and judge it; misses go to `worst` with their sound.

    Raises
    ------
    BadInput : an item has no span, or one that is not within its sound.
    """
    for item in items:
        clip = framed(item.load(), _span(item), seed=seed, name=item.id)
        raw, smooth = run_clip(detector, clip.samples)
        phrase = ScoredPhrase(smooth, clip.span_s)
        outcome = judge(phrase, threshold, debounce_steps)
        first, stop = hit_steps(clip.span_s)
        peak = float(np.max(smooth[first:stop], initial=0.0))
        if not outcome.hit:
            _offer_miss(worst, item, clip, smooth, peak=peak, threshold=threshold)
        window_hit = bool(np.any(raw[first:stop] >= np.float32(threshold)))
        yield PositiveResult(item.id, dict(item.groups), phrase, outcome, window_hit, peak, clip.padded)


def run_clip(detector: Scorer, samples: NDArray[np.int16]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give raw and smoothed scores of a clip heard from a fresh start, each of shape (steps,)."""
    detector.reset()
    raw = np.asarray(detector.raw_scores(samples), np.float32)
    return raw, np.asarray(detector.smooth(raw), np.float32)


def group_tables(results: Sequence[PositiveResult]) -> tuple[GroupTable, ...]:
    """Give recall by every property that the clips carry, in the order in which the properties appear."""
    keys = dict.fromkeys(key for result in results for key in result.groups if key not in _SKIPPED_GROUPS)
    return tuple(_table(key, results) for key in keys)


def worst_group(tables: Sequence[GroupTable]) -> tuple[str, GroupRow] | None:
    """Give property and group with the lowest recall of all tables, or None when no group can be judged."""
    found = [(table.key, table.worst) for table in tables if table.worst is not None]
    return min(found, key=lambda pair: _order(pair[1])) if found else None


def _table(key: str, results: Sequence[PositiveResult]) -> GroupTable:
    hits: dict[str, list[bool]] = {}
    for result in results:
        if key in result.groups:
            hits.setdefault(result.groups[key], []).append(result.outcome.hit)
    rows = [GroupRow(name, wilson(sum(found), len(found)), len(found) >= LEAST_CLIPS) for name, found in hits.items()]
    rows.sort(key=_order)
    judged = [row for row in rows if row.judged]
    return GroupTable(key, tuple(rows), judged[0] if len(judged) >= 2 else None)


def _order(row: GroupRow) -> tuple[float, float, str]:
    return (row.recall.value if row.recall.value is not None else 1.0, row.recall.high, row.value)


def _span(item: EvalItem) -> tuple[float, float]:
    if item.span_s is None or not 0 <= item.span_s[0] < item.span_s[1]:
        raise BadInput(
            f"Test clip {item.id} does not say where the phrase is (span {item.span_s}).",
            hint="Give start and end of the phrase in seconds; for a trimmed recording that is 0 and its length.",
        )
    return item.span_s


def _offer_miss(
    worst: Worst, item: EvalItem, clip: Framed, scores: NDArray[np.float32], *, peak: float, threshold: float
) -> None:
    worst.offer(
        -peak,
        lambda: cut(
            clip.samples,
            scores,
            around_s=clip.span_s,
            what="miss",
            name=item.id,
            groups=item.groups,
            threshold=threshold,
            span_s=clip.span_s,
        ),
    )
