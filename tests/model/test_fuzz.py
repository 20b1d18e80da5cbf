"""Any bytes as a .wgm: no crash, no read out of bounds (ten million of them: `python -m benchmarks backbone`)."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from wakegen.model import wgm

FUZZ = Path(wgm.__file__).parents[2] / "firmware_harness" / "fuzz" / "run.py"


@pytest.mark.slow
def test_the_parser_of_the_c_engine_survives_a_fuzzer(tmp_path):
    module = runpy.run_path(str(FUZZ))
    if module["compiler"]() is None:
        pytest.skip("needs clang with libFuzzer: apt install clang-14 libclang-rt-14-dev")
    assert module["fuzz"](100_000, folder=tmp_path) >= 100_000


def test_the_fuzzers_seeds_are_files_that_open():
    for data in runpy.run_path(str(FUZZ))["_seeds"]():
        assert wgm.to_bytes(wgm.from_bytes(data, source="x")) == data
