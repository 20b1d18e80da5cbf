"""What answers: serial ports that a board may hang on, and computers that are named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wakegen.core.errors import NotInstalled, WakegenError
from wakegen.core.events import Notice, OnEvent, ignore
from wakegen.devices import ports
from wakegen.devices.client import Device
from wakegen.devices.transports import table
from wakegen.devices.transports.base import Target

_PATIENCE_S = 3.0  # a board that restarts when its port is opened is up by then


@dataclass(frozen=True, slots=True)
class Found:
    """One place that was asked."""

    address: str
    what: str  # what the device calls itself; "" where none answered
    version: str = ""  # of its firmware or agent
    models: str = ""  # the CRC-32 of each it holds
    why: str = ""  # why nothing is known


def scan(hosts: Sequence[str] = (), *, baud: int | None = None, on_event: OnEvent = ignore) -> tuple[Found, ...]:
    """Ask each likely serial port of this machine, and each host, what it is; what does not answer is told with the reason."""
    try:
        likely = [port for port in ports.list_ports() if port.likely]
    except NotInstalled as error:
        on_event(Notice("warning", f"{error} {error.hint}"))
        likely = []
    targets = [Target("serial", port.device, baud=baud) for port in likely] + [Target("ssh", host) for host in hosts]
    return tuple(_asked(target) for target in targets)


def _asked(target: Target) -> Found:
    try:
        device = Device(table.connect(target), patience_s=_PATIENCE_S)
        try:
            info = device.open()
        finally:
            device.close()
    except WakegenError as error:
        return Found(target.address, "", why=str(error))
    models = ", ".join(
        f"{int(crc):08x}" for name, crc in info.items() if name.startswith("model_") and name != "model_room"
    )
    return Found(target.address, str(info.get("chip", "?")), str(info.get("version", "")), models)
