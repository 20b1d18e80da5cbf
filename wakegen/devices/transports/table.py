"""The transports: adding one is a row here and a file beside it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from wakegen.core.errors import BadInput
from wakegen.core.names import did_you_mean
from wakegen.devices.transports.base import Line, Target


@dataclass(frozen=True, slots=True)
class TransportRow:
    """One way to reach a device."""

    name: str
    title: str
    factory: str  # "module:function", which takes a Target and gives a Line


TRANSPORTS = (
    TransportRow("loopback", "The firmware's host build, as a program on this machine.", "loopback:connect"),
    TransportRow("qemu", "The firmware for rv32imc, in QEMU on this machine.", "qemu:connect"),
    TransportRow("serial", "A serial port, or socket:// or rfc2217:// URL.", "serial:connect"),
    TransportRow("ssh", "A computer that runs the agent, through SSH.", "ssh:connect"),
    TransportRow("local", "The agent, as a program on this machine.", "local:connect"),
)


def connect(target: Target) -> Line:
    """Open a line to a device.

    Raises
    ------
    BadInput : there is no such transport.
    DeviceError : the device cannot be reached; the message says why.
    NotInstalled : what the transport needs is missing.
    """
    row = next((row for row in TRANSPORTS if row.name == target.transport), None)
    if row is None:
        names = [row.name for row in TRANSPORTS]
        raise BadInput(f"There is no transport '{target.transport}'.", hint=did_you_mean(target.transport, names))
    module, _, function = row.factory.partition(":")
    line: Line = getattr(import_module(f"wakegen.devices.transports.{module}"), function)(target)
    return line
