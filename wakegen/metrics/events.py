"""What an event is. Runtime, firmware and metrics all follow this one definition.

An event fires at the first step whose score reaches the threshold; then nothing fires for `debounce_steps`: the
next event is at least that many steps later (25 steps = 2.0 s). A score that stays high fires again each time.

Two facts make counting cheap. Firing at the earliest step each time gives the largest possible set of steps above
the threshold that lie `debounce_steps` apart, so the count can only fall when the threshold rises, and thresholds
for a wanted count are found by bisection. And streams that do not follow each other in time can be counted as one
when `debounce_steps` of silence lie between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

STEP_S = 0.08  # 1,280 samples at 16 kHz
DEBOUNCE_STEPS = 25  # 2.0 s

_TAIL_EVENTS = 128  # the rarest events decide how the count falls with the threshold
_TAIL_LEAST = 5  # fewer show no slope
_TAIL_SPREAD = 0.1  # logits; flatter than this is no tail


class EventGate:
    """The definition above, one step at a time: what a running detector holds."""

    def __init__(self, *, threshold: float, debounce_steps: int = DEBOUNCE_STEPS) -> None:
        self._threshold = np.float32(threshold)
        self._debounce_steps = max(1, debounce_steps)
        self.reset()

    def reset(self) -> None:
        """Forget the last event."""
        self._wait = 0

    def step(self, score: float) -> bool:
        """Tell whether an event fires at this step."""
        if self._wait:
            self._wait -= 1
            return False
        if np.float32(score) < self._threshold or np.isnan(score):
            return False
        self._wait = self._debounce_steps - 1
        return True


def events(scores: ArrayLike, threshold: float, debounce_steps: int = DEBOUNCE_STEPS) -> NDArray[np.intp]:
    """Give the steps at which an event fires.

    Parameters
    ----------
    scores : shape (steps,), any real numbers; NaN never fires. Compared as float32, as a detector gives them.
    """
    above = np.flatnonzero(np.asarray(scores, np.float32) >= np.float32(threshold))
    gap = max(1, debounce_steps)
    fired: list[int] = []
    place = 0
    while place < above.size:
        fired.append(int(above[place]))
        place = int(np.searchsorted(above, fired[-1] + gap))
    return np.asarray(fired, dtype=np.intp)


def joined(scores_list: Sequence[NDArray[np.float32]], debounce_steps: int = DEBOUNCE_STEPS) -> NDArray[np.float32]:
    """Lay separate streams end to end, so far apart that counting in one is counting in all."""
    gap = np.full(max(1, debounce_steps), -np.inf, np.float32)
    parts = [part for scores in scores_list for part in (np.asarray(scores, np.float32), gap)]
    return np.concatenate(parts[:-1]) if parts else np.zeros(0, np.float32)


def event_count_curve(
    scores: ArrayLike, debounce_steps: int = DEBOUNCE_STEPS, *, max_events: int = 2000
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Give the merged-event count as a function of the threshold.

    Returns
    -------
    thresholds : float32, shape (n,), falling. thresholds[i] is the highest one with at least a wanted count: all of
        1 … 20, then steps of about 12 % up to `max_events` or what the stream holds.
    counts : shape (n,), rising; exact at their thresholds. Between two neighbours the count lies between theirs.
    """
    levels = _levels(np.asarray(scores, np.float32))
    thresholds: list[float] = []
    counts: list[int] = []
    finder = _Finder(levels, np.asarray(scores, np.float32), debounce_steps)
    for wanted in _wanted_counts(max_events):
        if counts and wanted <= counts[-1]:
            continue
        level = finder.highest_with(wanted)
        if level is None:
            break
        thresholds.append(level)
        counts.append(finder.count(level))
    return np.asarray(thresholds, np.float32), np.asarray(counts, np.intp)


@dataclass(frozen=True, slots=True)
class ThresholdChoice:
    """A threshold for a wanted false-accept rate, and what it rests on."""

    threshold: float
    fa_per_hour: float  # the rate asked for
    allowed: int  # floor(rate × hours)
    events: int  # fired at the threshold
    hours: float
    estimated: bool  # extrapolated from the tail of the scores, not counted
    resolved: bool  # the audio is long enough that no event at all would show the rate (3.0 / hours ≤ rate)


def threshold_for(
    scores_list: Sequence[NDArray[np.float32]],
    hours: float,
    fa_per_hour: float,
    debounce_steps: int = DEBOUNCE_STEPS,
) -> ThresholdChoice:
    """Give the lowest threshold with at most floor(`fa_per_hour` × `hours`) events over all streams.

    It lies halfway between the highest score that would add an event and the next score above, so that no rounding
    tips it; with no score above, just above the highest. Without any score it is 0.5, and not resolved.
    """
    scores, allowed = joined(scores_list, debounce_steps), int(np.floor(fa_per_hour * hours + 1e-9))
    finder = _Finder(_levels(scores), scores, debounce_steps)
    threshold = finder.lowest_with_at_most(allowed)
    return ThresholdChoice(
        threshold, fa_per_hour, allowed, finder.count(threshold), hours, False, resolved=fa_per_hour * hours >= 3.0
    )


