"""A bad line, on purpose: bits flip, pieces vanish, come twice, late or in another order. For tests of what talks over it."""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass

import numpy as np

from wakegen.devices.transports.base import Line


@dataclass(frozen=True, slots=True)
class Faults:
    """What a line does to what is written to it. Shares are of pieces: one `write` is one."""

    bit_error_rate: float = 0.0
    dropped: float = 0.0
    doubled: float = 0.0
    late: float = 0.0  # overtaken by what is written after it
    garbage: float = 0.0  # preceded by bytes that nobody wrote
    bytes_per_s: float = float("inf")
    delay_s: float = 0.0
    late_s: float = 0.02


class FaultyLine:
    """One direction of a line. The same seed does the same."""

    def __init__(self, faults: Faults, *, seed: int) -> None:
        self._faults = faults
        self._rng = np.random.default_rng(seed)
        self._waiting: list[tuple[float, int, bytes]] = []  # (when it arrives, order, bytes)
        self._free_s = 0.0  # when the line has sent all it was given
        self._count = 0

    def write(self, data: bytes, now_s: float) -> None:
        """Put bytes on the line."""
        faults, rng = self._faults, self._rng
        if rng.random() < faults.garbage:
            self._put(rng.bytes(int(rng.integers(1, 300))), now_s)
        if rng.random() < faults.dropped:
            data = b""
        for _ in range(1 + (rng.random() < faults.doubled)):
            self._put(self._flipped(data), now_s)

    def read(self, now_s: float) -> bytes:
        """Give what has arrived."""
        found = bytearray()
        while self._waiting and self._waiting[0][0] <= now_s:
            found += heapq.heappop(self._waiting)[2]
        return bytes(found)

    def next_s(self) -> float | None:
        """When something arrives next."""
        return self._waiting[0][0] if self._waiting else None

    def _put(self, data: bytes, now_s: float) -> None:
        if not data:
            return
        faults = self._faults
        self._free_s = max(self._free_s, now_s) + len(data) / faults.bytes_per_s
        late_s = faults.late_s if self._rng.random() < faults.late else 0.0
        heapq.heappush(self._waiting, (self._free_s + faults.delay_s + late_s, self._count, data))
        self._count += 1

    def _flipped(self, data: bytes) -> bytes:
        count = int(self._rng.binomial(8 * len(data), self._faults.bit_error_rate))
        if not count:
            return data
        changed = bytearray(data)
        for bit in self._rng.integers(0, 8 * len(data), count):
            changed[int(bit) // 8] ^= 1 << int(bit) % 8
        return bytes(changed)


class FaultyTransport:
    """An open line made bad, or slow, both ways, in real time: it stands wherever a line does."""

    def __init__(self, line: Line, faults: Faults, *, seed: int) -> None:
        """Put faults on a line; `faults.bytes_per_s` alone makes a line of that speed."""
        self._line = line
        self._there, self._back = FaultyLine(faults, seed=2 * seed), FaultyLine(faults, seed=2 * seed + 1)

    def write(self, data: bytes) -> None:
        """Put bytes on the way; they leave in their time."""
        self._there.write(data, time.monotonic())
        self._forward()

    def read(self, timeout_s: float) -> bytes:
        """Give what has arrived, at once if there is something; b"" when nothing came in time."""
        end_s = time.monotonic() + timeout_s
        while True:
            self._forward()
            now_s = time.monotonic()
            found = self._back.read(now_s)
            if found or now_s >= end_s:
                return found
            next_s = min((at for at in (self._there.next_s(), self._back.next_s()) if at is not None), default=end_s)
            came = self._line.read(max(0.0, min(next_s, end_s) - now_s))
            if came:
                self._back.write(came, time.monotonic())

    def close(self) -> None:
        """End the line."""
        self._line.close()

    def _forward(self) -> None:
        due = self._there.read(time.monotonic())
        if due:
            self._line.write(due)
