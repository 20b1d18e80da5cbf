"""What a detector can be exported to: one row a format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from wakegen.core.errors import BadInput
from wakegen.core.names import did_you_mean


@dataclass(frozen=True, slots=True)
class FormatRow:
    """One format."""

    name: str
    suffix: str  # behind the detector's name
    factory: (
        str  # "module:function": takes the detector and the file to write; proves what it wrote; imported at first use
    )
    doc: str  # one line, for `wakegen export --help`


FORMATS = (
    FormatRow(
        "onnx-streaming", "-streaming.onnx", "wakegen.export.streaming_onnx:export_streaming",
        "All of it as one ONNX graph: 80 ms of samples in, a score out, states explicit.",
    ),
    FormatRow(
        "tflite", ".tflite", "wakegen.export.tflite_head:export_tflite",
        "The head as Home Assistant's openWakeWord server loads it.",
    ),
)  # fmt: skip


def export_detector(model: Path, to: str, *, out: Path | None = None) -> Path:
    """Write a detector NAME.onnx in another format, and compare what was written with the original.

    Parameters
    ----------
    to : a name of FORMATS
    out : the file to write; by default beside the detector

    Raises
    ------
    BadInput : there is no such format or no such detector, or it cannot be used.
    WakegenError : what was written gives other scores; nothing is left of it.
    """
    row = next((row for row in FORMATS if row.name == to), None)
    if row is None:
        names = {row.name for row in FORMATS}
        raise BadInput(f"There is no format {to!r} to export to.", hint=did_you_mean(to, names))
    if not model.is_file():
        raise BadInput(f"There is no model at {model}.", hint="Give the path of a NAME.onnx that wakegen exported.")
    path = out or model.with_name(model.stem + row.suffix)
    if path.resolve() == model.resolve():
        raise BadInput(f"{path} is the detector itself.", hint="Give another --out.")
    module, _, name = row.factory.partition(":")
    export: Callable[[Path, Path], Path] = getattr(import_module(module), name)
    return export(model, path)
