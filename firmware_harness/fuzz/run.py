"""Fuzzes the C engine with libFuzzer, under address and undefined-behaviour sanitizers: its parser of .wgm, the line, and the device.

    python firmware_harness/fuzz/run.py [RUNS] [wgm|line|device]

Debian: clang-14 libclang-rt-14-dev
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.devices.frames import Frame, Kind
from wakegen.devices.frames import to_bytes as to_frame
from wakegen.devices.link import Terms
from wakegen.devices.messages import AskInfo, AskStats, Audio, Cancel, Capture, Chunk, Load, Run, Start, Stop
from wakegen.devices.messages import to_bytes as to_message
from wakegen.features.quantise import integer_layer
from wakegen.features.weights import SOURCE_SHA256
from wakegen.model.wgm import Activation, Arithmetic, Layer, Op, Wgm, packed, to_bytes

CORE = Path(__file__).parents[1] / "core"
FLAGS = [
    "-std=c11",
    "-O2",
    "-g",
    "-fsanitize=fuzzer,address,undefined",
    "-fno-sanitize-recover=all",
    "-DWG_ANY_CHECKSUM",
    "-Wno-psabi",
]
LONGEST = 4096  # bytes: small files, and short sessions, reach every branch, and fast


def compiler() -> str | None:
    """Give a clang with libFuzzer, if there is one."""
    return next((found for name in ("clang", "clang-14") if (found := shutil.which(name))), None)


def fuzz(runs: int, *, folder: Path, seed: int = 1, target: str = "wgm") -> int:
    """Run so many inputs on `wgm`, `line` or `device`; give how many there were.

    Raises
    ------
    RuntimeError : one of them crashed it, or read out of bounds; the message holds libFuzzer's report.
    """
    clang = compiler()
    assert clang is not None
    program, corpus = folder / "fuzz", folder / "corpus"
    sources = [str(Path(__file__).with_name(f"{target}.c")), *(str(path) for path in sorted(CORE.glob("*.c")))]
    (folder / "small_wgm.h").write_text(_header(seeds()[2]))
    subprocess.run([clang, *FLAGS, f"-I{CORE}", f"-I{folder}", *sources, "-lm", "-o", str(program)], check=True)
    corpus.mkdir(exist_ok=True)
    for i, data in enumerate({"wgm": seeds, "line": sessions, "device": sessions}[target]()):
        (corpus / f"seed{i}").write_bytes(data)
    limits = [f"-runs={runs}", f"-seed={seed}", f"-max_len={LONGEST}", "-print_final_stats=1", "-timeout=20"]
    done = subprocess.run([str(program), *limits, str(corpus)], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-4000:])
    return next(int(line.split()[-1]) for line in done.stderr.splitlines() if "number_of_executed_units" in line)


# Five layers take 32 bands and 8 rows to one of each, as an engine wants them.
_POOLS = ((2, 2), (2, 2), (2, 2), (1, 2), (1, 2))


def seeds() -> Sequence[bytes]:
    """Give small files that open and run: float, integers, integers with a head."""
    floats, integers, bands = [], [], 32
    for i, pool in enumerate(_POOLS):
        kernel = np.ones((8, 1 if i == 0 else 8, 3 if i == 0 else 1, 3 if i == 0 else 1), np.float32) / 8
        shape = {"ci": kernel.shape[1], "co": 8, "bands": bands, "kt": kernel.shape[2], "kf": kernel.shape[3]}
        pools = {"pt": pool[0], "pf": pool[1]}
        floats.append(
            Layer(**shape, **pools, weights=packed(kernel, 8), bias=np.zeros(8, np.float32), activation=Activation.RELU)
        )
        integers.append(_integer(kernel, bands, Op.CONV16 if i == 0 else Op.CONV, pool=pool))
        bands //= pool[1]
    head = (_integer(np.ones((4, 8, 3, 1), np.float32), 1, Op.CONV, scaled=False),)
    return [
        to_bytes(Wgm(Arithmetic.FLOAT32, SOURCE_SHA256, tuple(floats))),
        to_bytes(Wgm(Arithmetic.INT8, SOURCE_SHA256, tuple(integers))),
        to_bytes(Wgm(Arithmetic.INT8, SOURCE_SHA256, tuple(integers), head, threshold_sum=5, limit_sum=99)),
    ]


_CONFIRMED, _FRAMED, _FLASH, _MICROPHONE, _THERE = 2, 1, 4, 8, 16  # the first byte of an input: see device.c
_NEW_SESSION, _SILENCE, _FAIL = b"\xf0", b"\xf1", b"\xf2"


def sessions() -> Sequence[bytes]:
    """Give what hosts say that know the protocol: as messages, and as bytes on the line."""
    file = seeds()[2]
    load = [to_message(one) for one in (Load(0, len(file), zlib.crc32(file)), *_chunks(file))]
    hear = [to_message(Start(1)), *[_SILENCE] * 13, to_message(Stop()), to_message(Run(3))]
    talk = [to_message(one) for one in (AskInfo(), AskStats(), Capture(300), Run(900), AskStats(), Cancel())]
    wrong = [b"", b"\x55", *map(to_message, (Audio(5, b"abc"), Chunk(1, 1, b"x"), Load(0, 9999, 0), Load(1, 0, 0)))]
    found = []
    for mode, said in (
        (0, [*load, *hear]),
        (
            _FLASH,
            [*load, to_message(Load(1, len(file), 5)), *[to_message(one) for one in _chunks(file, slot=1)], *hear],
        ),
        (_THERE | _MICROPHONE, [*hear, *talk, _NEW_SESSION, *talk, _FAIL, to_message(Capture(900))]),
        (_FLASH | _THERE, [*hear[:5], _NEW_SESSION + b"\x40", *wrong, _FAIL, *load[:2], to_message(Load(1, 8, 1))]),
    ):
        records = b"".join(bytes((len(one),)) + one for one in said)
        found.append(bytes((mode | _CONFIRMED | _FRAMED,)) + records)
        frames = [Frame(Kind.OPEN, 7, body=Terms().to_bytes()), Frame(Kind.PING, 7, room=8)]
        frames += [Frame(Kind.DATA, 7, i, room=8, body=one) for i, one in enumerate(said)]
        found.append(bytes((mode | _CONFIRMED,)) + b"".join(map(to_frame, frames)))
    return found


def _chunks(file: bytes, slot: int = 0) -> list[Chunk]:
    return [Chunk(slot, at, file[at : at + 240]) for at in range(0, len(file), 240)]


def _header(file: bytes) -> str:
    return f"static const unsigned char small_wgm[] = {{{','.join(map(str, file))}}};\n"


def _integer(kernel: NDArray[np.float32], bands: int, op: Op, **more: Any) -> Layer:
    steps, zeros = (0.1, 0.1), (0 if op == Op.CONV16 else -100, -100)
    bias = np.zeros(len(kernel), np.float32)
    activation = Activation.LEAKY_CLAMPED
    return integer_layer(kernel, bias, bands=bands, op=op, activation=activation, steps=steps, zeros=zeros, **more)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        runs, target = [*sys.argv[1:], *("100000", "wgm")[len(sys.argv) - 1 :]]
        print(fuzz(int(runs), folder=Path(made), target=target), "inputs, no finding")
