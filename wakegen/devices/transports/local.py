"""The agent as a program on this machine: what a Raspberry Pi says, without one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from wakegen.devices.agent_main import READY
from wakegen.devices.transports.base import Target
from wakegen.devices.transports.child import ChildLine

_PACKAGES = Path(__file__).parents[3]  # where this very wakegen is


def connect(_: Target) -> ChildLine:
    """Start it, as whoever runs this.

    Raises
    ------
    DeviceError : it does not start.
    """
    # Whoever is root here is so already: nothing is gained by what runs a local model.
    command = [sys.executable, "-m", "wakegen.devices.agent_main", "--allow-root"]
    path = os.pathsep.join(part for part in (str(_PACKAGES), os.environ.get("PYTHONPATH")) if part)
    return ChildLine(command, title="The agent on this machine", env={**os.environ, "PYTHONPATH": path}, greeting=READY)
