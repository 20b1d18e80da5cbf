"""The C engine's end of a line, with the methods of `Link` that the tests use."""

from __future__ import annotations

import ctypes
import subprocess
from functools import cache
from pathlib import Path

import numpy as np

CORE = Path(__file__).parents[2] / "firmware_harness" / "core"


@cache
def library(folder: Path) -> ctypes.CDLL:
    made = folder / "link.so"
    sources = [str(CORE / name) for name in ("wg_frame.c", "wg_link.c")]
    flags = ["-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-funsigned-char", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, f"-I{CORE}", *sources, "-o", str(made)], check=True)
    found = ctypes.CDLL(str(made))
    pointer, size, u32 = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint32
    for name, result, arguments in (
        ("wg_link_bytes", size, [u32, u32]),
        ("wg_link_size", size, []),
        ("wg_link_init", ctypes.c_int32, [pointer, u32, u32, pointer, size]),
        ("wg_link_receive", None, [pointer, ctypes.c_char_p, size, u32]),
        ("wg_link_outgoing", size, [pointer, pointer, u32]),
        ("wg_link_place", pointer, [pointer]),
        ("wg_link_send", None, [pointer, u32]),
        ("wg_link_message", pointer, [pointer, pointer]),
        ("wg_link_done", None, [pointer]),
    ):
        function = getattr(found, name)
        function.restype, function.argtypes = result, arguments
    return found


class CLink:
    """A device's end."""

    def __init__(self, folder: Path, *, window: int = 8, max_body: int = 1024) -> None:
        self._c = library(folder)
        self._link = np.zeros(self._c.wg_link_size(), np.uint8)
        self._arena = np.zeros(self._c.wg_link_bytes(window, max_body), np.uint8)
        self._out = np.zeros(2 * max_body + 64, np.uint8)
        self._at = self._link.ctypes.data
        status = self._c.wg_link_init(self._at, window, max_body, self._arena.ctypes.data, self._arena.nbytes)
        assert status == 0
        self._queue: list[bytes] = []

    def receive(self, data: bytes, now_s: float) -> None:
        self._c.wg_link_receive(self._at, data, len(data), round(now_s * 1000))

    def outgoing(self, now_s: float) -> bytes:
        while self._queue and (place := self._c.wg_link_place(self._at)):
            message = self._queue.pop(0)
            ctypes.memmove(place, message, len(message))
            self._c.wg_link_send(self._at, len(message))
        found = b""
        while count := self._c.wg_link_outgoing(self._at, self._out.ctypes.data, round(now_s * 1000)):
            found += self._out[:count].tobytes()
        return found

    def send(self, message: bytes) -> None:
        self._queue.append(message)

    def take(self, most: int | None = None) -> list[bytes]:
        found: list[bytes] = []
        count = ctypes.c_uint32()
        while (most is None or len(found) < most) and (
            at := self._c.wg_link_message(self._at, ctypes.addressof(count))
        ):
            found.append(ctypes.string_at(at, count.value))
            self._c.wg_link_done(self._at)
        return found
