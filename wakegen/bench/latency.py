"""How long a step takes, and what the detector costs to keep running."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.bench.items import RATE_HZ, STEP_SAMPLES, Stepper
from wakegen.bench.machine import Machine, describe, load_reasons, peak_rss_bytes
from wakegen.core.errors import WakegenError
from wakegen.core.seeds import stream
from wakegen.metrics.events import STEP_S

WARM_UP_STEPS = 25  # 2 s: caches, lazy allocation and the clock governor settle
LOADER = "wakegen.runtime.detector:Detector"

_BINS = 40
_WAITED = 1.5  # wall over CPU time of the median step, from which something else had the processor
_PREEMPTED = 0.05  # involuntary switches per step


@dataclass(frozen=True, slots=True)
class Timing:
    """A distribution of times."""

    n: int
    mean_ms: float
    sd_ms: float
    p50_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


@dataclass(frozen=True, slots=True)
class Latency:
    """What one detector takes on one machine."""

    step: Timing  # wall clock for each 80 ms of sound, warm-up left out
    step_cpu: Timing | None  # processor time of all threads for the same steps; None where only the wall clock is known
    init_ms: float  # loading, until the first sample can be pushed
    first_ms: float  # the first step
    warm_up_steps: int
    warm_up_ms_mean: float
    rtf: float  # wall time over the time of the sound
    cpu_s_per_hour: float  # processor seconds per hour of sound
    histogram_edges_ms: tuple[float, ...]  # one more than counts; the last bin holds everything above
    histogram_counts: tuple[int, ...]
    peak_rss_bytes: int | None  # of a process that only runs the detector
    base_rss_bytes: int | None  # of the same process before it loaded it
    model_bytes: int | None
    machine: Machine
    disturbed: bool
    reasons: tuple[str, ...]  # why, when it was
    estimated: str | None = None  # from what, when the figures were not measured on the device itself

    def to_json(self) -> dict[str, Any]:
        """Give all fields: "latency" of report.json."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Latency:
        """Take back what `to_json` gave."""
        lists = {key: tuple(raw[key]) for key in ("histogram_edges_ms", "histogram_counts", "reasons")}
        parts = {
            "step": Timing(**raw["step"]),
            "step_cpu": Timing(**raw["step_cpu"]) if raw["step_cpu"] else None,
            "machine": Machine(**raw["machine"]),
        }
        return cls(**{**raw, **lists, **parts})


def measure_latency(
    load: Callable[[], Stepper],
    *,
    seconds: float = 60.0,
    warm_up_steps: int = WARM_UP_STEPS,
    model_bytes: int | None = None,
    samples: NDArray[np.int16] | None = None,
) -> Latency:
    """Load a detector here and push `seconds` of sound through it, step by step.

    Memory is this process's; `measure_in_child` gives the detector's own.

    Parameters
    ----------
    samples : int16, shape (n,): what to play in a loop; noise whose level wanders, by default.
    """
    machine, base = describe(), peak_rss_bytes()
    started = time.perf_counter()
    detector = load()
    init_ms = 1000 * (time.perf_counter() - started)
    steps = warm_up_steps + max(1, round(seconds / STEP_S))
    sound = wandering_noise() if samples is None else samples
    switches = _involuntary_switches()
    wall, cpu = _time_steps(detector, sound, steps)
    switched = _involuntary_switches() - switches
    timed, timed_cpu = wall[warm_up_steps:], cpu[warm_up_steps:]
    edges, counts = histogram(timed)
    reasons = (*load_reasons(machine), *_wait_reasons(timed, timed_cpu, switched / steps))
    return Latency(
        step=timing(timed),
        step_cpu=timing(timed_cpu),
        init_ms=init_ms,
        first_ms=float(wall[0]),
        warm_up_steps=warm_up_steps,
        warm_up_ms_mean=float(np.mean(wall[:warm_up_steps])) if warm_up_steps else 0.0,
        rtf=float(np.mean(timed)) / (1000 * STEP_S),
        cpu_s_per_hour=float(np.mean(timed_cpu)) / 1000 * 3600 / STEP_S,
        histogram_edges_ms=edges,
        histogram_counts=counts,
        peak_rss_bytes=peak_rss_bytes(),
        base_rss_bytes=base,
        model_bytes=model_bytes,
        machine=machine,
        disturbed=bool(reasons),
        reasons=reasons,
    )


