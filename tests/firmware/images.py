"""Images made by hand, to be right or wrong in one place."""

from __future__ import annotations

import hashlib
import struct

APP = struct.pack("<I12x32s32s16s16s32s", 0xABCD5432, b"1.2.3", b"wakegen", b"10:20:30", b"Jan  2 2027", b"v5.3.1")


def image(
    chip_id: int = 5, *, parts: tuple[tuple[int, bytes], ...] = ((0x40380000, bytes(range(64))),), hashed: bool = True
) -> bytes:
    """Give an image as esptool lays it out."""
    data = struct.pack("<BBBBI4xHBHH4xB", 0xE9, len(parts), 2, 0x2F, parts[0][0], chip_id, 0, 0, 0xFFFF, hashed)
    checksum = 0xEF
    for address, part in parts:
        data += struct.pack("<II", address, len(part)) + part
        for byte in part:
            checksum ^= byte
    data = data.ljust(len(data) | 15, b"\0") + bytes((checksum,))
    return data + hashlib.sha256(data).digest() if hashed else data


def app(chip_id: int = 5) -> bytes:
    """Give an image of an ESP-IDF program."""
    return image(chip_id, parts=((0x3C000020, APP.ljust(256, b"\0")),))
