"""Measure a detector on clips with the phrase and on hours without it, all of it streamed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wakegen.bench.excerpts import Excerpt, Worst
from wakegen.bench.items import EvalItem, Scorer
from wakegen.bench.positives import (
    LEAST_CLIPS,
    GroupRow,
    GroupTable,
    PositiveResult,
    group_tables,
    score_positives,
    worst_group,
)
from wakegen.bench.probes import Probe, ProbeResult, run_probe
from wakegen.bench.streams import (
    ConfusableResult,
    Corpus,
    CorpusResult,
    confusable_results,
    corpus_results,
    score_negatives,
)
from wakegen.core.events import OnEvent, Progress, StageDone, StageStarted, ignore
from wakegen.metrics.detection import (
    OPERATING_POINTS,
    DetCurve,
    OperatingPoint,
    det_curve,
    operating_point,
    percentiles,
)
from wakegen.metrics.events import DEBOUNCE_STEPS, STEP_S, smoothed_threshold_for
from wakegen.metrics.intervals import PerHour, Rate, cluster_bootstrap, per_hour, wilson

_KEEP = 4  # excerpts of each sort


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What was measured at one threshold, and over all of them."""

    threshold: float
    debounce_steps: int
    recall: Rate  # streamed, with smoothing and debounce, as in use
    recall_windows: Rate  # any single window over the threshold: flatters, printed beside it
    recall_speakers: Rate | None  # the same rate with an interval over speakers instead of clips
    early_events: int  # fired before the phrase, in clips that hold it
    padded_clips: int
    fire_ms: tuple[float, ...]  # of the hits, time of the event minus end of the phrase
    false_accepts: PerHour  # everyday corpora together
    corpora: tuple[CorpusResult, ...]
    confusables: tuple[ConfusableResult, ...]
    groups: tuple[GroupTable, ...]
    worst: tuple[str, GroupRow] | None
    curve: DetCurve  # over the everyday corpora together
    curves: dict[str, DetCurve]  # one for each of them
    points: tuple[OperatingPoint, ...]
    probes: tuple[ProbeResult, ...]
    misses: tuple[Excerpt, ...]
    accepts: tuple[Excerpt, ...]

    def to_json(self) -> dict[str, Any]:
        """Give everything with counts, denominators and intervals: "evaluation" of report.json."""
        return {
            "threshold": self.threshold,
            "debounce_s": self.debounce_steps * STEP_S,
            "recall": self.recall.to_json(),
            "recall_windows": self.recall_windows.to_json(),
            "recall_speakers": self.recall_speakers.to_json() if self.recall_speakers else None,
            "early_events": self.early_events,
            "padded_clips": self.padded_clips,
            "fire_ms": {**percentiles(self.fire_ms), **_per_step(self.fire_ms)},
            "false_accepts": self.false_accepts.to_json(),
            "corpora": [row.to_json() for row in self.corpora],
            "confusables": [row.to_json() for row in self.confusables],
            "groups": [table.to_json() for table in self.groups],
            "worst_group": _worst_json(self.worst),
            "least_clips": LEAST_CLIPS,
            "curve": self.curve.to_json(),
            "curves": {kind: curve.to_json() for kind, curve in self.curves.items()},
            "operating_points": [point.to_json() for point in self.points],
            "probes": [probe.to_json() for probe in self.probes],
            "misses": [excerpt.to_json() for excerpt in self.misses],
            "accepts": [excerpt.to_json() for excerpt in self.accepts],
        }


