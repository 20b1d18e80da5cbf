"""A serial port, opened so that the board behind it is not reset more than it must be."""

from __future__ import annotations

import os
import select
from typing import Any

from wakegen.core.errors import BadInput, DeviceLost
from wakegen.firmware import ports

_CHUNK = 65_536
BAUD = 921_600
_NO_ANSWER_S = 10.0  # to write: a USB device that takes nothing for so long is gone


class PortLine:
    """An open port, as `devices.transports.base.Line` wants it."""

    def __init__(self, port: str, *, baud: int = BAUD) -> None:
        """Open it, for this program alone.

        DTR and RTS are let go first: on most boards both together do nothing, one of them resets the chip.

        Raises
        ------
        NoPort, PortDenied, PortBusy, DeviceError : it cannot be opened; the message says why.
        BadInput : it is a URL that pyserial does not know.
        NotInstalled : pyserial is missing.
        """
        try:
            import serial
        except ImportError as error:
            raise ports.no_pyserial() from error
        self.port = port
        try:
            made = serial.serial_for_url(port, do_not_open=True, exclusive=True)
            made.baudrate, made.timeout, made.write_timeout = baud, 0, _NO_ANSWER_S
            made.rtscts = made.dsrdtr = False
            made.dtr = made.rts = False
            made.open()
        except ValueError as error:
            raise BadInput(f"{port} is no port: {error}.", hint="Give a port such as /dev/ttyACM0, or a URL of pyserial's.") from error  # fmt: skip
        except OSError as error:  # serial's own errors are of this kind
            raise ports.from_os(port, str(error)) from error
        self._serial: Any = made
        self._handle = _handle(made)

    def read(self, timeout_s: float) -> bytes:
        """Give what has come, at once if there is something; b"" when nothing came in time. Raises DeviceLost."""
        try:
            if self._handle is None:
                self._serial.timeout = timeout_s
                first: bytes = self._serial.read(1)
                return first + (self._serial.read(self._serial.in_waiting) if first else b"")
            if not select.select([self._handle], [], [], timeout_s)[0]:
                return b""
            data = os.read(self._handle, _CHUNK)
        except (OSError, TypeError, ValueError) as error:
            raise self._lost(error) from error
        if not data:
            raise self._lost(None)
        return data

    def write(self, data: bytes) -> None:
        """Hand over all of it. Raises DeviceLost."""
        try:
            self._serial.write(data)
        except OSError as error:
            raise self._lost(error) from error

    def close(self) -> None:
        """Give the port back; may be called again."""
        self._serial.close()

    def __enter__(self) -> PortLine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _lost(self, error: BaseException | None) -> DeviceLost:
        why = f" ({error})" if error and str(error) else ""
        return DeviceLost(f"{self.port} is gone{why}.", hint="Was the board unplugged? Plug it in and run the same again.")  # fmt: skip


def _handle(opened: Any) -> int | None:
    """Give what `select` takes; None for what pyserial builds of other things (rfc2217://, loop://)."""
    try:
        handle = opened.fileno()
    except (OSError, AttributeError):  # io.UnsupportedOperation is one
        return None
    return handle if isinstance(handle, int) and handle >= 0 else None
