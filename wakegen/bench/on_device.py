"""What a detector costs on a device, from what the device itself says: its clock, its memory, its temperature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from wakegen.bench.latency import WARM_UP_STEPS, Latency, histogram, timing
from wakegen.bench.machine import Machine
from wakegen.bench.remote import Ticks
from wakegen.core.errors import DeviceError
from wakegen.devices.facts import Value
from wakegen.devices.messages import Loaded
from wakegen.metrics.events import STEP_S

Facts = Mapping[str, Value]

# Bits of `vcgencmd get_throttled` (Raspberry Pi documentation); the upper half says that it happened since the start.
_THROTTLED = {
    0: "under-voltage",
    1: "clock capped",
    2: "throttled",
    3: "soft temperature limit",
}
_HOT_MC = 80_000  # where a Raspberry Pi begins to slow down
_BUSY = 0.5  # load per core from which figures are not to be trusted
_SPREAD = 0.02  # clocks differ by so much when nothing has changed them


def latency_of(
    ticks: Ticks,
    info: Facts,
    loaded: Loaded,
    *,
    before: Facts,
    after: Facts,
    model_bytes: int,
    estimated: str | None = None,
) -> Latency:
    """Turn the device's ticks into times.

    Raises
    ------
    DeviceError : it heard too little for its steps to be timed, or does not say what a tick is.
    """
    rate = int(info.get("ticks_per_s", 0))
    all_ticks = np.concatenate(ticks.ready) if ticks.ready else np.zeros(0, np.uint32)
    if rate <= 0 or len(all_ticks) <= WARM_UP_STEPS:
        raise DeviceError(
            f"{len(all_ticks)} steps at {rate} ticks a second are nothing to time.", hint="Let it hear more: --seconds."
        )
    times = 1000 * all_ticks.astype(np.float64) / rate
    warm, timed = times[:WARM_UP_STEPS], times[WARM_UP_STEPS:]
    edges, counts = histogram(timed)
    reasons = disturbances(info, before, after)
    mean_s = float(np.mean(timed)) / 1000
    return Latency(
        step=timing(timed),
        step_cpu=None,
        init_ms=1000 * loaded.init_ticks / rate,
        first_ms=1000 * (ticks.first or 0) / rate,
        warm_up_steps=len(warm),
        warm_up_ms_mean=float(np.mean(warm)),
        rtf=mean_s / STEP_S,
        cpu_s_per_hour=mean_s * 3600 / STEP_S,
        histogram_edges_ms=edges,
        histogram_counts=counts,
        peak_rss_bytes=_number(after, "rss_most"),
        base_rss_bytes=_number(before, "rss_bytes"),
        model_bytes=model_bytes,
        machine=machine_of(info, before),
        disturbed=bool(reasons),
        reasons=reasons,
        estimated=estimated,
    )


def late_steps(ticks: Ticks, info: Facts) -> int:
    """Count the steps that took longer than the sound that they heard."""
    most = STEP_S * int(info.get("ticks_per_s", 0))
    return int(sum(int((part > most).sum()) for part in ticks.ready))


def machine_of(info: Facts, stats: Facts) -> Machine:
    """Say what the device is, in the words of a report."""
    core = f"{info['chip']} ({info['core']})" if info.get("core") else str(info.get("chip", "unknown"))
    return Machine(
        cpu=core,
        cores=int(info.get("cores", 1)),
        memory_mb=round(int(info.get("memory_kb", 0)) / 1000),
        governor=str(info["governor"]) if info.get("governor") else None,
        os=str(info.get("os") or f"firmware {info.get('port', '')} {info.get('version', '')}".strip()),
        python=str(info.get("python", "")),
        onnxruntime=None,
        load_average=int(stats.get("load_milli", 0)) / 1000,
    )


def disturbances(info: Facts, before: Facts, after: Facts) -> tuple[str, ...]:
    """Say why figures are doubtful; nothing when they are not."""
    found = []
    load, cores = int(before.get("load_milli", 0)) / 1000, int(info.get("cores", 1))
    if load > _BUSY * cores:
        found.append(f"load average {load:.1f} on {cores} core{'s' if cores > 1 else ''} before it began")
    bits = int(after.get("throttled", 0))
    found += [f"{name} while it ran" for bit, name in _THROTTLED.items() if bits >> bit & 1]
    new = (bits & ~int(before.get("throttled", 0))) >> 16
    found += [
        f"{name} at some time of the run" for bit, name in _THROTTLED.items() if new >> bit & 1 and not bits >> bit & 1
    ]
    hot = int(after.get("temperature_mc", 0))
    if hot >= _HOT_MC:
        found.append(f"{hot / 1000:.0f} °C at its end")
    first, last = int(before.get("clock_now_hz", 0)), int(after.get("clock_now_hz", 0))
    if first and last and abs(last - first) > _SPREAD * first:
        found.append(f"its clock went from {first / 1e6:.0f} to {last / 1e6:.0f} MHz")
    return tuple(found)


def throttling(stats: Facts) -> str | None:
    """Give `get_throttled` in words; None where the device does not say."""
    if "throttled" not in stats:
        return None
    bits = int(stats["throttled"])
    now = [name for bit, name in _THROTTLED.items() if bits >> bit & 1]
    past = [name for bit, name in _THROTTLED.items() if bits >> (16 + bit) & 1]
    parts = [f"now: {', '.join(now)}"] if now else []
    parts += [f"since its start: {', '.join(past)}"] if past else []
    return "; ".join(parts) or "never"


def memory_of(loaded: Loaded, after: Facts, *, model_bytes: int) -> dict[str, Any]:
    """Give all that is known of memory, in bytes; what a device does not say is left out."""
    names = (
        *("arena_used", "stack_bytes", "stack_used", "heap_free", "heap_least", "psram_free", "psram_least"),
        *("flash_used", "rss_bytes", "rss_most", "pss_bytes"),
    )
    found: dict[str, Any] = {"model": model_bytes}
    if loaded.arena:
        found["detector"] = loaded.arena
    return found | {name: int(after[name]) for name in names if name in after}


def _number(facts: Facts, name: str) -> int | None:
    return int(facts[name]) if name in facts else None
