"""What small devices lose on real recordings: the nano backbone, and 8-bit integers, beside the large backbone in float.

Detectors of seed 1, made by the command as `benchmarks voices` makes its own, which are taken where they are there.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import recall, voices
from benchmarks.judging import PHRASES, POINTS, ROOT, heard, judged_detector, made_detector, run_wakegen, say
from benchmarks.recall import FLOAT, Hearing, Judged, Scorer
from wakegen.core.events import ignore
from wakegen.core.seeds import derive
from wakegen.export.wgm import IntegerHead
from wakegen.features.embed import INT8
from wakegen.features.weights import NANO, NO_RELU
from wakegen.model.small_head import SmallMember
from wakegen.model.wgm import Wgm, from_bytes
from wakegen.pipeline import train
from wakegen.pipeline.heads import SMOOTHING_STEPS
from wakegen.pipeline.project import opened, read_settings
from wakegen.train.trainer import train_small

_SEED = 1
_LARGE = voices.FULL
_NANO = replace(_LARGE, arguments=(*_LARGE.arguments, "--backbone", "nano"), hearing=Hearing(NANO))
INTEGERS = Hearing(NO_RELU, INT8)


def losses(data: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Give the points of recall that nano and integers lose, each with what it was compared with."""
    work = Path(options.work or ROOT / "output" / "bench-voices").resolve()
    large = [judged_detector(phrase, _SEED, _LARGE, data, work).judged for phrase in PHRASES]
    nano = [judged_detector(phrase, _SEED, _NANO, data, work.parent / "bench-nano").judged for phrase in PHRASES]
    exact, rounded = _small_heads(data, work)
    return {
        **_compared("nano", large, nano),
        **_compared("int8", exact, rounded),
        "recall_large": _means(large),
    }


def _compared(name: str, before: Sequence[Judged], after: Sequence[Judged]) -> dict[str, Any]:
    """Give the means and what is lost at the same false accepts: the most of the four points."""
    was, now = _means(before), _means(after)
    lost = {point: round(was[point] - now[point], 1) for point in POINTS}
    accepts = sum(one.fa_real + one.fa_longform for one in after)
    hours = sum(one.hours_real + one.hours_longform for one in after)
    return {
        f"{name}_recall_loss_points": max(lost.values()),
        f"{name}_recall_loss_by_point": lost,
        f"{name}_recall": now,
        f"{name}_recall_of_float" if name == "int8" else f"{name}_recall_of_large": was,
        f"{name}_by_phrase": {
            phrase: {point: round(one.percent(point), 1) for point in one.hits}
            for phrase, one in zip(PHRASES, after, strict=True)
        },
        f"{name}_false_accepts_at_default": [accepts, round(hours, 1)],
    }


def _means(judged: Sequence[Judged]) -> dict[str, float]:
    return {point: round(statistics.fmean(one.percent(point) for one in judged), 1) for point in POINTS}


def _small_heads(data: Path, work: Path) -> tuple[list[Judged], list[Judged]]:
    """Judge a small head in float and the one of the .wgm: of one shape, trained on the same clips."""
    exact, rounded = [], []
    for phrase in PHRASES:
        model, _ = made_detector(phrase, _SEED, _LARGE, work)
        path = model.with_suffix(".wgm")
        if not path.exists():
            say(f"{phrase}: a detector in integers")
            run_wakegen("export", str(model), "--to", "wgm", "--quiet")
        made = from_bytes(path.read_bytes(), source=str(path))
        say(f"{phrase}: a small head in float")
        exact.append(_judged(phrase, _in_float(model.parent.parent), data, work, FLOAT))
        rounded.append(_judged(phrase, _of(made), data, work, INTEGERS, made.threshold_logit))
    return exact, rounded


def _in_float(folder: Path) -> SmallMember:
    with opened(read_settings(folder), on_event=ignore) as project, project.executor() as executor:
        material = train.gather(project, executor)
        seed = derive(project.settings.seed, "small head")
        return train_small(material, recipe=train.recipe_of(project), seed=seed)


def _of(made: Wgm) -> IntegerHead:
    return IntegerHead(made.head, made.backbone[-1].scale)


def _judged(
    phrase: str, head: Scorer, data: Path, work: Path, hearing: Hearing, default: float = float(np.inf)
) -> Judged:
    real, read = heard(phrase, _SEED, replace(_LARGE, hearing=hearing), data, work)
    return recall.judge_head(head, real, read, smoothing=SMOOTHING_STEPS, default=default)
