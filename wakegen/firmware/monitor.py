"""What a device says of itself: its boot log and other text, and the log lines among its frames. Sends nothing."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from wakegen.core.errors import DeviceError, DeviceLost, WakegenError
from wakegen.core.events import Notice, OnEvent, ignore
from wakegen.devices import frames, messages, ports
from wakegen.devices.transports.base import Line, Target
from wakegen.devices.transports.table import connect

BAUD = 115_200  # of the ROM's own log
_QUIET_S = 0.3  # after which a line without an end is shown
_BACK_S = 5.0  # that a USB port takes to come back after a reset
_LONGEST = 4096  # bytes of a line of text
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_REMEMBERED = 64  # frames: one that was sent again is shown once


@dataclass(frozen=True, slots=True)
class Said:
    """A line from the device."""

    kind: str  # "text", or "log" from a frame
    level: int  # as in Python's logging; 0 of text
    text: str


class Ear:
    """Takes bytes as they come, gives lines. Knows no port and no clock."""

    def __init__(self) -> None:
        self.frames = 0
        self.noise = 0  # bytes that are neither text nor a frame
        self._rest = b""
        self._seen: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)

    def push(self, data: bytes) -> list[Said]:
        """Take bytes; give the lines that are complete."""
        said: list[Said] = []
        *pieces, self._rest = (self._rest + data).split(b"\0")
        for piece in pieces:
            said += self._piece(piece)
        *lines, rest = self._rest.split(b"\n")
        while lines and _is_text(
            lines[0]
        ):  # a frame holds bytes that no text has, so what is text is not a part of one
            said += self._text(lines.pop(0))
        self._rest = b"\n".join((*lines, rest))
        if len(self._rest) > 2 * frames.LARGEST or (len(self._rest) > _LONGEST and _is_text(self._rest)):
            said += self.flush()
        return said

    def flush(self) -> list[Said]:
        """Give what is text although its line has not ended."""
        if len(self._rest) > 2 * frames.LARGEST:
            self.noise += len(self._rest)
            self._rest = b""
        if not _is_text(self._rest):
            return []
        rest, self._rest = self._rest, b""
        return self._text(rest)

    def _piece(self, piece: bytes) -> list[Said]:
        """Read what stands between two zeros: a frame, text, or text with a frame behind it."""
        said: list[Said] = []
        while piece:
            frame = frames.from_bytes(piece)
            if frame is not None:
                self.frames += 1
                return said + self._frame(frame)
            line, _, rest = piece.partition(b"\n")
            if not _is_text(line):
                self.noise += len(piece)
                return said
            said += self._text(line)
            piece = rest
        return said

    def _frame(self, frame: frames.Frame) -> list[Said]:
        if frame.kind != frames.Kind.DATA or (frame.session, frame.seq) in self._seen:
            return []
        self._seen.append((frame.session, frame.seq))
        with suppress(DeviceError):  # of another version, or no message
            message = messages.from_bytes(frame.body)
            if isinstance(message, messages.Log):
                return [Said("log", message.level, _clean(message.data))]
        return []

    def _text(self, line: bytes) -> list[Said]:
        text = _clean(line)
        return [Said("text", 0, text)] if text else []


def _is_text(line: bytes) -> bool:
    if _NO_TEXT.search(line):
        return False
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _clean(line: bytes) -> str:
    plain = _ANSI.sub("", line.decode(errors="replace"))
    return "".join(sign for sign in plain.rstrip() if sign.isprintable() or sign == "\t")


def monitor(
    port: str | None,
    on_said: Callable[[Said], None],
    *,
    baud: int = BAUD,
    seconds: float | None = None,
    on_event: OnEvent = ignore,
) -> Ear:
    """Hear a device until `seconds` are over, or for good; what it says goes to `on_said`. Gives what was heard.

    A port that goes away, as those of chips with a USB of their own do at a reset, is waited for.

    Raises
    ------
    NoPort, PortDenied, PortBusy : the port cannot be had.
    DeviceLost : it is gone and did not come back.
    """
    chosen = ports.choose(port)
    serial_number = _serial_number(chosen)
    ends_s = None if seconds is None else time.monotonic() + seconds
    ear, line = Ear(), connect(Target("serial", chosen, baud))
    on_event(Notice("info", f"Listening to {chosen} at {baud} baud."))
    warned = False
    try:
        while ends_s is None or time.monotonic() < ends_s:
            left_s = _QUIET_S if ends_s is None else min(_QUIET_S, max(0.0, ends_s - time.monotonic()))
            try:
                data = line.read(left_s)
            except DeviceLost:
                line.close()
                on_event(Notice("info", f"{chosen} is gone; waiting for it."))
                line, chosen = _again(chosen, serial_number, baud)
                on_event(Notice("info", f"{chosen} is back."))
                continue
            for said in ear.push(data) if data else ear.flush():
                on_said(said)
            if ear.noise > _LONGEST and not warned:
                warned = True
                on_event(Notice("warning", f"Most of it is no text: is {baud} baud the right --baud?"))
    finally:
        line.close()
    for said in ear.flush():
        on_said(said)
    return ear


def _serial_number(port: str) -> str:
    return next((one.serial_number for one in ports.list_ports() if one.device == port), "")


def _again(port: str, serial_number: str, baud: int) -> tuple[Line, str]:
    """Open a port that went away: under its name, or under that of the device with the same serial number."""
    until_s = time.monotonic() + _BACK_S
    while True:
        same = [one.device for one in ports.list_ports() if serial_number and one.serial_number == serial_number]
        name = same[0] if same else port
        try:
            return connect(Target("serial", name, baud)), name
        except WakegenError as error:
            if time.monotonic() > until_s:
                raise DeviceLost(f"{port} is gone and did not come back in {_BACK_S:.0f} s.", hint="Was the board unplugged?") from error  # fmt: skip
            time.sleep(0.1)
