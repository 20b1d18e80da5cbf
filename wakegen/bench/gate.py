"""Limits that a detector must meet. What cannot be judged is not met."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from wakegen import profiles
from wakegen.bench.evaluate import Evaluation
from wakegen.bench.latency import Latency
from wakegen.bench.positives import LEAST_CLIPS
from wakegen.core.errors import BadInput
from wakegen.metrics.intervals import PerHour
from wakegen.model import Sidecar

LEAST_HOURS = 0.25  # of a corpus that is judged by itself
_TELLING_EVENTS = 4.0  # so many must be expected at the limit before the bare rate is held against it


@dataclass(frozen=True, slots=True)
class Limits:
    """What was asked for; None asks for nothing."""

    min_recall: float | None = None  # 0 … 1
    max_fa_per_hour: float | None = None  # of all everyday sound, and of each corpus of 15 minutes or more
    max_p99_ms: float | None = None
    max_rss_mb: float | None = None
    max_model_kb: float | None = None  # the device profile's
    max_step_ms: float | None = None  # the device profile's, against the slowest step but one in a hundred
    no_shortcut: bool = True  # no probe may be suspicious
    max_misses: int | None = None  # clips with the phrase that were not heard
    max_false_accepts: int | None = None  # events in everyday sound, however long that is


TITLES = {
    "min_recall": "recall at least",
    "max_fa_per_hour": "false accepts per hour at most",
    "max_p99_ms": "slow step (p99) at most, ms",
    "max_rss_mb": "memory at most, MB",
    "max_model_kb": "model at most, KiB",
    "max_step_ms": "step (p99) against the device's limit, ms",
    "no_shortcut": "suspicious shortcut probes at most",
    "max_misses": "misses at most",
    "max_false_accepts": "false accepts at most",
}


@dataclass(frozen=True, slots=True)
class GateResult:
    """One limit and what was found."""

    name: str
    limit: float
    value: float | None
    ok: bool
    shown: bool  # the whole 95 % interval is on the right side; a figure without one is shown by itself
    text: str

    @property
    def title(self) -> str:
        """What the limit is called, in words."""
        return TITLES[self.name]

    def to_json(self) -> dict[str, object]:
        """Give all fields, and what the limit is called."""
        return {**asdict(self), "title": self.title}


def check(
    limits: Limits, evaluation: Evaluation | None, latency: Latency | None, *, model_bytes: int | None = None
) -> tuple[GateResult, ...]:
    """Compare with every limit that was set, in the order of `Limits`."""
    size = model_bytes if model_bytes is not None else latency.model_bytes if latency else None
    rss = latency.peak_rss_bytes if latency else None
    p99 = latency.step.p99_ms if latency else None
    results = (
        _recall(limits.min_recall, evaluation),
        _false_accepts(limits.max_fa_per_hour, evaluation),
        _below("max_p99_ms", limits.max_p99_ms, p99, "ms for the slowest step of a hundred"),
        _below("max_rss_mb", limits.max_rss_mb, None if rss is None else rss / 1e6, "MB of memory at most"),
        _below("max_model_kb", limits.max_model_kb, None if size is None else size / 1024, "KiB of model"),
        _below("max_step_ms", limits.max_step_ms, p99, "ms for the slowest step of a hundred, on the machine measured"),
        _shortcut(limits.no_shortcut, evaluation),
        _count("max_misses", limits.max_misses, _misses(evaluation)),
        _count("max_false_accepts", limits.max_false_accepts, _accepts(evaluation)),
    )
    return tuple(result for result in results if result is not None)


# MLPerf Tiny 1.3, streaming wake word: 8 misses and 8 false accepts at most, on a recording of its own.
MLPERF_TINY = {"max_misses": 8, "max_false_accepts": 8}


def passed(results: tuple[GateResult, ...]) -> bool:
    """Tell whether every limit is met."""
    return all(result.ok for result in results)


def _recall(limit: float | None, evaluation: Evaluation | None) -> GateResult | None:
    if limit is None:
        return None
    rate = evaluation.recall if evaluation else None
    if rate is None or rate.value is None or rate.total < LEAST_CLIPS:
        clips = rate.total if rate else 0
        return GateResult(
            "min_recall",
            limit,
            rate.value if rate else None,
            False,
            False,
            f"{clips} clips are too few to tell; at least {LEAST_CLIPS} are needed",
        )
    return GateResult("min_recall", limit, rate.value, rate.value >= limit, rate.low >= limit, f"heard {rate.text()}")


def _false_accepts(limit: float | None, evaluation: Evaluation | None) -> GateResult | None:
    if limit is None:
        return None
    if evaluation is None or not evaluation.false_accepts.hours:
        return GateResult("max_fa_per_hour", limit, None, False, False, "no audio without the phrase to tell from")
    rates = {"together": evaluation.false_accepts}
    for row in evaluation.corpora:
        # One event in a few minutes says nothing about an hour.
        if not row.adversarial and row.false_accepts.hours >= LEAST_HOURS:
            rates[row.kind] = row.false_accepts
    missed = {kind for kind, rate in rates.items() if not _within(rate, limit)}
    worst = max(rates, key=lambda kind: (kind in missed, rates[kind].value or 0.0, rates[kind].high))
    shown = all(rate.high <= limit for rate in rates.values())
    text = f"{worst}: {rates[worst].text()}"
    return GateResult("max_fa_per_hour", limit, rates[worst].value or 0.0, not missed, shown, text)


def _within(rate: PerHour, limit: float) -> bool:
    """With less sound than would hold a few events at the limit, only an interval that excludes it is a miss."""
    short = rate.hours * limit < _TELLING_EVENTS
    return (rate.value or 0.0) <= limit or (short and rate.low <= limit)


def _below(name: str, limit: float | None, value: float | None, unit: str) -> GateResult | None:
    if limit is None:
        return None
    if value is None:
        return GateResult(name, limit, None, False, False, "not measured")
    return GateResult(name, limit, value, value <= limit, value <= limit, f"{value:.4g} {unit}")


def _shortcut(wanted: bool, evaluation: Evaluation | None) -> GateResult | None:
    probes = evaluation.probes if evaluation else ()
    if not wanted or not probes:
        return None
    bad = [probe for probe in probes if probe.verdict == "suspicious"]
    unknown = any(probe.verdict == "too few clips" for probe in probes)
    text = "; ".join(f"{probe.name}: {probe.text}" for probe in bad) or "no probe is suspicious"
    return GateResult("no_shortcut", 0, len(bad), not bad, not bad and not unknown, text)


def _count(name: str, limit: int | None, found: tuple[int, str] | None) -> GateResult | None:
    if limit is None:
        return None
    if found is None:
        return GateResult(name, limit, None, False, False, "nothing was heard to tell it from")
    return GateResult(name, limit, found[0], found[0] <= limit, found[0] <= limit, found[1])


def _misses(evaluation: Evaluation | None) -> tuple[int, str] | None:
    if evaluation is None or not evaluation.recall.total:
        return None
    missed = evaluation.recall.total - evaluation.recall.hits
    return missed, f"{missed} of {evaluation.recall.total} were missed"


def _accepts(evaluation: Evaluation | None) -> tuple[int, str] | None:
    if evaluation is None or not evaluation.false_accepts.hours:
        return None
    return evaluation.false_accepts.events, evaluation.false_accepts.text()


def device_limits(device: str | None) -> dict[str, float | None]:
    """Give the limits of a device profile that a model can be held against."""
    if device is None:
        return {}
    limits = profiles.load(device).limits
    return {"max_model_kb": limits.max_model_kb, "max_step_ms": limits.max_step_ms}


def sidecar_gates(model: Path, *, min_recall: float | None, max_fa_per_hour: float | None) -> tuple[GateResult, ...]:
    """Hold a detector's own evaluation against limits.

    Raises
    ------
    BadInput : a limit was given, and the sidecar holds no evaluation.
    """
    wanted = (
        ("min_recall", "recall", "rate", min_recall),
        ("max_fa_per_hour", "false_accepts", "per_hour", max_fa_per_hour),
    )
    found = []
    for name, figure, key, limit in wanted:
        if limit is None:
            continue
        known = Sidecar.load(model).evaluated_on.get(figure)
        if not known or known.get(key) is None:
            raise BadInput(
                f"{model.with_suffix('.json')} holds no {figure}.", hint="Run `wakegen test` on its project."
            )
        value = float(known[key])
        fine = value >= limit if name == "min_recall" else value <= limit
        text = known.get("text") or f"{known['hits']} of {known['total']}"
        found.append(GateResult(name, limit, value, fine, fine, f"{text} (as evaluated when it was made)"))
    return tuple(found)
