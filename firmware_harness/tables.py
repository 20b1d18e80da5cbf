"""Writes constants into core/: those of the front ends from wakegen's own formulas, those of messages from their tables.

python firmware_harness/tables.py [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from wakegen.devices import facts, messages
from wakegen.features import mel, mel_fixed

CORE = Path(__file__).parent / "core"


def headers() -> dict[str, str]:
    """Give the text of each header by its name."""
    bands, bins, first = _bands()
    where = [
        "/* The first weight of each band, and the bin of 257 that it belongs to. */",
        _table("uint8_t wg_mel_first[33]", map(str, first)),
        _table("uint8_t wg_mel_bin[32]", map(str, bins)),
    ]
    cosine = np.cos(2 * np.pi * np.arange(512) / 512)
    fixed = mel_fixed.weights()[bands]
    return {
        "wg_mel_tables.h": _header(
            "WG_MEL_TABLES_H",
            _table("float wg_hann400[400]", map(_float, mel.window())),
            _table("float wg_cos512[512]", map(_float, cosine)),
            _table(f"float wg_mel_weights[{len(fixed)}]", map(_float, mel.mel_matrix()[bands])),
            *where,
        ),
        "wg_mel_fixed_tables.h": _header(
            "WG_MEL_FIXED_TABLES_H",
            _table("int16_t wg_hann400_q15[400]", map(str, mel_fixed.window())),
            "/* Half a turn in 256 steps, and its end. */",
            _table("int32_t wg_cos512_q31[257]", map(str, mel_fixed.cosine()[:257])),
            _table(f"uint16_t wg_mel_weights_q22[{len(fixed)}]", map(str, fixed)),
            *where,
            "/* log2(1 + i / 64), Q16. */",
            _table("int32_t wg_log2_q16[65]", map(str, mel_fixed.logarithm())),
        ),
        "wg_messages.h": _header(
            "WG_MESSAGES_H",
            "/* The first byte of a message, and the bytes of its fields behind it. */",
            _enum("message", {_words(made.__name__): code for code, made in messages.MESSAGES.items()}),
            _enum("message_bytes", {f"{_words(m.__name__)}_BYTES": m.LAYOUT.size for m in messages.MESSAGES.values()}),
            _enum("state", {one.name: int(one) for one in messages.State}),
            _enum("values", {one.name: int(one) for one in messages.Values}),
            _enum("refusal", {"REFUSED_" + one.name.removeprefix("NO_"): int(one) for one in messages.Status}),
            _enum("flag", {"READY_NOW": messages.READY, "FIRED": messages.FIRED}),
            _enum("fact", {f"FACT_{row.name.upper()}": row.key for row in facts.FACTS}),
        ),
    }


def _words(name: str) -> str:
    """Give MSG_ASK_INFO for AskInfo."""
    return "MSG" + "".join(f"_{c}" if c.isupper() else c for c in name).upper()


def _enum(name: str, values: Mapping[str, int]) -> str:
    rows = ",\n".join(f"    WG_{key} = {value}" for key, value in values.items())
    return f"enum wg_{name} {{\n{rows}\n}};\n"


def _bands() -> tuple[tuple[list[int], list[int]], list[int], list[int]]:
    """Give the places of the filters' weights that are not 0, each band's first bin, and its first weight."""
    rows: list[int] = []
    columns: list[int] = []
    bins, first = [], [0]
    for band, column in enumerate(mel.mel_matrix().T):
        used = range(int(np.flatnonzero(column)[0]), int(np.flatnonzero(column)[-1]) + 1)
        bins.append(mel.LOW_BIN + used[0])
        rows += used
        columns += [band] * len(used)
        first.append(len(rows))
    return (rows, columns), bins, first


def _header(guard: str, *parts: str) -> str:
    made = "/* Made by firmware_harness/tables.py: do not edit. */"
    return "\n".join(
        [made, f"#ifndef {guard}", f"#define {guard}", "", "#include <stdint.h>", "", *parts, "#endif", ""]
    )


def _float(value: float) -> str:
    text = f"{np.float32(value):.9g}"
    return (text if "." in text or "e" in text else f"{text}.0") + "f"


def _table(name: str, values: Iterable[str]) -> str:
    lines, line = [], "   "
    for value in values:
        if len(line) + len(value) + 2 > 118:
            lines.append(line)
            line = "   "
        line += f" {value},"
    return f"static const {name} = {{\n" + "\n".join([*lines, line]) + "\n};\n"


if __name__ == "__main__":
    stale = [
        name for name, text in headers().items() if not (CORE / name).exists() or (CORE / name).read_text() != text
    ]
    if "--check" in sys.argv:
        sys.exit(f"Stale: {', '.join(stale)}. Run: python firmware_harness/tables.py" if stale else 0)
    for name, text in headers().items():
        (CORE / name).write_text(text)
