"""The program answers at once: what a bare start imports and how long it takes."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

HEAVY = (
    "numpy",
    "scipy",
    "onnx",
    "onnxruntime",
    "pyroomacoustics",
    "soundfile",
    "rich",
    "ruamel",
    "wordfreq",
    "autograd",
)
HELP_MS = 150  # promised in the README; `python -m benchmarks make` measures it without the disturbance of a test run


def run(code: str) -> str:
    env = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env).stdout


@pytest.mark.parametrize("argument", ["--help", "--version", "make --help", "train --help"])
def test_help_imports_nothing_heavy(argument):
    code = f"""
import sys
from wakegen.cli.guard import run
run({argument.split()!r})
print("LOADED", *[name for name in {HEAVY!r} if name in sys.modules])
"""
    assert run(code).splitlines()[-1] == "LOADED"


def test_the_package_itself_imports_nothing_heavy():
    assert run(f"import sys, wakegen; print([name for name in {HEAVY!r} if name in sys.modules])").strip() == "[]"


def test_help_answers_within_the_promised_time():
    env = {name: value for name, value in os.environ.items() if not name.startswith("COV")}

    def once() -> float:
        before = time.perf_counter()
        subprocess.run([sys.executable, "-m", "wakegen", "--help"], stdout=subprocess.DEVNULL, check=True, env=env)
        return (time.perf_counter() - before) * 1000

    assert any(once() <= HELP_MS for _ in range(20))  # the best of a few: other tests run beside this one
