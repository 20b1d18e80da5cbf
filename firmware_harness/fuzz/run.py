"""Fuzzes the .wgm parser of the C engine with libFuzzer, under address and undefined-behaviour sanitizers.

    python firmware_harness/fuzz/run.py [RUNS]

Debian: clang-14 libclang-rt-14-dev
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.features.quantise import integer_layer
from wakegen.features.weights import SOURCE_SHA256
from wakegen.model.wgm import Activation, Arithmetic, Layer, Op, Wgm, packed, to_bytes

CORE = Path(__file__).parents[1] / "core"
FLAGS = [
    "-std=c11",
    "-O1",
    "-g",
    "-fsanitize=fuzzer,address,undefined",
    "-fno-sanitize-recover=all",
    "-DWG_ANY_CHECKSUM",
    "-Wno-psabi",
]
LONGEST = 4096  # bytes: small files reach every branch, and fast


def compiler() -> str | None:
    """Give a clang with libFuzzer, if there is one."""
    return next((found for name in ("clang", "clang-14") if (found := shutil.which(name))), None)


def fuzz(runs: int, *, folder: Path, seed: int = 1) -> int:
    """Run so many inputs; give how many there were.

    Raises
    ------
    RuntimeError : one of them crashed the parser, or read out of bounds; the message holds libFuzzer's report.
    """
    clang = compiler()
    assert clang is not None
    program, corpus = folder / "fuzz", folder / "corpus"
    sources = [str(Path(__file__).with_name("wgm.c")), *(str(path) for path in sorted(CORE.glob("*.c")))]
    subprocess.run([clang, *FLAGS, f"-I{CORE}", *sources, "-lm", "-o", str(program)], check=True)
    corpus.mkdir(exist_ok=True)
    for i, data in enumerate(seeds()):
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


def _integer(kernel: NDArray[np.float32], bands: int, op: Op, **more: Any) -> Layer:
    steps, zeros = (0.1, 0.1), (0 if op == Op.CONV16 else -100, -100)
    bias = np.zeros(len(kernel), np.float32)
    activation = Activation.LEAKY_CLAMPED
    return integer_layer(kernel, bias, bands=bands, op=op, activation=activation, steps=steps, zeros=zeros, **more)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        print(fuzz(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, folder=Path(made)), "inputs, no finding")
