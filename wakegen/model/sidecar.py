"""The sidecar: what must be known to run a detector and to trust it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from wakegen.core.errors import BadInput
from wakegen.core.files import write_json

FORMAT = "wakegen-detector/1"


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A threshold and what it was seen to give on held-out streams."""

    fa_per_hour: float  # the target
    threshold: float
    recall: float | None
    n_positive: int
    hours: float
    name: str = ""
    events: int | None = None  # false accepts counted in those hours


@dataclass(frozen=True, slots=True)
class Sidecar:
    """NAME.json beside NAME.onnx; keys and meaning are promised in docs/formats/detector.md."""

    phrase: str
    threshold: float
    backbone: dict[str, str]
    format: str = FORMAT
    sample_rate: int = 16_000
    step_ms: int = 80
    window_frames: int = 16
    smoothing: int = 1  # running mean of the logit over this many steps
    debounce_s: float = 2.0
    operating_points: tuple[OperatingPoint, ...] = ()
    evaluated_on: dict[str, Any] = field(default_factory=dict)
    trained_on: dict[str, Any] = field(default_factory=dict)
    licences: tuple[str, ...] = ()
    commercial_use: bool = True
    seed: int = 0
    wakegen: str = ""
    gate: dict[str, Any] = field(default_factory=dict)  # {"passed": bool, "failures": [...]}

    def save(self, model: Path) -> Path:
        """Write the sidecar of `model` (NAME.onnx → NAME.json)."""
        path = model.with_suffix(".json")
        write_json(path, asdict(self))
        return path

    @classmethod
    def load(cls, model: Path) -> Sidecar:
        """Read the sidecar of `model`.

        Raises
        ------
        BadInput : it is missing, is no JSON, is of another format, or a value cannot be used.
        """
        path = model.with_suffix(".json")
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise BadInput(
                f"{path} is missing: it holds the threshold of {model.name}.",
                hint="Keep NAME.onnx and NAME.json together, as they were exported.",
            ) from None
        except (OSError, ValueError) as error:
            raise BadInput(f"{path} cannot be read: {error}.", hint="Export the detector again.") from error
        return cls.from_json(raw, source=str(path))

    @classmethod
    def from_json(cls, raw: Any, *, source: str) -> Sidecar:
        """Check and convert a parsed sidecar; keys of later versions are left out."""
        if not isinstance(raw, dict) or raw.get("format") != FORMAT:
            found = raw.get("format") if isinstance(raw, dict) else type(raw).__name__
            raise BadInput(
                f"{source}: format is {found!r}, expected {FORMAT!r}.",
                hint="Export the detector with this version of wakegen.",
            )
        known = {item.name for item in fields(cls)}
        values = {key: value for key, value in raw.items() if key in known}
        wrong = [
            f"{key} {values[key]!r} is not {what}"
            for key, (fits, what) in _KINDS.items()
            if key in values and not fits(values[key])
        ]
        if wrong:
            raise BadInput(f"{source}: {wrong[0]}.", hint="Export the detector again.")
        try:
            values["operating_points"] = tuple(_point(point) for point in raw.get("operating_points", ()))
            values["licences"] = tuple(raw.get("licences", ()))
            sidecar = cls(**values)
        except TypeError as error:
            raise BadInput(f"{source}: {error}.", hint="Export the detector again.") from error
        _check(sidecar, source)
        return sidecar


def _point(raw: dict[str, Any]) -> OperatingPoint:
    try:
        return OperatingPoint(**raw)
    except TypeError as error:
        raise TypeError(f"operating_points: {error}") from error


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_Kind = tuple[Callable[[Any], bool], str]
_TEXT: _Kind = (lambda value: isinstance(value, str), "a text")
_NUMBER: _Kind = (_is_number, "a number")
_WHOLE: _Kind = (_is_whole, "a whole number")
_LIST: _Kind = (lambda value: isinstance(value, list | tuple), "a list")
_KINDS: dict[str, _Kind] = {
    "phrase": _TEXT,
    "threshold": _NUMBER,
    "backbone": (lambda value: isinstance(value, dict), "an object"),
    "sample_rate": _WHOLE,
    "step_ms": _WHOLE,
    "window_frames": _WHOLE,
    "smoothing": _WHOLE,
    "debounce_s": _NUMBER,
    "operating_points": _LIST,
    "licences": _LIST,
}


def _check(sidecar: Sidecar, source: str) -> None:
    rules = (
        (0.0 < sidecar.threshold < 1.0, f"threshold {sidecar.threshold} is not between 0 and 1"),
        (1 <= sidecar.smoothing <= 50, f"smoothing {sidecar.smoothing} is not in 1 … 50 steps"),
        (0.0 <= sidecar.debounce_s <= 60.0, f"debounce_s {sidecar.debounce_s} is not in 0 … 60 s"),
        (sidecar.sample_rate == 16_000, f"sample_rate {sidecar.sample_rate} is not 16000"),
        (sidecar.step_ms == 80, f"step_ms {sidecar.step_ms} is not 80"),
        (sidecar.window_frames == 16, f"window_frames {sidecar.window_frames} is not 16"),
    )
    for fine, text in rules:
        if not fine:
            raise BadInput(f"{source}: {text}.", hint="Export the detector again.")
