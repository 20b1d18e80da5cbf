"""From a phrase to a measured detector: what the README states, by program.

Times and sizes first, then detectors for three phrases and several seeds, judged as exported files on recordings of
real people (`realdata`, `recall`) and on hours of read speech (`longform`). What is built stays in the work folder:
a second run goes on where the first was.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import generate, realdata, recall
from benchmarks.exported import Exported
from benchmarks.longform import longform
from benchmarks.recall import Judged
from wakegen.core.executor import default_jobs
from wakegen.core.names import slug
from wakegen.metrics.intervals import per_hour
from wakegen.train.calibrate import smooth_logits

ROOT = Path(__file__).resolve().parent.parent
PHRASES = ("jarvis", "snowboy", "view glass")
POINTS = ("as_recorded", "noise_10db", "as_recorded_longform", "noise_10db_longform")
SEEDS = 3
_AT_DEFAULT = ("as_recorded_default", "noise_10db_default")


@dataclass(frozen=True, slots=True)
class Effort:
    """How much of everything: in full, or just enough to run every line (`--quick`)."""

    phrases: tuple[str, ...] = PHRASES
    seeds: int = SEEDS
    arguments: tuple[str, ...] = ("--preset", "standard")
    longform_hours: float = 5.2
    recordings: int | None = None
    negative_files: int | None = None
    clips: int | None = None
    help_runs: int = 10


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
    figures: dict[str, Any] = {"reasons": {}}
    measures: list[tuple[tuple[str, ...], str, Callable[[], dict[str, Any]]]] = [
        (("help_ms",), "times", lambda: _help(effort.help_runs)),
        (("install_mb",), "times", lambda: _install(work, skip=options.quick)),
        (("quick_s",), "times", lambda: _quick(work, skip=options.quick)),
        (("clips_per_min", "clips_per_min_generate_only"), "times", lambda: _clips(options, effort, work)),
        (_RECALL_KEYS, "recall", lambda: _recall(options, effort, work)),
    ]
    for keys, part, measure in measures:
        try:
            found = measure() if part in parts else _nothing("left out by --parts")
        except subprocess.CalledProcessError as error:
            found = _nothing(f"a command ended with {error.returncode}: {(error.stderr or '')[-400:].strip()}")
        if "reason" in found:
            figures["reasons"] |= dict.fromkeys(keys, found.pop("reason"))
        figures |= {**dict.fromkeys(keys), **found}
    return (
        {"note": "tiny counts: shows that everything runs; its recall says nothing", **figures}
        if options.quick
        else figures
    )


def _nothing(reason: str) -> dict[str, Any]:
    return {"reason": reason}


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def _wakegen(*arguments: str, cache: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would, with no configuration but what is said here."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WAKEGEN_")}
    place = cache or os.environ.get("WAKEGEN_CACHE")
    own = {"XDG_CONFIG_HOME": "/nonexistent", **({"WAKEGEN_CACHE": str(place)} if place else {})}
    command = [sys.executable, "-m", "wakegen", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=kept | own)


# Times and sizes ------------------------------------------------------------------------------------------------


def _help(runs: int) -> dict[str, Any]:
    """Wall time of `wakegen --help` in fresh processes, interleaved with a bare interpreter."""
    _say(f"help: {runs} processes")
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
            return _nothing("takes minutes: not measured with --quick")
        _say("install: a fresh environment")
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
        return _nothing("takes minutes: not measured with --quick")
    _say('quick: make "hey katya" with an empty cache')
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
        done = _wakegen(*arguments, cache=cache)
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


# Recall ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One detector and what became of it."""

    phrase: str
    seed: int
    judged: Judged
    train_cpu_s: float
    facts: dict[str, Any]


_RECALL_KEYS = (
    "recall_pct",
    *(f"recall_mean_{point}" for point in POINTS),
    "fa_per_hour_at_default",
    "train_cpu_s",
)


def _recall(options: argparse.Namespace, effort: Effort, work: Path) -> dict[str, Any]:
    folder = realdata.find(options.data)
    if folder is None or not (folder / "manifest.csv").exists():
        return _nothing("no real recordings: name their folder with --data or WAKEGEN_REAL_DATA")
    runs = [
        _one(phrase, seed, effort, folder, work) for seed in range(1, effort.seeds + 1) for phrase in effort.phrases
    ]
    return _summary(runs, effort)


def _one(phrase: str, seed: int, effort: Effort, folder: Path, work: Path) -> Run:
    """Make the detector of one phrase and seed, and judge the exported file."""
    model, train = _made(phrase, seed, effort, work)
    _say(f"{phrase}, seed {seed}: judging")
    embedded = work / "embedded"
    data = recall.real_set(
        folder, slug(phrase), limit=effort.recordings, negative_files=effort.negative_files, cache=embedded
    )
    read = longform(effort.longform_hours, PHRASES, seed=seed, jobs=default_jobs(), folder=embedded)
    exported = Exported(model)
    smoothing = exported.sidecar.smoothing
    judged = recall.judge_head(exported, data, read, smoothing=smoothing, default=exported.threshold_logit)
    facts = {
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "streamed_differs_by": _check(exported, data, folder, slug(phrase), smoothing),
        "skipped": list(data.skipped),
        "negative_files": data.files,
        "speakers": len(set(data.clusters)),
        "clips": train["positive_windows"] + train["near_windows"] + train["general_windows"],
        "met_its_limits": exported.sidecar.gate.get("passed"),
    }
    row = Run(phrase, seed, judged, float(train["cpu_s"]), facts)
    _say(_line(row))
    return row


