"""What a figure was measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version


def describe() -> dict[str, object]:
    """Give processor, cores, load and the versions that matter."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "load_1min": round(os.getloadavg()[0], 2),
        "os": platform.platform(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "scipy", "onnxruntime", "espeakng-loader", "openwakeword")},
    }


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith(("model name", "Model")))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"
