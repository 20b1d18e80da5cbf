"""Reads the header of an image for Espressif's chips, so that a wrong or damaged one is refused before a port is opened.

Layout ("Firmware Image Format" of esptool's documentation): 24 bytes of header, segments of address, length and data, one byte
of checksum that ends a block of 16, and a SHA-256 of all that.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wakegen.core.errors import BadImage
from wakegen.firmware import chips
from wakegen.firmware.chips import CHIPS, Chip

_HEADER = struct.Struct("<BBBBI4xHBHH4xB")  # magic, segments, mode, size and clock, entry, chip, three revisions, hash
_SEGMENT = struct.Struct("<II")
_APP = struct.Struct("<I12x32s32s16s16s32s")  # esp_app_desc_t
_MAGIC, _APP_MAGIC, _FIRST_CHECKSUM = 0xE9, 0xABCD5432, 0xEF
_MOST_SEGMENTS = 16
_MODES = ("qio", "qout", "dio", "dout")
APP_AT = 0x10000  # where ESP-IDF's usual partition tables put the program


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of an image, and where it goes in the chip's memory."""

    address: int
    size: int


@dataclass(frozen=True, slots=True)
class App:
    """What ESP-IDF writes into the images of programs."""

    project: str
    version: str
    built: str
    idf: str


@dataclass(frozen=True, slots=True)
class Image:
    """An image whose checksum, and hash if it has one, are right."""

    chip: Chip
    entry: int
    segments: tuple[Segment, ...]
    flash_mode: str
    flash_mb: int
    begins: int  # in the file: an ESP32's image of the whole flash has its first at 0x1000
    ends: int
    hashed: bool
    app: App | None  # None: a bootloader, or a program that runs without one

    @property
    def at(self) -> int:
        """Where in flash the file belongs, if nobody says otherwise."""
        return APP_AT if self.app else self.chip.bootloader_at - self.begins

    def to_json(self) -> dict[str, Any]:
        """Give all of it as JSON knows it."""
        return asdict(self) | {"chip": self.chip.name, "at": self.at}

    def to_text(self) -> str:
        """Give what a person wants to know of it."""
        what = f"{self.app.project} {self.app.version}, built {self.app.built} with ESP-IDF {self.app.idf}" if self.app else "no program of ESP-IDF"  # fmt: skip
        lines = [
            f"{self.chip.title} image, {self.ends - self.begins:,} bytes: {what}",
            f"  entry {self.entry:#010x}, flash {self.flash_mode} {self.flash_mb} MB, goes to {self.at:#x}",
            *(f"  segment {one.address:#010x}, {one.size:,} bytes" for one in self.segments),
            f"  checksum right, SHA-256 {'right' if self.hashed else 'not there'}",
        ]
        return "\n".join(lines)


def read(path: Path) -> Image:
    """Say what a file is: as `load`, without its bytes."""
    return load(path)[1]


def load(path: Path) -> tuple[bytes, Image]:
    """Read an image from a file.

    Raises
    ------
    BadImage : there is none, it is damaged, or it is for no chip of the table.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadImage(f"{path} cannot be read: {error.strerror}.", hint=_HINT) from error
    return data, parse(data, name=path.name)


def parse(data: bytes, *, name: str) -> Image:
    """Read an image.

    Raises
    ------
    BadImage : it is none, it is damaged, or it is for no chip of the table; `name` is what it is called in the message.
    """
    begins = next((at for at in _beginnings() if data[at : at + 1] == b"\xe9" and set(data[:at]) <= {0xFF}), None)
    if begins is None:
        raise BadImage(f"{name} {_what_it_is(data)}.", hint=_HINT)
    if len(data) < begins + _HEADER.size:
        raise _cut(name, len(data), begins + _HEADER.size)
    _, count, mode, size_and_clock, entry, chip_id, _, _, _, hashed = _HEADER.unpack_from(data, begins)
    if not 0 < count <= _MOST_SEGMENTS or mode >= len(_MODES) or hashed > 1:
        raise BadImage(f"{name} begins like a firmware image, but its header makes no sense.", hint=_HINT)
    chip = chips.with_id(chip_id)
    if chip is None:
        raise BadImage(f"{name} is for {chips.title_of(chip_id)}.", hint=f"wakegen's firmware runs on {', '.join(c.title for c in CHIPS)}.")  # fmt: skip
    segments, end, checksum = _segments(data, begins + _HEADER.size, count, name)
    if data[end - 1] != checksum:
        raise BadImage(f"{name} is damaged: its checksum is {data[end - 1]:#04x} and should be {checksum:#04x}.", hint=_HINT)  # fmt: skip
    if hashed:
        if len(data) < end + 32:
            raise _cut(name, len(data), end + 32)
        if hashlib.sha256(data[begins:end]).digest() != data[end : end + 32]:
            raise BadImage(f"{name} is damaged: its SHA-256 is not that of its content.", hint=_HINT)
    app = _app(data, begins + _HEADER.size + _SEGMENT.size)
    return Image(chip, entry, segments, _MODES[mode], 1 << (size_and_clock >> 4), begins, end + 32 * hashed, bool(hashed), app)  # fmt: skip


_HINT = "Build it again: wakegen firmware build."


def _beginnings() -> list[int]:
    return sorted({chip.bootloader_at for chip in CHIPS} | {0})


def _segments(data: bytes, at: int, count: int, name: str) -> tuple[tuple[Segment, ...], int, int]:
    """Give the segments, the byte after the checksum, and what the checksum should be."""
    found, checksum = [], _FIRST_CHECKSUM
    for _ in range(count):
        address, size = _SEGMENT.unpack_from(data, at) if len(data) >= at + _SEGMENT.size else (0, len(data))
        at += _SEGMENT.size
        if len(data) < at + size:
            raise _cut(name, len(data), at + size)
        checksum ^= int(np.bitwise_xor.reduce(np.frombuffer(data, np.uint8, size, at)))
        found.append(Segment(address, size))
        at += size
    end = (at | 15) + 1
    if len(data) < end:
        raise _cut(name, len(data), end)
    return tuple(found), end, checksum


def _app(data: bytes, at: int) -> App | None:
    if len(data) < at + _APP.size:
        return None
    magic, version, project, time, date, idf = _APP.unpack_from(data, at)
    if magic != _APP_MAGIC:
        return None
    text = [part.split(b"\0")[0].decode(errors="replace") for part in (project, version, date, time, idf)]
    return App(text[0], text[1], f"{text[2]} {text[3]}", text[4])


def _cut(name: str, there: int, wanted: int) -> BadImage:
    return BadImage(f"{name} is cut off: it has {there:,} bytes and should have {wanted:,} or more.", hint=_HINT)


def _what_it_is(data: bytes) -> str:
    """Say what a file is that is no image, where that helps."""
    if not data:
        return "is empty"
    if data.startswith(b"\x7fELF"):
        return "is an ELF program; an image (.bin) is made from it"
    if data.startswith(b"\x1d\x04\xdb\xae" * 2):
        return "is for direct boot, which wakegen does not flash"
    if data[:1] == b"{" or data[:2] == b"PK":
        return "is no firmware, but a text or an archive"
    return f"is no firmware image: it begins with {data[0]:#04x} and not with 0xe9"
