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
    for i, data in enumerate(_seeds()):
        (corpus / f"seed{i}").write_bytes(data)
    limits = [f"-runs={runs}", f"-seed={seed}", f"-max_len={LONGEST}", "-print_final_stats=1", "-timeout=20"]
    done = subprocess.run([str(program), *limits, str(corpus)], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-4000:])
    return next(int(line.split()[-1]) for line in done.stderr.splitlines() if "number_of_executed_units" in line)


def _seeds() -> Sequence[bytes]:
    """Give small files that open, one of each arithmetic."""
    import numpy as np

    ones = np.ones((8, 1, 3, 3), np.float32)
    first = {"ci": 1, "co": 8, "bands": 32, "kt": 3, "kf": 3, "pt": 2, "pf": 2}
    float_layer = Layer(**first, weights=packed(ones, 8), bias=np.zeros(8, np.float32), activation=Activation.RELU)
    common = {"activation": Activation.LEAKY_CLAMPED, "steps": (0.1, 0.1), "zeros": (0, 0)}
    int_layer = integer_layer(ones, np.zeros(8, np.float32), bands=32, op=Op.CONV16, pool=(2, 2), **common)
    head = integer_layer(
        np.ones((4, 8, 3, 1), np.float32), np.zeros(4, np.float32), bands=1, op=Op.CONV, scaled=False, **common
    )
    return [
        to_bytes(Wgm(Arithmetic.FLOAT32, SOURCE_SHA256, (float_layer,))),
        to_bytes(Wgm(Arithmetic.INT8, SOURCE_SHA256, (int_layer,))),
        to_bytes(Wgm(Arithmetic.INT8, SOURCE_SHA256, (int_layer,), (head,), threshold_sum=5)),
    ]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        print(fuzz(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, folder=Path(made)), "inputs, no finding")
