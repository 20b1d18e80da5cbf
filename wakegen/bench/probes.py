"""Shortcut probes: a detector that learned the voices instead of the phrase is found out here.

Two questions. Does it hear the phrase in engines and voices it was never trained on? And does it stay silent when
the voices it was trained on say something else? Equal validation figures hide both failures.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from wakegen.bench.excerpts import Worst
from wakegen.bench.items import RATE_HZ, EvalItem, Scorer, framed
from wakegen.bench.positives import LEAST_CLIPS, score_positives
from wakegen.bench.streams import score_clip
from wakegen.metrics.events import events
from wakegen.metrics.intervals import Rate, wilson

_DROP = 0.15  # unseen voices may cost this much recall
_TALK = 0.05  # of the sentences in training voices may fire


@dataclass(frozen=True, slots=True)
class Probe:
    """A set of items with one expectation."""

    name: str  # "unseen voices", "training voices, other words"
    expect: str  # "fire" or "silence"
    items: Iterable[EvalItem]
    reference: Iterable[EvalItem] = ()  # the phrase in voices of training, to compare with; else the main test


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a probe showed."""

    name: str
    expect: str
    fired: Rate
    verdict: str  # "fine", "suspicious" or "too few clips"
    text: str

    def to_json(self) -> dict[str, object]:
        """Give counts, interval, verdict and the rule it follows."""
        return {
            "name": self.name,
            "expect": self.expect,
            "fired": self.fired.to_json(),
            "verdict": self.verdict,
            "text": self.text,
        }


def run_probe(
    detector: Scorer, probe: Probe, *, threshold: float, debounce_steps: int, seed: int, recall: Rate
) -> ProbeResult:
    """Score the items of a probe and judge them against the recall of the main test."""
    if probe.expect == "fire":
        heard = partial(_heard, detector, threshold=threshold, debounce_steps=debounce_steps, seed=seed)
        known = heard(probe.reference)
        return _judge_fire(probe.name, heard(probe.items), known if known.total else recall, trained=bool(known.total))
    clips = [_fires(detector, item, threshold, debounce_steps, seed) for item in probe.items]
    return _judge_silence(probe.name, wilson(sum(clips), len(clips)))


def _heard(detector: Scorer, items: Iterable[EvalItem], *, threshold: float, debounce_steps: int, seed: int) -> Rate:
    results = list(
        score_positives(detector, items, threshold=threshold, debounce_steps=debounce_steps, seed=seed, worst=Worst(0))
    )
    return wilson(sum(r.outcome.hit for r in results), len(results))


def _fires(detector: Scorer, item: EvalItem, threshold: float, debounce_steps: int, seed: int) -> bool:
    samples = item.load()
    clip = framed(samples, (0.0, max(samples.size, 1) / RATE_HZ), seed=seed, name=item.id)
    return bool(events(score_clip(detector, clip.samples), threshold, debounce_steps).size)


def _judge_fire(name: str, fired: Rate, recall: Rate, *, trained: bool = False) -> ProbeResult:
    if fired.total < LEAST_CLIPS or recall.value is None:
        return ProbeResult(name, "fire", fired, "too few clips", f"Fewer than {LEAST_CLIPS} clips: no verdict.")
    floor = recall.value - _DROP
    told = "in voices of training" if trained else "in the main test"
    bad = fired.high < floor
    text = (
        f"Heard clearly less often than {told} ({100 * recall.value:.0f} %): it may have learned voices, not the phrase."
        if bad
        else f"Expected: not below {100 * max(0.0, floor):.0f} % (what it hears {told}, less {100 * _DROP:.0f} points)."
    )
    return ProbeResult(name, "fire", fired, "suspicious" if bad else "fine", text)


def _judge_silence(name: str, fired: Rate) -> ProbeResult:
    if fired.total < LEAST_CLIPS:
        return ProbeResult(name, "silence", fired, "too few clips", f"Fewer than {LEAST_CLIPS} clips: no verdict.")
    bad = fired.low > _TALK
    text = (
        "Fires at other words in the voices it was trained on: it may have learned voices, not the phrase."
        if bad
        else f"Expected: no more than {100 * _TALK:.0f} % of the clips."
    )
    return ProbeResult(name, "silence", fired, "suspicious" if bad else "fine", text)
