"""Chooses the threshold on held-out streams: what logit gives the wanted false accepts per hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from wakegen.features.embed import FIRST_SCORE_STEP, windows
from wakegen.metrics.detection import OPERATING_POINTS
from wakegen.metrics.events import STEP_S, smoothed_threshold_for
from wakegen.metrics.intervals import wilson

F32 = NDArray[np.float32]
Stream = tuple[F32, int]  # embeddings [k, 96] and whole steps of sound
Phrase = tuple[F32, int, tuple[float, float]]  # the same, and where the phrase lies (s)

_HIT_TAIL_S = 1.0


class Scoring(Protocol):
    """What is calibrated: a `Head`, or one in integers."""

    def logit(self, windows: F32) -> F32:
        """Score windows [n, 16, 96] → logits [n]."""
        ...


@dataclass(frozen=True, slots=True)
class Point:
    """A threshold for one rate of false accepts."""

    name: str
    fa_per_hour: float
    logit: float
    events: int
    recall: float | None
    estimated: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """The default threshold, other operating points, and what they rest on."""

    logit: float  # the default: its score becomes 0.5
    hours: float
    n_positive: int
    target_fa_per_hour: float
    points: tuple[Point, ...]
    events: int = 0  # in the held-out streams, at the default threshold

    @property
    def text(self) -> str:
        """One line for people."""
        return (
            f"threshold for {self.target_fa_per_hour:g} false accepts/h set on {self.hours:.1f} h of held-out streams"
        )

    def to_json(self) -> dict[str, Any]:
        """Give plain JSON values; thresholds are scores after the shift by `logit`."""
        return {
            "logit": self.logit,
            "hours": round(self.hours, 3),
            "n_positive": self.n_positive,
            "target_fa_per_hour": self.target_fa_per_hour,
            "points": [
                {
                    "name": point.name,
                    "fa_per_hour": point.fa_per_hour,
                    "threshold": float(score_of(point.logit - self.logit)),
                    "events": point.events,
                    "recall": point.recall,
                    "estimated": point.estimated,
                }
                for point in self.points
            ],
        }


def calibrate(
    head: Scoring,
    streams: Mapping[str, Sequence[Stream]],
    phrases: Sequence[Phrase],
    *,
    smoothing: int,
    target_fa_per_hour: float,
) -> Calibration:
    """Set the threshold so that the streams together fire `target_fa_per_hour` times an hour."""
    logits = [smooth_logits(head, rows, steps, smoothing) for kind in streams for rows, steps in streams[kind]]
    hours = sum(steps for kind in streams for _, steps in streams[kind]) * STEP_S / 3600
    scores = [score_of(values) for values in logits]
    best = [best_logit(head, phrase, smoothing) for phrase in phrases]
    wanted = {**OPERATING_POINTS, "default": target_fa_per_hour}
    points = tuple(_point(name, rate, scores, hours, best) for name, rate in wanted.items())
    return Calibration(points[-1].logit, hours, len(best), target_fa_per_hour, points[:-1], points[-1].events)


def smooth_logits(head: Scoring, rows: F32, steps: int, smoothing: int) -> F32:
    """Give the running mean of the logit for each step, shape (steps,); −16 until the first full window."""
    result = np.full(steps, -16.0, np.float32)
    seen = windows(rows)
    if not len(seen):
        return result
    parts = [head.logit(np.ascontiguousarray(seen[at : at + 2048])) for at in range(0, len(seen), 2048)]
    raw = np.clip(np.concatenate(parts), -16, 16).astype(np.float64)
    sums = np.concatenate([[0.0], np.cumsum(raw)])
    ends = np.arange(1, len(raw) + 1)
    begins = np.maximum(ends - smoothing, 0)
    result[FIRST_SCORE_STEP:] = (sums[ends] - sums[begins]) / (ends - begins)
    return result


def _point(name: str, rate: float, scores: Sequence[F32], hours: float, best: Sequence[float]) -> Point:
    choice = smoothed_threshold_for(scores, hours, rate)
    logit = float(np.log(choice.threshold) - np.log1p(-choice.threshold)) if 0 < choice.threshold < 1 else 0.0
    heard = wilson(sum(value >= logit for value in best), len(best))
    return Point(name, rate, logit, choice.events, heard.value, choice.estimated)


def best_logit(head: Scoring, phrase: Phrase, smoothing: int) -> float:
    """Give the highest smoothed logit from the phrase's start to 1 s after its end."""
    rows, steps, span_s = phrase
    return peak(smooth_logits(head, rows, steps, smoothing), span_s)


def peak(logits: F32, span_s: tuple[float, float]) -> float:
    """Give the highest of a stream's logits where they count for the phrase at `span_s`."""
    first, last = int(span_s[0] / STEP_S), int((span_s[1] + _HIT_TAIL_S) / STEP_S)
    return float(logits[first:last].max(initial=-16.0))


def score_of(logit: Any) -> Any:
    """Give the score of a logit, 0 … 1, float32."""
    return (1 / (1 + np.exp(-np.asarray(logit, np.float64)))).astype(np.float32)
