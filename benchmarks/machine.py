"""What a figure was measured on."""

from __future__ import annotations

from importlib.metadata import version

from wakegen.bench import machine

_MATTER = ("numpy", "scipy", "espeakng-loader", "openwakeword")


def describe() -> dict[str, object]:
    """Give processor, cores, memory, load and the versions that matter."""
    return {**machine.describe().to_json(), **{name: version(name) for name in _MATTER}}
