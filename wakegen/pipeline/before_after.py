"""What training on has changed: recall by group and false accepts of two heads, each at its own threshold.

Both heads hear the same clips, so a change is judged by the clips that only one of them hears: the standard error is
that of the paired difference, which is much smaller than that of either recall. How sure the two thresholds are is not
in it: where the held-out streams hold few events, a threshold is an estimate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.dataset.speak import RECORDING
from wakegen.metrics.intervals import Rate, figure, per_hour, wilson
from wakegen.model.head import Head
from wakegen.pipeline.heads import SMOOTHING_STEPS, HeldOut
from wakegen.train.calibrate import Calibration, best_logit, smooth_logits

ADDED_CLIPS = "added clips"
Hits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Change:
    """Recall on one group of held-out clips of the phrase, before and after."""

    group: str  # an engine, or the clips that were added
    before: Rate
    after: Rate
    difference: float
    error: float  # standard error of the difference; infinite where one clip cannot tell

    @property
    def is_worse(self) -> bool:
        """Whether more was lost than its standard error."""
        return self.difference < -self.error - 1e-9

    def to_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "group": self.group,
            "before": self.before.to_json(),
            "after": self.after.to_json(),
            "difference": self.difference,
            "standard_error": self.error if math.isfinite(self.error) else None,
            "worse": self.is_worse,
        }


def hits_of(head: Head, calibration: Calibration, held_out: HeldOut) -> Hits:
    """Say of each held-out clip of the phrase whether it is heard at the head's own threshold."""
    best = [best_logit(head, phrase, SMOOTHING_STEPS) for phrase in held_out.phrases]
    return np.array(best, np.float64) >= calibration.logit


def woken_by(head: Head, calibration: Calibration, held_out: HeldOut) -> Hits:
    """Say of each held-out clip that was added and is not the phrase whether it fires."""
    best = [smooth_logits(head, rows, steps, SMOOTHING_STEPS).max(initial=-np.inf) for rows, steps in held_out.unwanted]
    return np.array(best, np.float64) >= calibration.logit


def changes(before: Hits, after: Hits, engines: Sequence[str]) -> tuple[Change, ...]:
    """Compare group by group; the three are of the same length, the clips in the same order."""
    groups = {engine: np.array([one == engine for one in engines]) for engine in sorted(set(engines))}
    ordered = sorted(groups, key=lambda engine: (engine == RECORDING, engine))  # what was added comes last
    return tuple(_change(engine, before[groups[engine]], after[groups[engine]]) for engine in ordered)


def _change(engine: str, before: Hits, after: Hits) -> Change:
    count = len(before)
    gained = after.astype(np.float64) - before
    error = float(gained.std(ddof=1) / np.sqrt(count)) if count > 1 else math.inf
    return Change(
        ADDED_CLIPS if engine == RECORDING else engine,
        wilson(int(before.sum()), count),
        wilson(int(after.sum()), count),
        float(gained.mean()),
        error,
    )


def to_json(
    found: Sequence[Change], before: Calibration, after: Calibration, woken: tuple[Hits, Hits]
) -> dict[str, Any]:
    """Give the comparison as plain JSON values; `woken` are both answers of `woken_by`."""
    return {
        "target_fa_per_hour": after.target_fa_per_hour,
        "recall": [change.to_json() for change in found],
        "false_accepts": {
            "before": per_hour(before.events, before.hours).to_json(),
            "after": per_hour(after.events, after.hours).to_json(),
        },
        "woken_by_added_clips": {
            name: wilson(int(hits.sum()), len(hits)).to_json()
            for name, hits in zip(("before", "after"), woken, strict=True)
        },
    }


def warning(change: Change) -> str:
    """Say that a group is heard less than before."""
    return (
        f"Heard less than before: {change.group}, {change.before.hits} → {change.after.hits} of {change.after.total} "
        f"held-out clips ({100 * change.difference:+.1f} points, standard error {100 * change.error:.1f})."
    )


def to_text(comparison: Mapping[str, Any]) -> str:
    """Set what `to_json` gave as a table."""
    events = comparison["false_accepts"]
    rows = [
        ("held out", "before", "after", ""),
        *(
            (f"recall, {row['group']}", _rate(row["before"]), _rate(row["after"]), "worse" if row["worse"] else "")
            for row in comparison["recall"]
        ),
        ("false accepts", events["before"]["text"], events["after"]["text"], ""),
    ]
    woken = comparison["woken_by_added_clips"]
    if woken["after"]["total"]:
        rows.append(("woken by added clips", _rate(woken["before"]), _rate(woken["after"]), ""))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]).rstrip()
        for row in rows
    ]
    target = figure(comparison["target_fa_per_hour"])
    return "\n".join([*lines, f"Each at its own threshold for {target} false accepts/h; intervals are 95 %."])


def _rate(rate: Mapping[str, Any]) -> str:
    if not rate["total"]:
        return "no clips to tell from"
    low, high = 100 * rate["low"], 100 * rate["high"]
    return f"{rate['hits']} of {rate['total']} ({100 * rate['rate']:.1f} %, {low:.1f}–{high:.1f} %)"
