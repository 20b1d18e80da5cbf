"""What the agent says of the computer it runs on: read from /proc and /sys, and left out where they do not say."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import time
from pathlib import Path

from wakegen.core.version import VERSION
from wakegen.devices.facts import Value
from wakegen.features import native

Facts = dict[str, Value | None]

RATE_HZ = 16_000
TICKS_PER_S = 1_000_000_000
_CLOCK = "/sys/devices/system/cpu/cpu0/cpufreq"
_VCGENCMD_S = 2.0  # it asks the firmware of a Raspberry Pi: milliseconds


def info(*, runtime: str) -> Facts:
    """Say what this computer is."""
    return {
        "chip": _board(),
        "core": platform.machine(),
        "port": "agent",
        "version": VERSION,
        "clock_hz": _khz(f"{_CLOCK}/cpuinfo_max_freq") or _mhz_now(),
        "ticks_per_s": TICKS_PER_S,
        "ticks_are": "nanoseconds",
        "rate_hz": RATE_HZ,
        "formats": "wgm onnx" if native.is_there() else "onnx",
        "os": platform.platform(terse=True),
        "python": platform.python_version(),
        "runtime": runtime,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_kb": _number(r"^MemTotal:\s+(\d+) kB", _read("/proc/meminfo")),
        "governor": _read(f"{_CLOCK}/scaling_governor"),
        "host": platform.node(),
    }


def stats() -> Facts:
    """Say how it fares now."""
    status = _read("/proc/self/status")
    return {
        "uptime_ms": round(1000 * float(uptime.split()[0])) if (uptime := _read("/proc/uptime")) else None,
        "temperature_mc": _temperature_mc(),
        "throttled": _throttled(),
        "rss_bytes": _kilobytes(r"^VmRSS:\s+(\d+) kB", status),
        "rss_most": _kilobytes(r"^VmHWM:\s+(\d+) kB", status),
        "pss_bytes": _kilobytes(r"^Pss:\s+(\d+) kB", _read("/proc/self/smaps_rollup")),
        "clock_now_hz": _khz(f"{_CLOCK}/scaling_cur_freq") or _mhz_now(),
        "load_milli": round(1000 * os.getloadavg()[0]) if hasattr(os, "getloadavg") else None,
        "cpu_ms": round(1000 * time.process_time()),
    }


def _board() -> str:
    board = _read("/proc/device-tree/model")
    if board:
        return board.rstrip("\0")
    found = re.search(r"^model name\s*:\s*(.+)$", _read("/proc/cpuinfo") or "", re.MULTILINE | re.IGNORECASE)
    return " ".join(found[1].split()) if found else platform.processor() or platform.machine()


def _temperature_mc() -> int | None:
    """Give the hottest zone: which of them is the processor, boards say in many ways."""
    zones = [_read(str(path)) for path in sorted(Path("/sys/class/thermal").glob("thermal_zone*/temp"))]
    return max((int(zone) for zone in zones if zone and re.fullmatch(r"-?\d+", zone)), default=None)


def _throttled() -> int | None:
    program = shutil.which("vcgencmd")
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "get_throttled"], capture_output=True, text=True, timeout=_VCGENCMD_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(r"throttled=0x([0-9a-fA-F]+)", done.stdout)
    return int(found[1], 16) if found else None


def _khz(path: str) -> int | None:
    found = _number(r"^(\d+)$", _read(path))
    return 1000 * found if found else None


def _mhz_now() -> int | None:
    found = re.search(r"^cpu MHz\s*:\s*([\d.]+)", _read("/proc/cpuinfo") or "", re.MULTILINE)
    return round(1e6 * float(found[1])) if found else None


def _kilobytes(pattern: str, text: str | None) -> int | None:
    found = _number(pattern, text)
    return None if found is None else 1024 * found


def _number(pattern: str, text: str | None) -> int | None:
    found = re.search(pattern, text or "", re.MULTILINE)
    return int(found[1]) if found else None


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
