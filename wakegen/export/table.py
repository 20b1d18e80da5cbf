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
    # "module:function": takes the detector and the file to write; proves what it wrote; imported at first use.
    # "": it is made from the detector's project, not from the detector (`pipeline.microcontroller`).
    factory: str


FORMATS = (
    FormatRow("c-array", ".h", "wakegen.export.c_array:export_c_array"),
    FormatRow("onnx-streaming", "-streaming.onnx", "wakegen.export.streaming_onnx:export_streaming"),
    FormatRow("tflite", ".tflite", "wakegen.export.tflite_head:export_tflite"),
    FormatRow("wgm", ".wgm", ""),
)


def find_format(name: str) -> FormatRow:
    """Give a row.

    Raises
    ------
    BadInput : there is no such format.
    """
    found = next((row for row in FORMATS if row.name == name), None)
    if found is None:
        names = {row.name for row in FORMATS}
        raise BadInput(f"There is no format {name!r} to export to.", hint=did_you_mean(name, names))
    return found


def export_file(model: Path, row: FormatRow, path: Path) -> Path:
    """Write a detector in a format that needs nothing but the detector, and compare what was written with it.

    Raises
    ------
    BadInput : the detector cannot be used.
    WakegenError : what was written gives other scores; nothing is left of it.
    """
    module, _, name = row.factory.partition(":")
    export: Callable[[Path, Path], Path] = getattr(import_module(module), name)
    return export(model, path)
