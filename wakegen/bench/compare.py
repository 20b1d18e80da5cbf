"""Two sessions side by side, and whether chance alone would make such a difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

SURE = 0.05  # a difference that chance makes more rarely than this is one


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of two sessions."""

    name: str
    first: float | None
    second: float | None
    p: float | None  # how often chance alone makes a difference as large; None where there is nothing to tell it from
    test: str

    @property
    def verdict(self) -> str:
        """Say what to think of it."""
        if self.first is None or self.second is None:
            return "not measured in both"
        if self.p is None:
            return "no test: single figures"
        return f"differs (p {self.p:.2g})" if self.p < SURE else f"may be chance (p {self.p:.2g})"

    def to_json(self) -> dict[str, Any]:
        """Give all fields, and the verdict."""
        return {**asdict(self), "verdict": self.verdict}


def compare(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Compare two sessions' results.

    Recall by Fisher's exact test, false accepts per hour by the conditional binomial test of two Poisson rates
    (Przyborowski and Wilenski, 1940), the mean step by Welch's t test.
    """
    return (
        *(_times(name, first, second) for name in ("p50_ms", "p99_ms", "max_ms")),
        _mean(first, second),
        _recall(first, second),
        _rate(first, second),
        _single("peak memory, bytes", first, second, lambda one: one["latency"]["peak_rss_bytes"]),
        _single("model, bytes", first, second, lambda one: one["latency"]["model_bytes"]),
    )


def _times(name: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> Difference:
    title = f"step, {name.removesuffix('_ms')}, ms"
    return _single(title, first, second, lambda one: one["latency"]["step"][name])


def _single(name: str, first: Mapping[str, Any], second: Mapping[str, Any], read: Any) -> Difference:
    return Difference(name, read(first), read(second), None, "")


def _mean(first: Mapping[str, Any], second: Mapping[str, Any]) -> Difference:
    from scipy.stats import ttest_ind_from_stats

    a, b = (one["latency"]["step"] for one in (first, second))
    found = ttest_ind_from_stats(a["mean_ms"], a["sd_ms"], a["n"], b["mean_ms"], b["sd_ms"], b["n"], equal_var=False)
    p = float(found.pvalue)
    return Difference("step, mean, ms", a["mean_ms"], b["mean_ms"], p if p == p else None, "Welch's t")


def _recall(first: Mapping[str, Any], second: Mapping[str, Any]) -> Difference:
    from scipy.stats import fisher_exact

    one, other = (_part(found, "recall") for found in (first, second))
    p = None
    if one.get("total") and other.get("total"):
        p = float(fisher_exact([[rate["hits"], rate["total"] - rate["hits"]] for rate in (one, other)])[1])
    return Difference("recall", one.get("rate"), other.get("rate"), p, "Fisher's exact")


def _rate(first: Mapping[str, Any], second: Mapping[str, Any]) -> Difference:
    from scipy.stats import binomtest

    one, other = (_part(found, "false_accepts") for found in (first, second))
    p = None
    if one.get("hours") and other.get("hours"):
        events = one["events"] + other["events"]
        share = one["hours"] / (one["hours"] + other["hours"])
        p = float(binomtest(one["events"], events, share).pvalue) if events else 1.0
    return Difference("false accepts per hour", one.get("per_hour"), other.get("per_hour"), p, "conditional binomial")


def _part(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part: Mapping[str, Any] = (found.get("evaluation") or {}).get(name, {})
    return part
