"""Serial ports: which there are, which one is meant, and why one cannot be had."""

from __future__ import annotations

import grp
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wakegen.core.errors import BadInput, DeviceError, NoPort, NotInstalled, PortBusy, PortDenied
from wakegen.core.names import nearest

_SHOWN = 4  # names in a message
_SCHEMES = ("socket", "rfc2217", "loop")  # of pyserial's URLs, those that lead to a device


@dataclass(frozen=True, slots=True)
class UsbRow:
    """A USB device that a board's serial port may be. It never proves which chip is behind it."""

    vid: int
    pid: int | None  # None: any
    title: str


# From the vendors' lists. The order is that of how surely there is a board behind it.
USB = (
    UsbRow(0x303A, 0x1001, "Espressif USB Serial/JTAG"),
    UsbRow(0x303A, None, "Espressif USB"),
    UsbRow(0x10C4, 0xEA60, "Silicon Labs CP2102"),
    UsbRow(0x10C4, 0xEA70, "Silicon Labs CP2105"),
    UsbRow(0x1A86, 0x55D3, "WCH CH343"),
    UsbRow(0x1A86, 0x55D4, "WCH CH9102"),
    UsbRow(0x1A86, 0x7523, "WCH CH340"),
    UsbRow(0x1A86, 0x5523, "WCH CH341"),
    UsbRow(0x0403, 0x6001, "FTDI FT232R"),
    UsbRow(0x0403, 0x6010, "FTDI FT2232H"),
    UsbRow(0x0403, 0x6014, "FTDI FT232H"),
    UsbRow(0x0403, 0x6015, "FTDI FT231X"),
)


@dataclass(frozen=True, slots=True)
class Port:
    """A serial port of this machine."""

    device: str  # what --port takes
    title: str
    vid: int | None
    pid: int | None
    serial_number: str
    likely: bool  # its USB device is one that boards have; only the chip itself can prove more

    def to_json(self) -> dict[str, Any]:
        """Give all of it as JSON knows it."""
        return asdict(self)


def list_ports() -> tuple[Port, ...]:
    """Give the serial ports of this machine, those first that a board may hang on.

    Raises
    ------
    NotInstalled : pyserial is missing.
    """
    ports = []
    for found in _pyserial_ports():
        known = usb_title(found.vid, found.pid)
        title = known or (found.description if found.description not in (None, "n/a") else "")
        ports.append(Port(found.device, title, found.vid, found.pid, found.serial_number or "", bool(known)))
    return tuple(sorted(ports, key=lambda port: (not port.likely, port.device)))


def _pyserial_ports() -> list[Any]:
    try:
        from serial.tools.list_ports import comports
    except ImportError as error:
        raise no_pyserial() from error
    return list(comports())


def no_pyserial() -> NotInstalled:
    """Give the error of an installation without the extra."""
    return NotInstalled("Serial ports need pyserial, which is not installed.", hint="pip install 'wakegen[serial]'")


def choose(port: str | None) -> str:
    """Give the port that is meant: the one named, or the only one that a board may hang on; it can be opened.

    Raises
    ------
    NoPort : there is none of that name, or without a name none or several.
    PortDenied : the user may not open it.
    PortBusy : another program has it open.
    """
    if port is None:
        likely = [one for one in list_ports() if one.likely]
        if not likely:
            raise NoPort(
                "No board is connected: no serial port has a USB device that boards have.",
                hint="Plug it in with a cable that carries data, or name the port with --port.",
            )
        if len(likely) > 1:
            listed = ", ".join(f"{one.device} ({one.title})" for one in likely[:_SHOWN])
            raise NoPort(f"There are {len(likely)} ports that a board may hang on.", hint=f"Name one with --port: {listed}.")  # fmt: skip
        port = likely[0].device
    check(port)
    return port


def check(port: str) -> None:
    """Raise what stands against opening a port; never opens it, which would reset some boards.

    Raises
    ------
    NoPort, PortDenied, PortBusy : as `choose`.
    BadInput : it is a URL of a kind that is not known.
    """
    scheme, is_url, _ = port.partition("://")
    if is_url:
        if scheme not in _SCHEMES:
            raise BadInput(f"{port} is no port: there is no '{scheme}://'.", hint=f"There are {', '.join(f'{one}://' for one in _SCHEMES)}.")  # fmt: skip
        return
    if not Path(port).exists():
        raise missing(port)
    if not os.access(port, os.R_OK | os.W_OK):
        raise denied(port)
    if holders := _holders(port):
        raise busy(port, holders)


def missing(port: str) -> NoPort:
    """Give the error of a port that is not there."""
    there = list_ports()
    boards = [one.device for one in there if one.vid is not None]
    near = nearest(port, boards) or boards[:_SHOWN]
    if near:
        hint = f"Did you mean {near[0]}?" if len(near) == 1 else f"There are {', '.join(near)}."
    else:
        others = ", ".join(one.device for one in there[:_SHOWN])
        hint = f"No USB device with a serial port is connected{f'; besides there is {others}' if others else ''}."
    return NoPort(f"There is no port {port}.", hint=hint)


def denied(port: str) -> PortDenied:
    """Give the error of a port that the user may not open."""
    group = "dialout"
    with suppress(OSError, KeyError):
        group = grp.getgrgid(os.stat(port).st_gid).gr_name
    if group in ("root", "nogroup", "tty"):
        return PortDenied(f"You may not open {port}.", hint="Give yourself access with a udev rule: docs/firmware.md has it.")  # fmt: skip
    return PortDenied(
        f"You may not open {port}: it belongs to the group {group}.",
        hint=f'sudo usermod -aG {group} "$USER", then log out and in again; or a udev rule: docs/firmware.md has it.',
    )


def busy(port: str, holders: list[str] | None = None) -> PortBusy:
    """Give the error of a port that another program has open, with its name where it can be seen."""
    holders = _holders(port) if holders is None else holders
    who = " and ".join(holders[:_SHOWN]) or "another program, perhaps another user's"
    return PortBusy(f"{port} is held by {who}.", hint="End it, or name another --port.")


def from_os(port: str, text: str) -> DeviceError:
    """Give the error that a system's message about opening a port means."""
    if "Errno 2]" in text or "No such file" in text:
        return missing(port)
    if "Errno 13]" in text or "Permission denied" in text:
        return denied(port)
    if "lock" in text or "Errno 16]" in text or "busy" in text.lower().replace("busy or doesn't", ""):
        return busy(port)
    return DeviceError(
        f"{port} cannot be opened: {_last_sentence(text)}.", hint="Unplug the board and plug it in again."
    )


def _last_sentence(text: str) -> str:
    return " ".join(text.split()).removesuffix(".")[-160:]


def _holders(port: str) -> list[str]:
    """Name the other processes that have a file open. Those of other users are seen by root only."""
    wanted = os.path.realpath(port)
    own = {os.getpid()}
    return [f"{_program(pid)} (process {pid})" for pid in _processes() if pid not in own and _has_open(pid, wanted)]


def _processes() -> Iterator[int]:
    with suppress(OSError):
        yield from sorted(int(name) for name in os.listdir("/proc") if name.isdecimal())


def _has_open(pid: int, wanted: str) -> bool:
    with suppress(OSError):
        for handle in os.scandir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                if os.readlink(handle.path) == wanted:
                    return True
    return False


def _program(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    return "a program"


def usb_title(vid: int | None, pid: int | None) -> str:
    """Give what a USB device is; "" for one that is not in the table."""
    return next((row.title for row in USB if row.vid == vid and row.pid in (pid, None)), "")
