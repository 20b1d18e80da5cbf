"""report.json: one document that holds everything measured, and from which the report can be drawn again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from wakegen.bench.evaluate import Evaluation
from wakegen.bench.gate import GateResult, passed
from wakegen.bench.latency import Latency
from wakegen.bench.verdict import judge

FORMAT = "wakegen-report/1"

METHOD = (
    "Every clip and every hour was streamed through the running detector in steps of 80 ms, with its own smoothing.",
    "An event is the first step at or above the threshold; then nothing fires for the debounce time.",
    "A hit is an event from the phrase's start to 1 s after its end. Clips cut too short for that, or with less than "
    "2 s before the phrase, were lengthened with noise at their own floor, never with silence.",
    "False accepts are merged events per hour of continuous audio, counted for each corpus. Confusable phrases are "
    "heard one by one and stay out of the pooled rate.",
    "Intervals are 95 %: Wilson for proportions, exact Poisson for events per hour; after no event, one-sided.",
    "The three operating points take their thresholds from the very hours they are shown on; all other figures use the detector's own threshold.",
    "A group is called the worst only when it has at least 20 clips.",
)


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Which file was measured."""

    file: str  # its name, without folders
    sha256: str | None = None
    bytes: int | None = None
    threshold: float | None = None
    smoothing: int | None = None  # steps
    debounce_s: float | None = None


@dataclass(frozen=True, slots=True)
class Training:
    """What the detector was trained on."""

    clips: int | None = None
    engines: Mapping[str, int] = field(default_factory=dict)  # clips for each
    voices: int | None = None
    licences: Sequence[str] = ()
    commercial_use: bool | None = None
    dataset: str | None = None  # hash
    notes: Sequence[str] = ()


def report_document(
    *,
    phrase: str,
    created: str,
    wakegen: str,
    model: ModelFacts,
    device: str | None = None,
    language: str | None = None,
    evaluation: Evaluation | None = None,
    latency: Latency | None = None,
    gates: Sequence[GateResult] = (),
    training: Training | None = None,
    evaluated_on: Sequence[str] = (),
    warnings: Sequence[str] = (),
    session: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Put a report together.

    Parameters
    ----------
    created : time stamp, ISO 8601 with zone; the clock is the caller's.
    wakegen : version of this package.
    evaluated_on : sentences about where the test sound comes from ("12 voices of espeak, none of them trained on").
    session : how a device was reached and what it said of itself, where one was measured.
    warnings : what the reader must know before trusting the figures ("no real recordings were tested").

    Returns
    -------
    A document that `docs/schemas/report.schema.json` describes: plain JSON types, no NaN.
    """
    return {
        "format": FORMAT,
        "wakegen": wakegen,
        "created": created,
        "phrase": phrase,
        "language": language,
        "device": device,
        "model": asdict(model),
        "verdict": judge(evaluation, gates).to_json(),
        "evaluation": evaluation.to_json() if evaluation else None,
        "latency": latency.to_json() if latency else None,
        "limits": [gate.to_json() for gate in gates],
        "limits_met": passed(tuple(gates)) if gates else None,
        "trained_on": _training_json(training) if training else None,
        "evaluated_on": list(evaluated_on),
        "method": list(METHOD),
        "warnings": list(warnings),
        "session": dict(session) if session else None,
    }


def _training_json(training: Training) -> dict[str, Any]:
    return {
        **asdict(training),
        "engines": dict(training.engines),
        "licences": list(training.licences),
        "notes": list(training.notes),
    }
