"""Detectors of several phrases and seeds, made as a user makes them and judged on recordings of real people."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import realdata, recall
from benchmarks.exported import Exported
from benchmarks.longform import longform
from benchmarks.recall import FLOAT, Heard, Hearing, Judged, RealSet
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
    engine: str = "espeak"  # who speaks
    reader: str = "espeak"  # who reads the long form: see `longform`
    seeds: int = SEEDS
    arguments: tuple[str, ...] = ("--preset", "standard")
    longform_hours: float = 5.2
    recordings: int | None = None
    negative_files: int | None = None
    clips: int | None = None
    help_runs: int = 10
    hearing: Hearing = FLOAT


Measure = tuple[tuple[str, ...], str, Callable[[], dict[str, Any]]]  # names of its figures, its part, the measure


def nothing(reason: str) -> dict[str, Any]:
    """Give what stands in the place of figures that were not measured."""
    return {"reason": reason}


def collected(measures: Sequence[Measure], parts: Sequence[str], *, quick: bool) -> dict[str, Any]:
    """Take the measures of the parts asked for; what is not measured is null, with the reason beside it."""
    note = {"note": "tiny counts: shows that everything runs; its recall says nothing"} if quick else {}
    figures: dict[str, Any] = {**note, "reasons": {}}
    for keys, part, measure in measures:
        try:
            found = measure() if part in parts else nothing("left out by --parts")
        except subprocess.CalledProcessError as error:
            found = nothing(f"a command ended with {error.returncode}: {(error.stderr or '')[-400:].strip()}")
        if "reason" in found:
            figures["reasons"] |= dict.fromkeys(keys, found.pop("reason"))
        figures["reasons"] |= found.pop("reasons", {})
        figures |= {**dict.fromkeys(keys), **found}
    return figures


def say(text: str) -> None:
    """Tell on stderr what is being done."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def run_wakegen(*arguments: str, cache: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would, with no configuration but what is said here."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WAKEGEN_")}
    place = cache or os.environ.get("WAKEGEN_CACHE")
    voices = os.environ.get("WAKEGEN_VOICES")
    own = {"XDG_CONFIG_HOME": "/nonexistent"}
    own |= {name: str(value) for name, value in (("WAKEGEN_CACHE", place), ("WAKEGEN_VOICES", voices)) if value}
    command = [sys.executable, "-m", "wakegen", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=kept | own)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One detector and what became of it."""

    phrase: str
    seed: int
    judged: Judged
    train_cpu_s: float
    facts: dict[str, Any]


RECALL_KEYS = (
    "recall_pct",
    *(f"recall_mean_{point}" for point in POINTS),
    "fa_per_hour_at_default",
    "train_cpu_s",
)


def judged_recall(options: argparse.Namespace, effort: Effort, work: Path) -> dict[str, Any]:
    """Make and judge all detectors of an effort; give the summary."""
    runs = judged_runs(options, effort, work)
    return runs if isinstance(runs, dict) else summary(runs, effort)


def judged_runs(options: argparse.Namespace, effort: Effort, work: Path) -> list[Run] | dict[str, Any]:
    """Make and judge all detectors of an effort; where there are no recordings, give the reason instead."""
    folder = realdata.find(options.data)
    if folder is None or not (folder / "manifest.csv").exists():
        return nothing("no real recordings: name their folder with --data or WAKEGEN_REAL_DATA")
    return [
        judged_detector(phrase, seed, effort, folder, work)
        for seed in range(1, effort.seeds + 1)
        for phrase in effort.phrases
    ]


def judged_detector(phrase: str, seed: int, effort: Effort, folder: Path, work: Path) -> Run:
    """Make the detector of one phrase and seed, and judge the exported file."""
    model, train = made_detector(phrase, seed, effort, work)
    say(f"{phrase}, seed {seed}: judging")
    data, read = heard(phrase, seed, effort, folder, work)
    exported = Exported(model)
    smoothing = exported.sidecar.smoothing
    judged = recall.judge_head(exported, data, read, smoothing=smoothing, default=exported.threshold_logit)
    facts = {
        "made_by_this_code": _mark(work, phrase, seed).read_text() == _code(),
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "streamed_differs_by": _check(exported, data, folder, slug(phrase), smoothing),
        "skipped": list(data.skipped),
        "negative_files": data.files,
        "speakers": len(set(data.clusters)),
        "clips": train["positive_windows"] + train["near_windows"] + train["general_windows"],
        "met_its_limits": exported.sidecar.gate.get("passed"),
    }
    row = Run(phrase, seed, judged, float(train["cpu_s"]), facts)
    say(_line(row))
    return row


def heard(phrase: str, seed: int, effort: Effort, folder: Path, work: Path) -> tuple[RealSet, tuple[Heard, ...]]:
    """Give the recordings and the long form that a phrase is judged on, embedded; kept in the work folder."""
    embedded = work / "embedded"
    limits = {"limit": effort.recordings, "negative_files": effort.negative_files}
    data = recall.real_set(folder, slug(phrase), **limits, cache=embedded, hearing=effort.hearing)
    read = longform(
        effort.longform_hours,
        PHRASES,
        seed=seed,
        jobs=default_jobs(),
        folder=embedded,
        reader=effort.reader,
        hearing=effort.hearing,
    )
    return data, read


def made_detector(phrase: str, seed: int, effort: Effort, work: Path) -> tuple[Path, dict[str, Any]]:
    """Make the project, or go on with it; give the model and what training came to."""
    out = work / f"{slug(phrase)}-{seed}"
    work.mkdir(parents=True, exist_ok=True)
    code, mark = _code(), _mark(work, phrase, seed)
    if mark.exists() and mark.read_text() != code:
        say(f"{out.name} was made by other code than this: remove the folder to make it anew")
    elif not mark.exists():
        mark.write_text(code)
    say(f"{phrase}, seed {seed}: making")
    fresh, started = not out.exists(), time.perf_counter()
    arguments = ("make", phrase, *effort.arguments, "--engine", effort.engine, "--device", "rpi4", "--seed", str(seed))
    done = json.loads(run_wakegen(*arguments, "--out", str(out), "--allow-poor", "--json", "--quiet").stdout)
    if fresh:
        _seconds(work, phrase, seed).write_text(f"{time.perf_counter() - started:.1f}")
    return Path(done["model"]), done["stages"]["train"]


def made_in(work: Path, phrase: str, seed: int) -> float | None:
    """Give the seconds that making a detector took; None where it was not made in one go."""
    kept = _seconds(work, phrase, seed)
    return float(kept.read_text()) if kept.exists() else None


def _seconds(work: Path, phrase: str, seed: int) -> Path:
    return work / f"{slug(phrase)}-{seed}.seconds"


def _mark(work: Path, phrase: str, seed: int) -> Path:
    return work / f"{slug(phrase)}-{seed}.code"


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


def summary(runs: Sequence[Run], effort: Effort) -> dict[str, Any]:
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