def smoothed_threshold_for(
    scores_list: Sequence[NDArray[np.float32]],
    hours: float,
    fa_per_hour: float,
    debounce_steps: int = DEBOUNCE_STEPS,
) -> ThresholdChoice:
    """Estimate the threshold for a rate that so few hours cannot show by counting.

    The logarithm of the number of events falls ever more steeply with the threshold's logit, about as a parabola:
    one is fitted to the 128 rarest events (weighted by their number, as Poisson counts ask) and followed to
    `fa_per_hour` × `hours`. Marked `estimated`. Where the rate is resolved, or the streams hold fewer than 5 events,
    the counted threshold is returned instead.
    """
    counted = threshold_for(scores_list, hours, fa_per_hour, debounce_steps)
    scores = joined(scores_list, debounce_steps)
    thresholds, counts = event_count_curve(scores, debounce_steps, max_events=_TAIL_EVENTS)
    if counted.resolved or len(counts) < _TAIL_LEAST or fa_per_hour * hours <= 0:
        return counted
    place = _extrapolated(_logit(thresholds).astype(np.float64), counts, fa_per_hour * hours)
    if place is None:
        return counted
    threshold = float(np.float32(1.0 / (1.0 + np.exp(-float(np.clip(place, -16.0, 16.0))))))
    fired = len(events(scores, threshold, debounce_steps))
    return ThresholdChoice(threshold, fa_per_hour, counted.allowed, fired, hours, True, counted.resolved)


def _extrapolated(levels: NDArray[np.float64], counts: NDArray[np.intp], wanted: float) -> float | None:
    """Give the logit at which `wanted` events (fewer than were seen, perhaps a fraction) are expected, or None.

    Parameters
    ----------
    levels : logits, shape (n,), falling
    counts : events at each, rising
    """
    if np.ptp(levels) < _TAIL_SPREAD:
        return None
    # The k-th rarest lies, on average, where k − ½ are expected.
    x, y, weights = levels - levels[0], np.log(counts - 0.5), np.sqrt(counts)
    bend, slope, offset = np.polyfit(x, y, 2, w=weights)
    if bend >= 0 or slope >= 0:  # no parabola that falls: a straight line then
        bend, (slope, offset) = 0.0, np.polyfit(x, y, 1, w=weights)
    if slope > -1e-3:
        return None
    fall = offset - np.log(wanted)  # how far the curve must still fall from the rarest event on
    # The root of bend · s² + slope · s + fall nearest to 0, in the form that stays exact for a small bend.
    return float(levels[0] + 2 * fall / (-slope + np.sqrt(max(slope**2 - 4 * bend * fall, 0.0))))


class _Finder:
    """Bisection over the scores that occur."""

    def __init__(self, levels: NDArray[np.float32], scores: NDArray[np.float32], debounce_steps: int) -> None:
        self._levels, self._scores, self._debounce_steps = levels, scores, debounce_steps
        self._known: dict[float, int] = {}

    def count(self, threshold: float) -> int:
        if threshold not in self._known:
            self._known[threshold] = len(events(self._scores, threshold, self._debounce_steps))
        return self._known[threshold]

    def highest_with(self, wanted: int) -> float | None:
        """Give the highest score at which at least `wanted` events fire, or None."""
        place = self._place(wanted)
        return float(self._levels[place]) if place >= 0 else None

    def lowest_with_at_most(self, allowed: int) -> float:
        """Give a threshold just above the highest score at which more than `allowed` events fire."""
        if not self._levels.size:
            return 0.5
        place = self._place(allowed + 1)
        if place < 0:
            return float(self._levels[0])
        below = self._levels[place]
        if place + 1 == self._levels.size:
            return float(np.nextafter(below, np.float32(np.inf)))
        above = self._levels[place + 1]
        middle = np.float32((float(below) + float(above)) / 2)
        return float(middle if middle > below else above)

    def _place(self, wanted: int) -> int:
        """Give the last place in the rising levels where at least `wanted` events fire, or −1."""
        if wanted <= 0:
            return int(self._levels.size) - 1
        # Rare events live among the highest scores: gallop down from there, then bisect.
        high, width = int(self._levels.size), max(1, wanted)
        low = high - width
        while low >= 0 and self.count(float(self._levels[low])) < wanted:
            high, width = low, 2 * width
            low = high - width
        if low < 0:
            if not self._levels.size or self.count(float(self._levels[0])) < wanted:
                return -1
            low = 0
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.count(float(self._levels[middle])) >= wanted else (low, middle)
        return low


def _levels(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.unique(scores[np.isfinite(scores)])


def _wanted_counts(limit: int) -> list[int]:
    wanted, value = list(range(1, min(20, limit) + 1)), 20.0
    while (value := value * 1.12) <= limit:
        wanted.append(round(value))
    return wanted


def _logit(p: NDArray[np.float32]) -> NDArray[np.float64]:
    inside = np.clip(p.astype(np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(np.log(inside / (1 - inside)))
