"""Hits, fire times and the trade between misses and false accepts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wakegen.metrics.events import DEBOUNCE_STEPS, STEP_S, event_count_curve, events, joined
from wakegen.metrics.intervals import PerHour, Rate, per_hour, wilson

HIT_TAIL_S = 1.0  # a hit is an event from the phrase's start to 1 s after its end (MLPerf Tiny's streaming rule)
OPERATING_POINTS: Mapping[str, float] = {"strict": 0.1, "balanced": 0.5, "relaxed": 2.0}  # false accepts per hour
_LEAST_RECALL = 0.5  # a point that misses more than it hears is none


@dataclass(frozen=True, slots=True, eq=False)
class ScoredPhrase:
    """The scores of one positive clip and where in it the phrase is."""

    scores: NDArray[np.float32]  # shape (steps,); step k ends at 0.08 (k + 1) s
    span_s: tuple[float, float]  # start and end of the phrase


@dataclass(frozen=True, slots=True)
class Hit:
    """What became of one phrase."""

    hit: bool
    fire_ms: float | None  # time of the event minus the phrase's end; None when missed
    early: int  # events before the phrase began


def hit_steps(span_s: tuple[float, float]) -> tuple[int, int]:
    """Give the first step and the one after the last whose end lies from the phrase's start to 1 s after its end."""
    start, end = span_s
    first = int(np.ceil(start / STEP_S - 1e-6)) - 1
    return max(0, first), int(np.floor((end + HIT_TAIL_S) / STEP_S + 1e-6))


def judge(phrase: ScoredPhrase, threshold: float, debounce_steps: int = DEBOUNCE_STEPS) -> Hit:
    """Apply the hit rule to the events of one clip; an early event silences the detector as it does in use."""
    first, stop = hit_steps(phrase.span_s)
    fired = events(phrase.scores, threshold, debounce_steps)
    inside = fired[(fired >= first) & (fired < stop)]
    early = int(np.sum(fired < first))
    if not inside.size:
        return Hit(False, None, early)
    return Hit(True, 1000 * (STEP_S * (int(inside[0]) + 1) - phrase.span_s[1]), early)


@dataclass(frozen=True, slots=True, eq=False)
class DetCurve:
    """Misses against false accepts per hour, over thresholds from high to low."""

    thresholds: NDArray[np.float32]  # shape (n,), falling
    misses: NDArray[np.float64]  # false-reject rate, 0 … 1; NaN without positives
    fa_per_hour: NDArray[np.float64]
    positives: int
    hours: float

    def to_json(self) -> dict[str, object]:
        """Give the arrays as lists, rounded to what a plot can show."""
        return {
            "thresholds": [round(float(v), 5) for v in self.thresholds],
            "miss_rate": [None if np.isnan(v) else round(float(v), 5) for v in self.misses],
            "fa_per_hour": [round(float(v), 5) for v in self.fa_per_hour],
            "positives": self.positives,
            "hours": self.hours,
        }


def det_curve(
    phrases: Sequence[ScoredPhrase],
    streams: Sequence[NDArray[np.float32]],
    hours: float,
    debounce_steps: int = DEBOUNCE_STEPS,
) -> DetCurve:
    """Give the curve at every threshold where the number of false accepts changes (thinned), plus "none at all"."""
    if hours <= 0:
        nothing = np.zeros(0)
        return DetCurve(np.zeros(0, np.float32), nothing, nothing, len(phrases), 0.0)
    thresholds, counts = event_count_curve(joined(streams, debounce_steps), debounce_steps)
    if thresholds.size:
        silent = np.nextafter(thresholds[0], np.float32(np.inf), dtype=np.float32)
        thresholds, counts = np.append(silent, thresholds), np.append(0, counts)
    found = recall_at(phrases, thresholds, debounce_steps)
    misses = 1 - found / len(phrases) if phrases else np.full(len(thresholds), np.nan)
    return DetCurve(thresholds, misses, counts / hours, len(phrases), hours)


