"""Frames on the wire: a header and a body with a CRC-32, byte-stuffed so that 0 ends a frame and nothing else holds one.

Bytes in, frames out; no port, no clock. The C twin is firmware_harness/core/wg_frame.c. COBS: Cheshire and Baker,
"Consistent overhead byte stuffing", 1999.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum

_HEADER = struct.Struct("<BBHHHH")
_CRC = struct.Struct("<I")
HEADER_BYTES = _HEADER.size
MAX_BODY = 32_768  # a microcontroller takes 1,024: both sides say what they can
LARGEST = HEADER_BYTES + MAX_BODY + _CRC.size  # before stuffing
OVERHEAD = HEADER_BYTES + _CRC.size + 2  # of a body below 240 bytes; one byte more for each further 254


class Kind(IntEnum):
    """What a frame is for."""

    DATA = 0  # a message
    ACK = 1  # what was received, and how much more may come
    PING = 2  # asks for an ACK
    OPEN = 3  # begins a session; body: `link.Terms`
    OPENED = 4  # its answer; body: `link.Terms`
    RESET = 5  # the session that was named is not known here


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame."""

    kind: Kind
    session: int  # u16; 0 before there is one
    seq: int = 0  # of a DATA frame
    ack: int = 0  # the next DATA frame that is expected
    held: int = 0  # bit i: frame ack + 1 + i is here already
    room: int = 0  # DATA frames from `ack` on that can be taken
    body: bytes = b""


def to_bytes(frame: Frame) -> bytes:
    """Give the bytes of a frame, its final 0 included."""
    head = _HEADER.pack(frame.kind, frame.room, frame.session, frame.seq, frame.ack, frame.held)
    plain = head + frame.body
    return stuffed(plain + _CRC.pack(zlib.crc32(plain))) + b"\0"


def from_bytes(data: bytes) -> Frame | None:
    """Read the bytes between two zeros; None for what is no frame of ours."""
    plain = unstuffed(data)
    if plain is None or not HEADER_BYTES + _CRC.size <= len(plain) <= LARGEST:
        return None
    if _CRC.unpack(plain[-4:])[0] != zlib.crc32(plain[:-4]):
        return None
    kind, room, session, seq, ack, held = _HEADER.unpack_from(plain)
    if kind not in tuple(Kind):
        return None
    return Frame(Kind(kind), session, seq, ack, held, room, plain[HEADER_BYTES:-4])


def stuffed(data: bytes) -> bytes:
    """Give bytes without a 0: each 0 becomes the distance to the next, runs of 254 get a 255 in front."""
    made = bytearray()
    for part in data.split(b"\0"):
        while len(part) >= 254:
            made += b"\xff" + part[:254]
            part = part[254:]
        made.append(len(part) + 1)
        made += part
    return bytes(made)


def unstuffed(data: bytes) -> bytes | None:
    """Undo `stuffed`; None for what it never gives."""
    made, at = bytearray(), 0
    while at < len(data):
        code = data[at]
        part = data[at + 1 : at + code]
        if code == 0 or len(part) != code - 1 or 0 in part:
            return None
        made += part
        at += code
        if code < 255 and at < len(data):
            made.append(0)
    return bytes(made)


class Splitter:
    """Cuts a stream at its zeros. What is no frame (a boot log, noise) is counted, and kept as text."""

    def __init__(self) -> None:
        self.frames = self.bad = 0
        self.text = bytearray()  # what came between frames, the newest 64 kB
        self._rest = bytearray()

    def push(self, data: bytes) -> list[Frame]:
        """Take bytes in pieces of any size; give the frames that are complete."""
        found: list[Frame] = []
        *whole, rest = (bytes(self._rest) + data).split(b"\0")
        for part in whole:
            frame = from_bytes(part) if part else None
            if frame is not None:
                found.append(frame)
            elif part:
                self.bad += 1
                self._keep(part)
        if len(rest) > 2 * LARGEST:  # no frame is so long: a log without zeros
            self._keep(rest[:LARGEST])
            rest = rest[LARGEST:]
        self._rest = bytearray(rest)
        self.frames += len(found)
        return found

    def _keep(self, part: bytes) -> None:
        self.text += part
        del self.text[:-65_536]