def evaluate(
    detector: Scorer,
    positives: Iterable[EvalItem],
    negatives: Iterable[EvalItem],
    *,
    threshold: float,
    debounce_steps: int = DEBOUNCE_STEPS,
    probes: Sequence[Probe] = (),
    seed: int = 0,
    keep: int = _KEEP,
    on_event: OnEvent = ignore,
) -> Evaluation:
    """Stream every item through the detector and count.

    Parameters
    ----------
    positives : each with its span; one clip in memory at a time.
    negatives : sound without the phrase, its corpus in groups["kind"]; confusables with their words in groups["text"].
    keep : how many of the worst misses and false accepts to keep with their sound; of confusables, half as many.

    Raises
    ------
    BadInput : a positive item does not say where the phrase is.
    """
    misses, accepts, provoked = Worst(keep), Worst(keep), Worst(keep // 2)
    found = _hear(detector, positives, threshold, debounce_steps, seed, misses, on_event)
    corpora = _endure(detector, negatives, threshold, debounce_steps, seed, (accepts, provoked), on_event)
    recall = wilson(sum(r.outcome.hit for r in found), len(found))
    probed = tuple(
        run_probe(detector, probe, threshold=threshold, debounce_steps=debounce_steps, seed=seed, recall=recall)
        for probe in probes
    )
    everyday = [c for c in corpora if not c.adversarial]
    phrases = [r.phrase for r in found]
    tables = group_tables(found)
    return Evaluation(
        threshold=threshold,
        debounce_steps=debounce_steps,
        recall=recall,
        recall_windows=wilson(sum(r.window_hit for r in found), len(found)),
        recall_speakers=_over_speakers(found, seed),
        early_events=sum(r.outcome.early for r in found),
        padded_clips=sum(r.padded for r in found),
        fire_ms=tuple(r.outcome.fire_ms for r in found if r.outcome.fire_ms is not None),
        false_accepts=pooled(everyday, threshold, debounce_steps),
        corpora=corpus_results(corpora, threshold=threshold, debounce_steps=debounce_steps),
        confusables=confusable_results(corpora),
        groups=tables,
        worst=worst_group(tables),
        curve=_curve(found, everyday, debounce_steps),
        curves={c.kind: det_curve(phrases, c.streams, c.hours, debounce_steps) for c in everyday},
        points=_points(found, everyday, debounce_steps),
        probes=probed,
        misses=misses.ranked(),
        accepts=(*accepts.ranked(), *provoked.ranked()),
    )


def pooled(corpora: Iterable[Corpus], threshold: float, debounce_steps: int) -> PerHour:
    """Give the false accepts per hour of several corpora together."""
    counts = [corpus.count(threshold, debounce_steps) for corpus in corpora]
    return per_hour(sum(c.events for c in counts), sum(c.hours for c in counts))


def _hear(
    detector: Scorer,
    items: Iterable[EvalItem],
    threshold: float,
    debounce_steps: int,
    seed: int,
    worst: Worst,
    on_event: OnEvent,
) -> list[PositiveResult]:
    on_event(StageStarted("evaluate", "Listening for the phrase"))
    started, found = time.monotonic(), []
    for result in score_positives(
        detector, items, threshold=threshold, debounce_steps=debounce_steps, seed=seed, worst=worst
    ):
        found.append(result)
        on_event(Progress("evaluate", "with the phrase"))
    heard = wilson(sum(r.outcome.hit for r in found), len(found))
    on_event(StageDone("evaluate", f"Heard {heard.text()}.", time.monotonic() - started))
    return found


def _endure(
    detector: Scorer,
    items: Iterable[EvalItem],
    threshold: float,
    debounce_steps: int,
    seed: int,
    worst: tuple[Worst, Worst],
    on_event: OnEvent,
) -> list[Corpus]:
    on_event(StageStarted("evaluate", "Listening to everything else"))
    started = time.monotonic()
    corpora: dict[str, Corpus] = {}
    for item, corpora in score_negatives(  # noqa: B007, the last one is read below
        detector,
        items,
        threshold=threshold,
        debounce_steps=debounce_steps,
        seed=seed,
        worst=worst[0],
        provoked=worst[1],
    ):
        on_event(Progress("evaluate", item.kind))
    everyday = pooled((c for c in corpora.values() if not c.adversarial), threshold, debounce_steps)
    on_event(StageDone("evaluate", f"False accepts: {everyday.text()}.", time.monotonic() - started))
    return list(corpora.values())


def _curve(found: Sequence[PositiveResult], corpora: Sequence[Corpus], debounce_steps: int) -> DetCurve:
    streams = [scores for corpus in corpora for scores in corpus.streams]
    return det_curve([r.phrase for r in found], streams, sum(c.hours for c in corpora), debounce_steps)


def _points(
    found: Sequence[PositiveResult], corpora: Sequence[Corpus], debounce_steps: int
) -> tuple[OperatingPoint, ...]:
    streams, hours = [s for c in corpora for s in c.streams], sum(c.hours for c in corpora)
    points = []
    for name, rate in OPERATING_POINTS.items():
        choice = smoothed_threshold_for(streams, hours, rate, debounce_steps)
        points.append(
            operating_point(
                name,
                fa_per_hour=rate,
                threshold=choice.threshold,
                estimated=choice.estimated,
                phrases=[r.phrase for r in found],
                streams=streams,
                hours=hours,
                debounce_steps=debounce_steps,
            )
        )
    return tuple(points)


def _over_speakers(found: Sequence[PositiveResult], seed: int) -> Rate | None:
    """Give the recall with an interval over voices, where the clips name them and there are at least two."""
    hits: dict[str, list[bool]] = {}
    for result in found:
        name = result.groups.get("speaker") or result.groups.get("voice")
        if name is None:
            return None
        hits.setdefault(f"{result.groups.get('engine', '')}/{name}", []).append(result.outcome.hit)
    if len(hits) < 2:
        return None
    return cluster_bootstrap([sum(h) for h in hits.values()], [len(h) for h in hits.values()], seed=seed)


def _per_step(fire_ms: Sequence[float]) -> dict[str, list[int]]:
    """Count fire times in bins of one step, so that a plot shows what the clock of the detector can tell apart."""
    if not fire_ms:
        return {"edges_ms": [], "counts": []}
    width = round(1000 * STEP_S)
    first, last = (int(np.floor(value / width)) for value in (min(fire_ms), max(fire_ms)))
    edges = [width * place for place in range(first, last + 2)]
    return {"edges_ms": edges, "counts": [int(n) for n in np.histogram(fire_ms, bins=edges)[0]]}


def _worst_json(worst: tuple[str, GroupRow] | None) -> dict[str, object] | None:
    return None if worst is None else {"key": worst[0], "value": worst[1].value, "recall": worst[1].recall.to_json()}
