"""Fuzzes the reader of .wgm in Python with atheris: whatever the bytes, they are a file or a named error.

pip install atheris
python firmware_harness/fuzz/wgm_python.py [RUNS]
"""

from __future__ import annotations

import runpy
import struct
import sys
import tempfile
import zlib
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["wakegen.model.wgm"]):
    from wakegen.model import wgm

from wakegen.core.errors import BadInput

RUNS = 100_000
LONGEST = 4096  # bytes


def read(data: bytes) -> None:
    """Read bytes as a .wgm; what is read must give the same bytes again."""
    try:
        made = wgm.from_bytes(sealed(data), source="these bytes")
    except BadInput:
        return
    again = wgm.from_bytes(wgm.to_bytes(made), source="what was read")
    assert len(again.backbone) == len(made.backbone)


def sealed(data: bytes) -> bytes:
    """Let size and checksum be right: no fuzzer guesses them."""
    if len(data) < 16:
        return data
    body = bytearray(data)
    body[8:12] = struct.pack("<I", len(body))
    body[12:16] = struct.pack("<I", zlib.crc32(bytes(body[16:])))
    return bytes(body)


if __name__ == "__main__":
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with tempfile.TemporaryDirectory() as folder:
        for i, seed in enumerate(runpy.run_path(str(Path(__file__).with_name("run.py")))["seeds"]()):
            (Path(folder) / f"seed{i}").write_bytes(seed)
        atheris.Setup([sys.argv[0], f"-runs={runs}", f"-max_len={LONGEST}", "-seed=1", folder], read)
        atheris.Fuzz()  # ends the program
