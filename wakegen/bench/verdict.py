"""The measurement in a few plain sentences, by rules that are printed beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from wakegen.bench.evaluate import Evaluation
from wakegen.bench.gate import LEAST_HOURS, GateResult
from wakegen.bench.positives import LEAST_CLIPS
from wakegen.metrics.events import STEP_S

RULE = (
    "“Good” means: hears at least 90 %, at least 75 % in the worst group, wakes by mistake at most 0.5 times per hour "
    "in everyday sound together and in every corpus of a quarter of an hour or more, no shortcut probe is suspicious, and every limit is met. “Usable” means: at least "
    "75 %, at least 50 % in the worst group, and at most 2 per hour. Fewer than "
    f"{LEAST_CLIPS} clips or no audio without the phrase give no verdict."
)

_LEVELS = (("good", 0.90, 0.75, 0.5), ("usable", 0.75, 0.50, 2.0))  # recall, worst group, false accepts per hour
_TITLES = {
    "good": "Good",
    "usable": "Usable, with care",
    "poor": "Not good enough yet",
    "undecided": "Too little data for a verdict",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to think of the detector."""

    level: str  # "good", "usable", "poor" or "undecided"
    title: str
    sentences: tuple[str, ...]
    rule: str

    def to_json(self) -> dict[str, object]:
        """Give all fields."""
        return asdict(self)


def judge(evaluation: Evaluation | None, gates: Sequence[GateResult] = ()) -> Verdict:
    """Weigh recall, false accepts, groups, probes and limits."""
    failed = [gate for gate in gates if not gate.ok]
    level = _level(evaluation) if evaluation else "undecided"
    if level == "good" and failed:
        level = "usable"
    sentences = list(_sentences(evaluation)) if evaluation else ["Nothing was evaluated."]
    sentences += [f"Limit not met: {gate.title} {gate.limit:g}; {gate.text}." for gate in failed]
    return Verdict(level, _TITLES[level], tuple(sentences), RULE)


def _level(evaluation: Evaluation) -> str:
    rows = [evaluation.false_accepts] if evaluation.false_accepts.hours else []
    rows += [
        row.false_accepts
        for row in evaluation.corpora
        if not row.adversarial and row.false_accepts.hours >= LEAST_HOURS
    ]
    recall = evaluation.recall.value
    if recall is None or evaluation.recall.total < LEAST_CLIPS or not rows:
        return "undecided"
    worst_rate = max(row.value or 0.0 for row in rows)
    worst_group = evaluation.worst[1].recall.value if evaluation.worst else recall
    for name, least_recall, least_group, most in _LEVELS:
        if recall >= least_recall and (worst_group or 0.0) >= least_group and worst_rate <= most:
            return "usable" if _suspicious(evaluation) else name
    return "poor"


def _suspicious(evaluation: Evaluation) -> bool:
    return any(probe.verdict == "suspicious" for probe in evaluation.probes)


def _sentences(evaluation: Evaluation) -> Sequence[str]:
    said = [_heard(evaluation), f"Woke by mistake: {evaluation.false_accepts.text()}."]
    rows = [row for row in evaluation.corpora if not row.adversarial and row.false_accepts.events]
    if len(rows) > 1 or (rows and len(evaluation.corpora) > 1):
        worst = max(rows, key=lambda row: row.false_accepts.value or 0.0)
        said.append(f"Most often in {worst.kind}: {worst.false_accepts.text()}.")
    if evaluation.worst is not None:
        key, row = evaluation.worst
        said.append(f"Weakest group: {key} {row.value}, {row.recall.text()}.")
    if evaluation.fire_ms:
        said.append(_reaction(evaluation))
    said += [f"Shortcut probe “{p.name}”: {p.text}" for p in evaluation.probes if p.verdict == "suspicious"]
    return said


def _heard(evaluation: Evaluation) -> str:
    return (
        f"Heard the phrase in {evaluation.recall.text()}."
        if evaluation.recall.total
        else "No clips with the phrase were tested."
    )


def _reaction(evaluation: Evaluation) -> str:
    middle, late = (float(v) for v in np.percentile(evaluation.fire_ms, [50, 95]))
    after = "after" if middle >= 0 else "before"
    return (
        f"Reacts {abs(middle):.0f} ms {after} the phrase ends (median; 95 % within {max(late, 0):.0f} ms), "
        f"in steps of {1000 * STEP_S:.0f} ms."
    )
