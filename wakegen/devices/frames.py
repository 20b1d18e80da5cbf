"""Frames on the wire: a header and a body with a CRC-32, byte-stuffed so that 0 ends a frame and nothing else holds one.

Bytes in, frames out; no port, no clock. The C twin is firmware_harness/core/wg_frame.c. COBS: Cheshire and Baker,
"Consistent overhead byte stuffing", 1999.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

_HEADER = struct.Struct("<BBHHHH")
_CRC = struct.Struct("<I")
HEADER_BYTES = _HEADER.size
MAX_BODY = 32_768  # a microcontroller takes 1,024: both sides say what they can
LARGEST = HEADER_BYTES + MAX_BODY + _CRC.size  # before stuffing
_RUN = 254  # bytes without a 0 that one code covers
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
    plain = np.frombuffer(data, np.uint8)
    zeros = np.flatnonzero(plain == 0)
    starts = np.concatenate(([0], zeros + 1))
    lengths = np.concatenate((zeros, [len(plain)])) - starts
    made = np.empty(len(plain) + 1, np.uint8)
    made[1:] = plain
    made[starts] = np.minimum(lengths + 1, 255)
    (long,) = np.nonzero(lengths >= _RUN)
    if len(long):
        cuts = [
            (starts[i] + at, min(lengths[i] - at + 1, 255)) for i in long for at in range(_RUN, lengths[i] + 1, _RUN)
        ]
        places, codes = np.array(cuts).T
        made = np.insert(made, places + 1, codes.astype(np.uint8))
    return made.tobytes()


def unstuffed(data: bytes) -> bytes | None:
    """Undo `stuffed`; None for what it never gives."""
    if not data or 0 in data:
        return None if data else b""
    places, at, end = [], 0, len(data)
    while at < end:
        places.append(at)
        at += data[at]
    if at != end:
        return None
    made = np.frombuffer(data, np.uint8).copy()
    codes = np.array(places)
    full = made[codes] == 255
    made[codes] = 0
    made = np.delete(made, codes[1:][full[:-1]]) if full[:-1].any() else made
    return made[1:].tobytes()


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
