"""Counts never travel alone: every rate carries its denominator and a 95 % interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wakegen.core.seeds import stream

_Z = 1.959963984540054  # the normal deviate of a two-sided 95 % interval
_ZERO = -math.log(0.05)  # 2.996: with no event seen, 95 % sure the mean is below it


@dataclass(frozen=True, slots=True)
class Rate:
    """So many hits of so many trials, with a 95 % interval of the proportion."""

    hits: int
    total: int
    low: float  # 0 … 1
    high: float

    @property
    def value(self) -> float | None:
        """The proportion, or None when nothing was tried."""
        return self.hits / self.total if self.total else None

    def text(self) -> str:
        """Say it in words: "290 of 310 (93.5 %, 95 % interval 90.2–95.8 %)"."""
        if not self.total:
            return "no clips to tell from"
        return (
            f"{self.hits} of {self.total} ({100 * self.hits / self.total:.1f} %, "
            f"95 % interval {100 * self.low:.1f}–{100 * self.high:.1f} %)"
        )

    def to_json(self) -> dict[str, object]:
        """Give counts, denominator, rate and interval."""
        return {"hits": self.hits, "total": self.total, "rate": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class PerHour:
    """So many events in so many hours of continuous audio, with a 95 % interval of the rate per hour."""

    events: int
    hours: float
    low: float  # events per hour
    high: float  # infinite when there is no audio

    @property
    def value(self) -> float | None:
        """Events per hour, or None without audio."""
        return self.events / self.hours if self.hours > 0 else None

    def text(self) -> str:
        """Say it in words: "0 in 1.2 h, at most 2.5 per hour" or "3 in 2.0 h, 1.5 per hour (0.31–4.4)"."""
        if self.hours <= 0:
            return "no audio to tell from"
        seen = f"{self.events} in {_hours(self.hours)}"
        if self.events == 0:
            return f"{seen}, at most {figure(self.high)} per hour"
        return f"{seen}, {figure(self.events / self.hours)} per hour ({figure(self.low)}–{figure(self.high)})"

    def to_json(self) -> dict[str, object]:
        """Give events, hours, rate and interval; an infinite bound is null."""
        high = self.high if math.isfinite(self.high) else None
        return {
            "events": self.events,
            "hours": self.hours,
            "per_hour": self.value,
            "low": self.low,
            "high": high,
            "text": self.text(),
        }


def wilson(hits: int, total: int) -> Rate:
    """Give the rate with Wilson's 95 % score interval; with nothing tried it is 0 … 1.

    Raises
    ------
    ValueError : hits are not within 0 … total.

    Source: E. B. Wilson, JASA 22 (1927) 209. It stays within 0 … 1 and is honest near both ends.
    """
    if not 0 <= hits <= total:
        raise ValueError(f"{hits} hits of {total} trials")
    if total == 0:
        return Rate(0, 0, 0.0, 1.0)
    share, square = hits / total, _Z * _Z
    centre = (share + square / (2 * total)) / (1 + square / total)
    half = _Z / (1 + square / total) * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    low = 0.0 if hits == 0 else max(0.0, centre - half)
    high = 1.0 if hits == total else min(1.0, centre + half)
    return Rate(hits, total, low, high)


def per_hour(events: int, hours: float) -> PerHour:
    """Give the rate per hour with the exact Poisson 95 % interval.

    No event: one-sided, at most −ln(0.05)/hours = 3.0/hours (the lower end is known, so nothing is spent on it).
    Otherwise two-sided. Mixing the two costs a little where three events are expected: there the interval holds the
    truth 93.8 times of 100, everywhere else at least 95. Without audio the bound is infinite.

    Raises
    ------
    ValueError : negative counts or hours.

    Source: F. Garwood, Biometrika 28 (1936) 437; χ² quantiles by the inverse of the incomplete gamma function.
    """
    if events < 0 or hours < 0 or (events and hours == 0):
        raise ValueError(f"{events} events in {hours} h")
    if hours == 0:
        return PerHour(0, 0.0, 0.0, math.inf)
    if events == 0:
        return PerHour(0, hours, 0.0, _ZERO / hours)
    from scipy.special import gammaincinv

    low, high = float(gammaincinv(events, 0.025)), float(gammaincinv(events + 1, 0.975))
    return PerHour(events, hours, low / hours, high / hours)


def cluster_bootstrap(hits: Sequence[int], totals: Sequence[int], *, seed: int, draws: int = 2000) -> Rate:
    """Give the pooled rate with an interval that knows clips of one speaker are not independent.

    Parameters
    ----------
    hits, totals : one number per cluster (speaker), same length.
    draws : resamples of whole clusters with replacement; the same seed gives the same interval.

    Returns
    -------
    Rate : percentile interval, widened to Wilson's where it is narrower (it collapses when every cluster is perfect).
    """
    pooled = wilson(sum(hits), sum(totals))
    if len(totals) < 2 or pooled.total == 0:
        return pooled
    rng = stream(seed, "cluster bootstrap")
    chosen = rng.integers(0, len(totals), size=(draws, len(totals)))
    sampled_totals = np.asarray(totals)[chosen].sum(axis=1)
    filled = sampled_totals > 0
    rates = np.asarray(hits)[chosen].sum(axis=1)[filled] / sampled_totals[filled]
    low, high = np.percentile(rates, [2.5, 97.5])
    return Rate(pooled.hits, pooled.total, min(float(low), pooled.low), max(float(high), pooled.high))


def figure(value: float) -> str:
    """Write a number with two significant figures, three digits and more as an integer: 0.31, 2.5, 120."""
    if value == 0:
        return "0"
    if value >= 9.95:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 0.995 else f"{value:.2g}"


def _hours(hours: float) -> str:
    return f"{hours:.1f} h" if hours >= 0.95 else f"{60 * hours:.1f} min"
