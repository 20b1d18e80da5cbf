"""Many kinds of voices: recall on real people with every engine that is here, other phrases, and each engine's speed.

Detectors for three phrases and several seeds, as `make` has them but with `--engine auto`; long form read by MBROLA's
voices; twenty further phrases with MBROLA's voices as the speakers; how well validation ranks heads; clips per minute.
What is built stays in the work folder: a second run goes on where the first was.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import mbrola, ranking, speeds, tuning
from benchmarks.judging import (
    PHRASES,
    RECALL_KEYS,
    ROOT,
    SEEDS,
    Effort,
    Measure,
    collected,
    judged_runs,
    made_detector,
    made_in,
    nothing,
    say,
    summary,
)
from wakegen.core.executor import default_jobs
from wakegen.engines import table

FULL = Effort(engine="auto", reader="mbrola")
QUICK = Effort(
    phrases=PHRASES[:1],
    engine="auto",
    reader="mbrola",
    seeds=1,
    arguments=(
        *("--preset", "quick", "--count", "40", "--set", "train.heads=1", "--set", "train.steps=60"),
        *("--set", "evaluation.val_hours=0.02", "--set", "evaluation.test_hours=0.02"),
    ),
    longform_hours=0.03,
    recordings=6,
    negative_files=2,
)
_TUNING_CLIPS, _TUNING_HOURS = 120, 0.5
_RECALL = (*RECALL_KEYS, "worst_phrase_as_recorded")
_TUNING = ("tuning_phrases", "tuning_worst_recall")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure everything that is asked for; what is not is null, with the reason beside it."""
    effort = QUICK if options.quick else replace(FULL, seeds=options.seeds or SEEDS)
    work = Path(options.work or ROOT / "output" / ("bench-voices-quick" if options.quick else "bench-voices")).resolve()
    work.mkdir(parents=True, exist_ok=True)
    parts = options.parts or ("times", "recall", "tuning", "engines")
    if not options.quick:
        _prepare()
        os.environ["WAKEGEN_CACHE"] = str(work / "cache")  # empty at first: the first phrase pays for rooms and bank
    measures: list[Measure] = [
        (("standard_s", "standard_next_s"), "times", lambda: _standard(effort, work, skip=options.quick)),
        ((*_RECALL, "rank_correlation"), "recall", lambda: _recall(options, effort, work)),
        (_TUNING, "tuning", lambda: _tuning(effort, work, quick=options.quick)),
        (speeds.FIGURES, "engines", lambda: speeds.run(quick=options.quick)),
    ]
    return {**_present(), **collected(measures, parts, quick=options.quick)}


def _prepare() -> None:
    """Bring every engine and voice that this machine can have."""
    say("engines: what is missing is installed, where that is allowed")
    log = {"stdout": subprocess.DEVNULL, "check": False}
    subprocess.run([str(ROOT / "benchmarks" / "install_engines.sh")], **log)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-c", str(ROOT / "constraints.txt"), *_libraries()], **log)
    pulled = subprocess.run([sys.executable, "-m", "wakegen", "voices", "pull", "all", "--quiet"], **log)
    if pulled.returncode:
        say("some voices could not be pulled: the engines that need them are absent")


def _libraries() -> list[str]:
    """Give what the extra `voices` asks for, without wakegen itself: whichever copy runs this stays installed."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    names = extras["voices"][0].partition("[")[2].rstrip("]").split(",")
    return [requirement for name in names for requirement in extras[name]]


def _present() -> dict[str, Any]:
    """Say which engines take part, and which are absent."""
    states = [table.status(name) for name in table.names()]
    return {
        "engines_present": [state.name for state in states if state.available],
        "engines_absent": {state.name: state.reason for state in states if not state.available},
        "longform_voices": list(mbrola.voices()),
    }


def _standard(effort: Effort, work: Path, *, skip: bool) -> dict[str, Any]:
    """Wall time of `standard` for a first phrase (empty cache: rooms and the bank are made) and for the next.

    They are the first two detectors that the recall part judges: nothing is made for the clock alone.
    """
    if skip:
        return nothing("takes half an hour: not measured with --quick")
    if (work / "cache").exists() and not made_in(work, effort.phrases[0], 1):
        return nothing(f"{work / 'cache'} was not empty: name an empty folder with --work")
    names, times = ("standard_s", "standard_next_s"), []
    for phrase in effort.phrases[:2]:
        made_detector(phrase, 1, effort, work)
        times.append(made_in(work, phrase, 1))
    reason = "its detector was not made in one go: name an empty folder with --work"
    return {
        **dict(zip(names, times, strict=True)),
        "reasons": {name: reason for name, one in zip(names, times, strict=True) if one is None},
    }


def _recall(options: argparse.Namespace, effort: Effort, work: Path) -> dict[str, Any]:
    if not mbrola.voices():
        return nothing("no MBROLA voice is installed, which reads the long form: see benchmarks/install_engines.sh")
    runs = judged_runs(options, effort, work)
    if isinstance(runs, dict):
        return runs
    figures = summary(runs, effort)
    worst = min(figures["recall_pct"].items(), key=lambda item: item[1]["as_recorded"])
    say("ranking: single heads on validation and on the recordings")
    return {
        **figures,
        "worst_phrase_as_recorded": worst[1]["as_recorded"],
        "worst_phrase_name": worst[0],
        **ranking.run(options, effort, work),
    }


def _tuning(effort: Effort, work: Path, *, quick: bool) -> dict[str, Any]:
    """Try other phrases; with `--quick`, the detector that the recall part has made."""
    if quick:
        trial = tuning.Trial(effort, work, work, clips=12, hours=0.02, jobs=default_jobs())
        return tuning.run([tuning.Tried(PHRASES[0], "en", 2)], trial)
    wanted = replace(effort, arguments=("--preset", "quick"))
    trial = tuning.Trial(wanted, work, work / "tuning", _TUNING_CLIPS, _TUNING_HOURS, default_jobs())
    return tuning.run(tuning.PHRASES, trial)
