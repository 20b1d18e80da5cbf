"""Asks a device what it is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from wakegen.core.errors import DeviceLost
from wakegen.devices import facts, ports
from wakegen.devices.client import Device
from wakegen.devices.transports.base import Target
from wakegen.devices.transports.table import connect


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """What a device said."""

    port: str
    facts: dict[str, facts.Value]

    def to_json(self) -> dict[str, Any]:
        """Give all of it as JSON knows it."""
        return asdict(self)

    def to_text(self) -> str:
        """Give it as lines."""
        return "\n".join([self.port, *(f"  {facts.title(name)}: {value}" for name, value in self.facts.items())])


def ask(port: str | None = None, *, baud: int = 921_600) -> DeviceInfo:
    """Open a session with the device on a port and ask what it is.

    Raises
    ------
    NoPort, PortDenied, PortBusy : the port cannot be had.
    DeviceLost : nothing answers that speaks the protocol.
    """
    chosen = ports.choose(port)
    device = Device(connect(Target("serial", chosen, baud)))
    try:
        return DeviceInfo(chosen, device.open())
    except DeviceLost as error:
        raise DeviceLost(
            f"{chosen}: {error}",
            hint=f"Is wakegen's firmware on it (wakegen firmware flash), and is its line as fast as {baud} baud?",
        ) from error
    finally:
        device.close()
