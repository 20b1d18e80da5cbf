"""A serial port by pyserial, or a TCP port that stands for one (socket://HOST:PORT, rfc2217://HOST:PORT)."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
from typing import Any
from urllib.parse import urlsplit

from wakegen.core.errors import BadInput, DeviceError, DeviceLost
from wakegen.devices import ports
from wakegen.devices.transports.base import Line, Target

_AT_ONCE = 65_536
_BAUD = 921_600
_CONNECT_S = 10.0
_SILENT = (errno.ENOTTY, errno.EINVAL, errno.EOPNOTSUPP)  # what a pty says of lines that it does not have


def connect(target: Target) -> Line:
    """Open the port.

    Raises
    ------
    BadInput : no port was named.
    DeviceError : it is not there, busy, or not for this user; the message says which.
    NotInstalled : pyserial is missing.
    """
    if not target.address:
        raise BadInput("No port was named.", hint="Give --port; `wakegen devices scan` lists them.")
    ports.check(target.address)
    if target.address.startswith("socket://"):
        return SocketLine(target)
    return SerialLine(target)


class SerialLine:
    """A port of this machine."""

    def __init__(self, target: Target) -> None:
        serial = _pyserial()
        self._target = target
        self._errors = (OSError, serial.SerialException)
        try:
            self._port = serial.serial_for_url(
                target.address, baudrate=target.baud or _BAUD, timeout=0, write_timeout=10, do_not_open=True
            )
            self._port.exclusive = True
            self._port.dtr = self._port.rts = False  # both on, then off, resets an ESP32
            self._open()
        except self._errors as error:
            raise ports.from_os(target.address, str(error)) from error

    def _open(self) -> None:
        try:
            self._port.open()
        except OSError as error:
            if error.errno not in _SILENT or not self._port.is_open:
                raise

    def read(self, timeout_s: float) -> bytes:
        """Give what has come, at once if there is something."""
        try:
            self._port.timeout = timeout_s
            first: bytes = self._port.read(1)
            if not first:
                return b""
            more: bytes = self._port.read(min(_AT_ONCE, self._port.in_waiting))
            return first + more
        except self._errors as error:
            raise _gone(self._target, error) from error

    def write(self, data: bytes) -> None:
        """Hand over all of it."""
        try:
            self._port.write(data)
        except self._errors as error:
            raise _gone(self._target, error) from error

    def close(self) -> None:
        """Close the port."""
        with contextlib.suppress(*self._errors):
            self._port.close()


class SocketLine:
    """A TCP port. pyserial's own reads a byte at a time."""

    def __init__(self, target: Target) -> None:
        self._target = target
        place = urlsplit(target.address)
        try:
            if not place.hostname or not place.port:
                raise ValueError
        except ValueError:
            raise BadInput(f"{target.address} names no host and port.", hint="Write socket://HOST:PORT.") from None
        try:
            self._socket = socket.create_connection((place.hostname, place.port), timeout=_CONNECT_S)
        except OSError as error:
            raise DeviceError(
                f"Nothing answers at {target.address}: {error.strerror or error}.",
                hint="Is the emulator, or the bridge, running there?",
            ) from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self, timeout_s: float) -> bytes:
        """Give what has come, at once if there is something."""
        try:
            if not select.select([self._socket], [], [], timeout_s)[0]:
                return b""
            data = self._socket.recv(_AT_ONCE)
        except (OSError, ValueError) as error:
            raise _gone(self._target, error) from error
        if not data:
            raise _gone(self._target, "it closed the connection")
        return data

    def write(self, data: bytes) -> None:
        """Hand over all of it."""
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise _gone(self._target, error) from error

    def close(self) -> None:
        """End the connection."""
        self._socket.close()


def _pyserial() -> Any:
    try:
        import serial
    except ImportError as error:
        raise ports.no_pyserial() from error
    return serial


def _gone(target: Target, reason: object) -> DeviceLost:
    return DeviceLost(
        f"{target.address} is gone: {reason}.", hint="Was it unplugged? What was finished is kept: run the same again."
    )