def recall_at(
    phrases: Sequence[ScoredPhrase], thresholds: ArrayLike, debounce_steps: int = DEBOUNCE_STEPS
) -> NDArray[np.intp]:
    """Give the number of hits at each threshold, shape (n,).

    Only where something before the phrase reaches the threshold can the debounce matter, so the full rule is
    applied there and the peak decides elsewhere: the same numbers as `judge`, a hundred times faster.
    """
    wanted = np.asarray(thresholds, np.float32)
    found = np.zeros(wanted.shape, np.intp)
    for phrase in phrases:
        first, stop = hit_steps(phrase.span_s)
        peak = np.max(phrase.scores[first:stop], initial=-np.inf)
        before = np.max(phrase.scores[:first], initial=-np.inf)
        found += wanted <= peak
        for place in np.flatnonzero((wanted <= peak) & (wanted <= before)):
            found[place] -= not judge(phrase, float(wanted[place]), debounce_steps).hit
    return found


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A named place on the curve."""

    name: str  # "strict", "balanced", "relaxed"
    fa_per_hour: float  # the rate asked for
    threshold: float
    recall: Rate
    false_accepts: PerHour
    resolved: bool  # the hours are enough to show the rate asked for
    usable: bool  # it hears at least half
    estimated: bool  # the threshold was extrapolated
    text: str

    def to_json(self) -> dict[str, object]:
        """Give counts, denominators, intervals and the sentence."""
        return {
            "name": self.name,
            "target_fa_per_hour": self.fa_per_hour,
            "threshold": self.threshold,
            "recall": self.recall.to_json(),
            "false_accepts": self.false_accepts.to_json(),
            "resolved": self.resolved,
            "usable": self.usable,
            "estimated": self.estimated,
            "text": self.text,
        }


def operating_point(
    name: str,
    *,
    fa_per_hour: float,
    threshold: float,
    estimated: bool,
    phrases: Sequence[ScoredPhrase],
    streams: Sequence[NDArray[np.float32]],
    hours: float,
    debounce_steps: int = DEBOUNCE_STEPS,
) -> OperatingPoint:
    """Measure recall and false accepts at a threshold, and say whether the hours can show the rate asked for."""
    recall = wilson(int(recall_at(phrases, [threshold], debounce_steps)[0]), len(phrases))
    accepts = per_hour(len(events(joined(streams, debounce_steps), threshold, debounce_steps)) if hours else 0, hours)
    resolved = fa_per_hour * hours >= 3.0
    usable = recall.value is not None and recall.value >= _LEAST_RECALL
    text = _point_text(fa_per_hour, hours, recall, resolved=resolved, usable=usable)
    return OperatingPoint(name, fa_per_hour, threshold, recall, accepts, resolved, usable, estimated, text)


def percentiles(values: Sequence[float], wanted: Sequence[int] = (5, 50, 90, 95)) -> dict[str, float | int | None]:
    """Give n, mean and the percentiles as p5, p50 …; None where there is nothing."""
    if not len(values):
        return {"n": 0, "mean": None, **{f"p{p}": None for p in wanted}}
    points = np.percentile(values, list(wanted))
    return {
        "n": len(values),
        "mean": float(np.mean(values)),
        **{f"p{p}": float(v) for p, v in zip(wanted, points, strict=True)},
    }


def _point_text(target: float, hours: float, recall: Rate, *, resolved: bool, usable: bool) -> str:
    if recall.total == 0:
        return "No positive clips: recall is not known."
    if not usable:
        return f"No usable point: at {target:g} false accepts per hour it hears {recall.text()}."
    if hours <= 0:
        return f"{target:g} per hour cannot be told: there is no audio without the phrase."
    if not resolved:
        least = per_hour(0, hours)
        return f"{target:g} per hour cannot be told from so little audio: {least.text()} is the best it can show."
    return f"Hears {recall.text()}."
