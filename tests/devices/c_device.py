"""The firmware's state machine inside this process, with a port in Python: storage, a microphone and time as a test wants them."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from wakegen.devices.link import Link
from wakegen.devices.messages import Message, from_bytes, to_bytes
from wakegen.features.c_library import library

SLOTS = 4  # WG_MAX_SLOTS
_POINTER, _U32, _I32, _SIZE = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int32, ctypes.c_size_t
_TICKS = ctypes.CFUNCTYPE(_U32, _POINTER)
_FACTS = ctypes.CFUNCTYPE(_SIZE, _POINTER, _POINTER, _SIZE)
_ERASE = ctypes.CFUNCTYPE(_I32, _POINTER, _U32, _U32)
_WRITE = ctypes.CFUNCTYPE(_I32, _POINTER, _U32, _U32, _POINTER, _U32)
_MAPPED = ctypes.CFUNCTYPE(_POINTER, _POINTER, _U32)
_CAPTURE = ctypes.CFUNCTYPE(_I32, _POINTER, _POINTER, _U32)


class Port(ctypes.Structure):
    """wg_port of firmware_harness/core/wg_device.h."""

    _fields_ = (
        ("self", _POINTER), ("ticks", _TICKS), ("info", _FACTS), ("stats", _FACTS),
        ("erase", _ERASE), ("write", _WRITE), ("mapped", _MAPPED),
        ("models", _POINTER * SLOTS), ("slots", _U32), ("model_room", _U32),
        ("arena", _POINTER), ("arena_bytes", _U32), ("capture", _CAPTURE),
    )  # fmt: skip


class Board:
    """A device with flash and, if `microphone` is given, a microphone; and the host that talks to it."""

    def __init__(
        self, *, arena_bytes: int = 20_000, room: int = 8192, max_body: int = 256, microphone: np.ndarray | None = None
    ) -> None:
        self._c = library()
        self._c.wg_device_size.restype = self._c.wg_link_bytes.restype = self._c.wg_device_outgoing.restype = _SIZE
        self._c.wg_device_receive.argtypes = [_POINTER, ctypes.c_char_p, _SIZE, _U32]
        self.flash = _aligned(2 * room).reshape(2, room)
        self.erased: list[tuple[int, int]] = []
        self.bad = ""  # erase, write, mapped or bit: what the flash does wrong
        self.ticks, self.heard, self.microphone = 0, 0, microphone
        self._room, self._arena = room, _aligned(arena_bytes)
        self.port = Port(
            ticks=_TICKS(self._count), erase=_ERASE(self._erase), write=_WRITE(self._write), mapped=_MAPPED(self._mapped),
            slots=2, model_room=room, arena=self._arena.ctypes.data, arena_bytes=arena_bytes,
        )  # fmt: skip
        if microphone is not None:
            self.port.capture = _CAPTURE(self._capture)
        self._out = np.zeros(2 * max_body + 64, np.uint8)
        self._max_body = max_body
        self.now_s, self._session = 0.0, 0
        self.restart()

    def restart(self) -> None:
        """Switch it on: all but the flash is forgotten."""
        self._line = _aligned(self._c.wg_link_bytes(4, self._max_body))
        self._device = _aligned(self._c.wg_device_size())
        status = self._c.wg_device_init(
            _POINTER(self._device.ctypes.data), ctypes.byref(self.port), 4, self._max_body,
            _POINTER(self._line.ctypes.data), _SIZE(self._line.nbytes), round(1000 * self.now_s),
        )  # fmt: skip
        assert status == 0
        self._session += 1
        self.host = Link(session=self._session)

    def adopt(self, slot: int, size: int) -> int:
        """Open what the flash holds."""
        status: int = self._c.wg_device_adopt(_POINTER(self._device.ctypes.data), slot, size)
        return status

    def ask(self, *messages: Message, answers: int = 1) -> list[Message]:
        """Ask, and give so many answers."""
        for message in messages:
            self.host.send(to_bytes(message))
        found: list[Message] = []
        end_s = self.now_s + 60
        while len(found) < answers or self.host.unconfirmed:
            assert self.now_s < end_s, f"not within the time; so far: {found}"
            self.turn()
            found += map(from_bytes, self.host.take())
        return found

    def turn(self) -> None:
        """Let a millisecond pass."""
        at, now_ms = _POINTER(self._device.ctypes.data), round(1000 * self.now_s)
        sent = self.host.outgoing(self.now_s)
        self._c.wg_device_receive(at, sent, len(sent), now_ms)
        self._c.wg_device_work(at, now_ms)
        while count := self._c.wg_device_outgoing(at, _POINTER(self._out.ctypes.data), now_ms):
            self.host.receive(self._out[:count].tobytes(), self.now_s)
        self.now_s += 0.001

    def _count(self, _: Any) -> int:
        self.ticks += 100
        return self.ticks & 0xFFFFFFFF

    def _erase(self, _: Any, slot: int, size: int) -> int:
        self.erased.append((slot, size))
        self.flash[slot] = 255
        return -9 if self.bad == "erase" else 0

    def _write(self, _: Any, slot: int, offset: int, data: int, size: int) -> int:
        assert offset + size <= self._room
        self.flash[slot, offset : offset + size] = np.frombuffer(ctypes.string_at(data, size), np.uint8)
        if self.bad == "bit":
            self.flash[slot, offset] ^= 1
        return -7 if self.bad == "write" else 0

    def _mapped(self, _: Any, slot: int) -> int | None:
        return None if self.bad == "mapped" else self.flash[slot].ctypes.data

    def _capture(self, _: Any, pcm: int, count: int) -> int:
        assert self.microphone is not None
        part = self.microphone[self.heard : self.heard + count]
        if len(part) < count:
            return -3
        ctypes.memmove(pcm, part.ctypes.data, part.nbytes)
        self.heard += count
        return 0


def _aligned(size: int) -> np.ndarray:
    whole = np.zeros(size + 64, np.uint8)
    skip = -whole.ctypes.data % 64
    return whole[skip : skip + size]
