"""What every way to a device is to those who use it: bytes out, bytes in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Target:
    """Which device is meant; each transport reads what concerns it."""

    transport: str  # name of a row
    address: str = ""  # serial: a port or URL; ssh: [USER@]HOST[:PORT], or a name of ~/.ssh/config
    baud: int | None = None  # serial; None: the device profile's, else 921,600
    key_file: Path | None = None  # ssh
    jump: str = ""  # ssh: another host to go through
    known_hosts: Path | None = None  # ssh; by default the user's own
    python: str = "python3"  # ssh: the interpreter there

    @property
    def title(self) -> str:
        """Name the device for people."""
        return f"{self.address} ({self.transport})" if self.address else self.transport


class Line(Protocol):
    """An open line. Not for sharing between threads."""

    def read(self, timeout_s: float) -> bytes:
        """Give what has come, at once if there is something; b"" when nothing came in time.

        Raises
        ------
        DeviceLost : the other end is gone.
        """
        ...

    def write(self, data: bytes) -> None:
        """Hand over all of it.

        Raises
        ------
        DeviceLost : the other end is gone.
        """
        ...

    def close(self) -> None:
        """End it, and whatever was started for it; may be called again."""
        ...
