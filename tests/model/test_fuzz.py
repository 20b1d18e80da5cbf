"""Any bytes as a .wgm, or as what a device hears: no crash, no read out of bounds (ten million of them: `firmware_harness/fuzz/run.py 10000000`)."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.native import needs_c
from wakegen.features import c_library
from wakegen.features.native import NativeInt8
from wakegen.model import wgm

FUZZ = Path(wgm.__file__).parents[2] / "firmware_harness" / "fuzz" / "run.py"


@pytest.mark.slow
def test_the_parser_of_the_c_engine_survives_a_fuzzer(tmp_path):
    module = runpy.run_path(str(FUZZ))
    if module["compiler"]() is None:
        pytest.skip("needs clang with libFuzzer: apt install clang-14 libclang-rt-14-dev")
    assert module["fuzz"](100_000, folder=tmp_path) >= 100_000


@pytest.mark.slow
@pytest.mark.parametrize(("target", "runs"), [("device", 5_000), ("line", 50_000)])
def test_line_and_device_survive_a_fuzzer(tmp_path, target, runs):
    module = runpy.run_path(str(FUZZ))
    if module["compiler"]() is None:
        pytest.skip("needs clang with libFuzzer: apt install clang-14 libclang-rt-14-dev")
    assert module["fuzz"](runs, folder=tmp_path, target=target) >= runs


@needs_c
def test_the_fuzzers_seeds_are_files_that_open_and_run():
    """Else it never gets behind the checks."""
    floats, integers, with_head = runpy.run_path(str(FUZZ))["seeds"]()
    for data in (floats, integers, with_head):
        assert wgm.to_bytes(wgm.from_bytes(data, source="x")) == data
    assert c_library.Model(floats, "wg_embed_f32", source="x").arena_bytes > 0
    sound = np.ones(1280, np.int16)
    for data in (integers, with_head):
        engine = NativeInt8(data, source="x")
        assert engine.arena_bytes > 0
        assert bool([engine.step(sound) for _ in range(10)][-1]["ready"]) == (data == with_head) or data == with_head


@pytest.mark.slow
@pytest.mark.parametrize("what", ["wgm", "line"])
def test_the_readers_in_python_survive_a_fuzzer(what):
    pytest.importorskip("atheris")
    program = FUZZ.with_name(f"{what}_python.py")
    done = subprocess.run([sys.executable, str(program), "20000"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Done 20000" in done.stderr
