"""From a phrase to a measured detector: what the README states, by program.

Times and sizes first, then detectors for three phrases and several seeds, judged as exported files on recordings of
real people (`realdata`, `recall`) and on hours of read speech (`longform`). What is built stays in the work folder:
a second run goes on where the first was.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import generate
from benchmarks.judging import (
    PHRASES,
    RECALL_KEYS,
    ROOT,
    SEEDS,
    Effort,
    Measure,
    collected,
    judged_recall,
    nothing,
    run_wakegen,
    say,
)

QUICK = Effort(
    phrases=PHRASES[:1],
    seeds=1,
    arguments=(
        *("--preset", "quick", "--count", "40", "--set", "train.heads=1", "--set", "train.steps=60"),
        *("--set", "evaluation.val_hours=0.02", "--set", "evaluation.test_hours=0.02"),
    ),
    longform_hours=0.03,
    recordings=6,
    negative_files=2,
    clips=60,
    help_runs=3,
)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure everything that is asked for; what is not is null, with the reason beside it."""
    effort = QUICK if options.quick else Effort(seeds=options.seeds or SEEDS)
    work = Path(options.work or ROOT / "output" / ("benchmark-quick" if options.quick else "benchmark")).resolve()
    work.mkdir(parents=True, exist_ok=True)
    parts = options.parts or ("times", "recall")
    measures: list[Measure] = [
        (("help_ms",), "times", lambda: _help(effort.help_runs)),
        (("install_mb",), "times", lambda: _install(work, skip=options.quick)),
        (("quick_s",), "times", lambda: _quick(work, skip=options.quick)),
        (("clips_per_min", "clips_per_min_generate_only"), "times", lambda: _clips(options, effort, work)),
        (RECALL_KEYS, "recall", lambda: judged_recall(options, effort, work)),
    ]
    return collected(measures, parts, quick=options.quick)


# Times and sizes ------------------------------------------------------------------------------------------------


def _help(runs: int) -> dict[str, Any]:
    """Wall time of `wakegen --help` in fresh processes, interleaved with a bare interpreter."""
    say(f"help: {runs} processes")
    script = Path(sys.executable).with_name("wakegen")
    command = [str(script)] if script.exists() else [sys.executable, "-m", "wakegen"]
    times: dict[str, list[float]] = {"help": [], "bare": []}
    for _ in range(runs):
        for name, call in (("help", [*command, "--help"]), ("bare", [sys.executable, "-c", "pass"])):
            started = time.perf_counter()
            subprocess.run(call, check=True, stdout=subprocess.DEVNULL)
            times[name].append(1000 * (time.perf_counter() - started))
    return {
        "help_ms": round(statistics.median(times["help"]), 1),
        "help_ms_range": [round(min(times["help"]), 1), round(max(times["help"]), 1)],
        "help_n": runs,
        "bare_python_ms": round(statistics.median(times["bare"]), 1),
    }


def _install(work: Path, *, skip: bool) -> dict[str, Any]:
    """Disk use of a fresh environment that holds what the demo needs: wakegen and its run-time dependencies."""
    folder = work / "install"
    sources = b"".join((ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    stamp, wanted = folder / "made-from", hashlib.sha256(sources).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        if skip:
            return nothing("takes minutes: not measured with --quick")
        say("install: a fresh environment")
        subprocess.run(
            [sys.executable, "-m", "venv", "--clear", str(folder)], check=True, capture_output=True, text=True
        )
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        command = [*pip, "-c", str(ROOT / "constraints.txt"), str(ROOT)]
        subprocess.run(command, check=True, capture_output=True, text=True)
        stamp.write_text(wanted)
    return {"install_mb": _disk_mb(folder)}


def _quick(work: Path, *, skip: bool) -> dict[str, Any]:
    """Wall time of the demo's command on a machine that has never run it: no rooms, no derived files."""
    if skip:
        return nothing("takes minutes: not measured with --quick")
    say('quick: make "hey katya" with an empty cache')
    with tempfile.TemporaryDirectory(prefix="quick-", dir=work) as folder:
        out, cache = Path(folder) / "hey_katya", Path(folder) / "cache"
        arguments = (
            "make",
            "hey katya",
            "--preset",
            "quick",
            "--device",
            "rpi4",
            "--out",
            str(out),
            "--json",
            "--allow-poor",
        )
        started = time.perf_counter()
        done = run_wakegen(*arguments, cache=cache)
        seconds = time.perf_counter() - started
        tested = json.loads(done.stdout)["stages"]["test"]
        return {
            "quick_s": round(seconds, 1),
            "quick_project_mb": _disk_mb(out),
            "quick_cache_mb": _disk_mb(cache),
            "quick_met_its_limits": tested["passed"],
        }


def _clips(options: argparse.Namespace, effort: Effort, work: Path) -> dict[str, Any]:
    found = generate.run(argparse.Namespace(**{**vars(options), "work": str(work)}), count=effort.clips, engine=False)
    return {name if name.startswith("clips_per") else f"generate_{name}": value for name, value in found.items()}


def _disk_mb(folder: Path) -> float:
    """Give the megabytes (10⁶) that a folder takes on disk."""
    blocks = {
        (stat.st_dev, stat.st_ino): stat.st_blocks for path in (folder, *folder.rglob("*")) if (stat := path.lstat())
    }
    return round(512 * sum(blocks.values()) / 1e6, 1)