def measure_in_child(model: Path, *, seconds: float = 60.0, loader: str = LOADER, deadline_s: float = 600.0) -> Latency:
    """Measure in a fresh process that does nothing but run the detector, so that the memory is its own.

    Parameters
    ----------
    loader : "module:callable" that takes the model's path and gives the detector.
    deadline_s : far above what the slowest supported board needs for a minute of sound.

    Raises
    ------
    WakegenError : the child failed or did not end in time; its last line says why.
    """
    command = [sys.executable, "-m", "wakegen.bench.child", str(model), "--seconds", str(seconds), "--loader", loader]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=deadline_s, check=False)
    except subprocess.TimeoutExpired:
        raise WakegenError(
            f"Measuring {model.name} did not end within {deadline_s:.0f} s.",
            hint="The machine may be overloaded; try again with fewer seconds.",
        ) from None
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise WakegenError(
            f"Measuring {model.name} failed: {reason.rstrip('.')}.", hint="Run the detector once with `wakegen listen`."
        )
    return Latency.from_json(json.loads(done.stdout))


def estimated_for(latency: Latency, *, factor: float, source: str) -> Latency:
    """Scale the times to another device and label them: `source` says from what, and by which factor."""
    return replace(
        latency,
        step=_scaled(latency.step, factor),
        step_cpu=_scaled(latency.step_cpu, factor) if latency.step_cpu else None,
        init_ms=latency.init_ms * factor,
        first_ms=latency.first_ms * factor,
        warm_up_ms_mean=latency.warm_up_ms_mean * factor,
        rtf=latency.rtf * factor,
        cpu_s_per_hour=latency.cpu_s_per_hour * factor,
        histogram_edges_ms=tuple(edge * factor for edge in latency.histogram_edges_ms),
        estimated=f"{source}, times × {factor:.3g}",
    )


def timing(times_ms: NDArray[np.float64] | Sequence[float]) -> Timing:
    """Sum up times in ms, shape (n,), n ≥ 1."""
    values = np.asarray(times_ms, np.float64)
    p50, p90, p95, p99 = (float(v) for v in np.percentile(values, [50, 90, 95, 99]))
    sd = float(np.std(values, ddof=1)) if values.size > 1 else 0.0
    return Timing(int(values.size), float(np.mean(values)), sd, p50, p90, p95, p99, float(np.max(values)))


def _time_steps(
    detector: Stepper, sound: NDArray[np.int16], steps: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    wall, cpu = np.zeros(steps), np.zeros(steps)
    chunks = [sound[at : at + STEP_SAMPLES] for at in range(0, sound.size - STEP_SAMPLES + 1, STEP_SAMPLES)]
    for step in range(steps):
        chunk = chunks[step % len(chunks)]
        cpu_before, wall_before = time.process_time_ns(), time.perf_counter_ns()
        detector.push(chunk)
        wall[step] = (time.perf_counter_ns() - wall_before) / 1e6
        cpu[step] = (time.process_time_ns() - cpu_before) / 1e6
    return wall, cpu


def histogram(times_ms: NDArray[np.float64]) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Bin up to twice the 99th percentile; what lies above is counted in the last bin, and `max` names it."""
    top = max(2 * float(np.percentile(times_ms, 99)), 1e-3)
    counts, edges = np.histogram(np.minimum(times_ms, top), bins=_BINS, range=(0.0, top))
    return tuple(round(float(e), 4) for e in edges), tuple(int(c) for c in counts)


def _wait_reasons(wall: NDArray[np.float64], cpu: NDArray[np.float64], switched: float) -> tuple[str, ...]:
    reasons = []
    ratio = float(np.median(wall)) / max(float(np.median(cpu)), 1e-6)
    if ratio > _WAITED and np.median(wall) > 0.05:  # below that the clocks themselves are what is measured
        reasons.append(f"steps took {ratio:.1f} times their processor time")
    if switched > _PREEMPTED:
        reasons.append(f"{100 * switched:.0f} % of the steps were interrupted by other processes")
    return tuple(reasons)


def _involuntary_switches() -> int:
    import psutil

    return int(psutil.Process().num_ctx_switches().involuntary)


def wandering_noise() -> NDArray[np.int16]:
    """Ten seconds of noise between about −60 and −14 dBFS, the same every time."""
    rng, count = stream(0, "latency"), 10 * RATE_HZ
    level = 10 ** ((-37 + 23 * np.sin(np.arange(count) * (2 * np.pi * 0.7 / RATE_HZ))) / 20)
    return np.asarray(np.clip(np.rint(rng.standard_normal(count) * level * 32768), -32768, 32767), np.int16)


def _scaled(times: Timing, factor: float) -> Timing:
    return Timing(times.n, *(getattr(times, name) * factor for name in Timing.__slots__[1:]))


def model_bytes(model: Path) -> int | None:
    """Give the size of a model file, or None when it cannot be read."""
    try:
        return os.stat(model).st_size
    except OSError:
        return None
