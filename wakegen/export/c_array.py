"""A .wgm as a C header: for firmware that carries its model."""

from __future__ import annotations

import re
from pathlib import Path

from wakegen.core.errors import BadInput, WakegenError
from wakegen.core.files import write_text
from wakegen.model.wgm import from_bytes

_ON_A_LINE = 24


def export_c_array(model: Path, path: Path) -> Path:
    """Write NAME.wgm as NAME.h, and read it back.

    Raises
    ------
    BadInput : it is no .wgm, or a damaged one.
    WakegenError : the header holds other bytes (nothing is left at `path`).
    """
    if model.suffix != ".wgm":
        raise BadInput(
            f"{model} is no .wgm.", hint=f"Make one first: wakegen export {model} --to wgm; then export that."
        )
    data = model.read_bytes()
    from_bytes(data, source=str(model))
    text = header(data, model.stem)
    if bytes(int(number, 16) for number in re.findall(r"0x([0-9a-f]{2})\b", text)) != data:
        raise WakegenError("The header holds other bytes than the model.", hint="Report this with the model.")
    write_text(path, text)
    return path


def header(data: bytes, stem: str) -> str:
    """Give the header; the array begins at a multiple of 16 bytes, as the engine asks."""
    name = re.sub(r"\W", "_", stem, flags=re.ASCII) + "_wgm"
    name = name if name[0].isalpha() else f"model_{name}"
    guard = f"{name.upper()}_H"
    lines = [
        "    " + " ".join(f"0x{byte:02x}," for byte in data[at : at + _ON_A_LINE])
        for at in range(0, len(data), _ON_A_LINE)
    ]
    return "\n".join(
        [
            f"/* {stem}: a detector by wakegen, for wg_model_open() of its C engine. */",
            f"#ifndef {guard}",
            f"#define {guard}",
            "",
            "#include <stdint.h>",
            "",
            f"static const uint8_t {name}[{len(data)}] __attribute__((aligned(16))) = {{",
            *lines,
            "};",
            "",
            "#endif",
            "",
        ]
    )
