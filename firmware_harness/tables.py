"""Writes core/wg_mel_tables.h: the window, the cosine and the mel filters, from wakegen's own formulas.

python firmware_harness/tables.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from wakegen.features import mel

PATH = Path(__file__).parent / "core" / "wg_mel_tables.h"


def text() -> str:
    """Give the header."""
    matrix = mel.mel_matrix()
    bins, first, weights = [], [0], []
    for band in matrix.T:
        (used,) = np.nonzero(band)
        bins.append(mel.LOW_BIN + int(used[0]))
        weights += list(band[used[0] : used[-1] + 1])
        first.append(len(weights))
    cosine = np.cos(2 * np.pi * np.arange(512) / 512)
    return "\n".join(
        [
            "/* Made by firmware_harness/tables.py: do not edit. */",
            "#ifndef WG_MEL_TABLES_H",
            "#define WG_MEL_TABLES_H",
            "",
            "#include <stdint.h>",
            "",
            _table("float wg_hann400[400]", [_float(v) for v in mel.window()]),
            _table("float wg_cos512[512]", [_float(v) for v in cosine]),
            _table(f"float wg_mel_weights[{len(weights)}]", [_float(v) for v in weights]),
            "/* The first weight of each band, and the bin of 257 that it belongs to. */",
            _table("uint8_t wg_mel_first[33]", [str(v) for v in first]),
            _table("uint8_t wg_mel_bin[32]", [str(v) for v in bins]),
            "#endif",
            "",
        ]
    )


def _float(value: float) -> str:
    return f"{np.float32(value):.9g}".replace("e-0", "e-") + ("" if "." in f"{np.float32(value):.9g}" else ".0") + "f"


def _table(name: str, values: list[str]) -> str:
    lines, line = [], "   "
    for value in values:
        if len(line) + len(value) + 2 > 118:
            lines.append(line)
            line = "   "
        line += f" {value},"
    return f"static const {name} = {{\n" + "\n".join([*lines, line]) + "\n};\n"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(PATH.read_text() != text())
    PATH.write_text(text())
