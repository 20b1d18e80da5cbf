"""On what a figure was measured, and whether something else was running."""

from __future__ import annotations

import platform
import re
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from wakegen.core.executor import default_jobs

_BUSY_LOAD = 0.5  # load per core before the measurement from which figures are not to be trusted


@dataclass(frozen=True, slots=True)
class Machine:
    """The computer as it can be read from user space."""

    cpu: str
    cores: int  # that this process may use
    memory_mb: int  # of the whole machine
    governor: str | None  # of the first core's clock; None where it cannot be read
    os: str
    python: str
    onnxruntime: str | None
    load_average: float  # over one minute, when read

    def to_json(self) -> dict[str, object]:
        """Give all fields."""
        return asdict(self)


def describe() -> Machine:
    """Read what this machine is, now."""
    import psutil

    try:
        runtime = version("onnxruntime")
    except PackageNotFoundError:
        runtime = None
    return Machine(
        cpu=_cpu(),
        cores=default_jobs(),
        memory_mb=round(psutil.virtual_memory().total / 1e6),
        governor=_read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        os=platform.platform(terse=True),
        python=platform.python_version(),
        onnxruntime=runtime,
        load_average=round(psutil.getloadavg()[0], 2),
    )


def load_reasons(machine: Machine) -> tuple[str, ...]:
    """Say why the machine's load before a measurement makes it doubtful; nothing when it does not."""
    load = machine.load_average
    if load <= _BUSY_LOAD * machine.cores:
        return ()
    return (f"load average {load:.1f} on {machine.cores} core{'s' if machine.cores > 1 else ''} before it began",)


def peak_rss_bytes() -> int | None:
    """Give the largest resident memory of this process so far.

    Linux keeps it per address space in /proc; `ru_maxrss` would carry over the size of the process that forked
    this one. Elsewhere `ru_maxrss` is what there is (kilobytes on most systems, bytes on macOS).
    """
    status = _read("/proc/self/status")
    found = re.search(r"^VmHWM:\s+(\d+) kB", status or "", re.MULTILINE)
    if found:
        return int(found[1]) * 1024
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) if platform.system() == "Darwin" else int(peak) * 1024


def _cpu() -> str:
    board = _read("/proc/device-tree/model")
    if board:
        return board.rstrip("\0")
    for line in (_read("/proc/cpuinfo") or "").splitlines():
        if line.lower().startswith("model name"):
            return " ".join(line.split(":", 1)[1].split())
    return platform.processor() or platform.machine()


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
