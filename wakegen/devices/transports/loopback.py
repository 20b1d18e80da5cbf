"""The firmware's host build: the code of a microcontroller, as a program on this machine."""

from __future__ import annotations

from pathlib import Path

from wakegen.core.errors import NotInstalled
from wakegen.devices.transports.base import Target
from wakegen.devices.transports.child import ChildLine

PROGRAM = Path(__file__).parents[2] / "_native" / "wakegen-device"


def connect(_: Target) -> ChildLine:
    """Start it.

    Raises
    ------
    NotInstalled : it was not built.
    DeviceError : it does not start.
    """
    if not PROGRAM.is_file():
        raise NotInstalled(
            "The firmware's host build is not here: no C compiler was found when wakegen was installed.",
            hint="Install a C compiler and wakegen again (on Debian: apt install gcc; in a checkout: make native).",
        )
    return ChildLine([str(PROGRAM)], title="The firmware's host build")