def _made(phrase: str, seed: int, effort: Effort, work: Path) -> tuple[Path, dict[str, Any]]:
    """Make the project, or go on with it; give the model and what training came to."""
    out = work / f"{slug(phrase)}-{seed}"
    code, mark = _code(), work / f"{slug(phrase)}-{seed}.code"
    if mark.exists() and mark.read_text() != code:
        _say(f"{out.name} was made by other code than this: remove the folder to make it anew")
    elif not mark.exists():
        mark.write_text(code)
    _say(f"{phrase}, seed {seed}: making")
    arguments = ("make", phrase, *effort.arguments, "--engine", "espeak", "--device", "rpi4", "--seed", str(seed))
    done = json.loads(_wakegen(*arguments, "--out", str(out), "--allow-poor", "--json", "--quiet").stdout)
    return Path(done["model"]), done["stages"]["train"]


def _code() -> str:
    """Name the code of wakegen as it stands."""
    sources = sorted((ROOT / "wakegen").rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _check(exported: Exported, data: recall.RealSet, folder: Path, name: str, smoothing: int) -> float:
    """Stream three recordings through the detector itself: the batch must give the same scores."""
    worst = 0.0
    for positive, heard in zip(
        islice(realdata.positives(realdata.load(folder), name, snr_db=None), 3), data.as_recorded, strict=False
    ):
        smoothed = smooth_logits(exported, heard.rows, heard.steps, smoothing)  # type: ignore[arg-type]
        worst = max(worst, exported.worst_difference(positive.samples, smoothed))
    if worst > 1e-3:
        raise RuntimeError(f"{exported.path}: scored in a batch, it differs by {worst:.2g} from the stream")
    return float(f"{worst:.2g}")


def _line(row: Run) -> str:
    points = ", ".join(f"{name} {row.judged.percent(name):.1f}" for name in (*POINTS, *_AT_DEFAULT))
    one = row.judged
    return f"{row.phrase}, seed {row.seed}: {points}; default: {one.fa_real} + {one.fa_longform} false accepts"


def _summary(runs: Sequence[Run], effort: Effort) -> dict[str, Any]:
    """Means over seeds, then over phrases; intervals resample speakers, who speak for all seeds and phrases."""
    by_phrase = {phrase: [run for run in runs if run.phrase == phrase] for phrase in effort.phrases}
    means = {
        phrase: {point: _mean(run.judged.percent(point) for run in mine) for point in (*POINTS, *_AT_DEFAULT)}
        for phrase, mine in by_phrase.items()
    }
    judged = [run.judged for run in runs]
    accepts = sum(one.fa_real + one.fa_longform for one in judged)
    hours = sum(one.hours_real + one.hours_longform for one in judged)
    cpu_s = [run.train_cpu_s for run in runs]
    rows = [_row(run) for run in runs]
    return {
        "recall_pct": {
            phrase: {point: round(found[point], 1) for point in POINTS[:2]} for phrase, found in means.items()
        },
        **{f"recall_mean_{point}": round(_mean(found[point] for found in means.values()), 1) for point in POINTS},
        "fa_per_hour_at_default": round(accepts / hours, 3),
        "train_cpu_s": round(max(cpu_s), 1),
        "train_cpu_s_median": round(statistics.median(cpu_s), 1),
        "recall_mean_at_default": {
            point: round(_mean(found[point] for found in means.values()), 1) for point in _AT_DEFAULT
        },
        "recall_longform_pct": {
            phrase: {point: round(found[point], 1) for point in POINTS[2:]} for phrase, found in means.items()
        },
        "recall_95": {point: _interval(judged, point) for point in (*POINTS, *_AT_DEFAULT)},
        "fa_at_default": {
            "real": per_hour(sum(one.fa_real for one in judged), sum(one.hours_real for one in judged)).text(),
            "longform": per_hour(
                sum(one.fa_longform for one in judged), sum(one.hours_longform for one in judged)
            ).text(),
            "all": per_hour(accepts, hours).text(),
            "worst_run": max(round(one.fa_per_hour, 2) for one in judged),
        },
        "worst_phrase": {point: min((found[point], name) for name, found in means.items())[1] for point in POINTS},
        "worst_run": {point: _worst(runs, point) for point in POINTS},
        "seeds": sorted({run.seed for run in runs}),
        "skipped": sorted({name for run in runs for name in run.facts["skipped"]}),
        "rows": rows,
        "recall_hash": hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()[:16],
    }


def _worst(runs: Sequence[Run], point: str) -> str:
    found = min(runs, key=lambda run: run.judged.percent(point))
    return f"{found.phrase}, seed {found.seed}: {found.judged.percent(point):.1f}"


def _row(run: Run) -> dict[str, Any]:
    one = run.judged
    return {
        "phrase": run.phrase,
        "seed": run.seed,
        **{point: _interval([one], point) for point in (*POINTS, *_AT_DEFAULT)},
        "fa_at_default": {"real": one.fa_real, "longform": one.fa_longform, "per_hour": round(one.fa_per_hour, 3)},
        "hours": {"real": round(one.hours_real, 3), "longform": round(one.hours_longform, 3)},
        "allowed": {"real": 1, "real_and_longform": one.allowed_longform},
        "threshold_logits": {name.strip("_") or "one": round(value, 3) for name, value in one.thresholds.items()},
        "train_cpu_s": run.train_cpu_s,
        **run.facts,
    }


def _interval(judged: Sequence[Judged], point: str) -> dict[str, Any]:
    """Hits, recordings, recall and its 95 % interval in percent; speakers are resampled, not recordings."""
    rate = recall.with_interval(judged, point)
    return {
        "hits": rate.hits,
        "n": rate.total,
        "pct": round(100 * (rate.value or 0.0), 1),
        "low": round(100 * rate.low, 1),
        "high": round(100 * rate.high, 1),
    }


def _mean(values: Any) -> float:
    return float(np.mean(list(values)))


__all__ = ["PHRASES", "run"]
