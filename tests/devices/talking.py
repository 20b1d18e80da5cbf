"""A host for tests: `Link` over a `Line`, blocking."""

from __future__ import annotations

import itertools
import time
import zlib
from collections import deque

import numpy as np

from wakegen.devices import facts
from wakegen.devices import messages as m
from wakegen.devices.link import Link, Terms
from wakegen.devices.transports.base import Line

_SESSIONS = itertools.count(1000)


class Host:
    """Asks a device; `raises` nothing of its own: an `Error` is given like any answer."""

    def __init__(self, line: Line, *, terms: Terms | None = None) -> None:
        self.line = line
        self.link = Link(session=next(_SESSIONS), terms=terms)
        self.come: deque[m.Message] = deque()
        self.wait(lambda: self.link.is_open)

    def pump(self, wait_s: float = 0.02) -> None:
        """Move bytes once."""
        made = self.link.outgoing(time.monotonic())
        if made:
            self.line.write(made)
        self.link.receive(self.line.read(wait_s), time.monotonic())
        self.come.extend(m.from_bytes(data) for data in self.link.take())

    def wait(self, done, *, seconds: float = 60.0) -> None:
        end_s = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end_s, "not within the time"
            self.pump()

    def send(self, *messages: m.Message) -> None:
        for message in messages:
            self.link.send(m.to_bytes(message))

    def answer(self) -> m.Message:
        self.wait(lambda: self.come)
        return self.come.popleft()

    def ask(self, message: m.Message) -> m.Message:
        self.send(message)
        return self.answer()

    def facts(self, message: m.Message) -> dict[str, facts.Value]:
        return facts.from_bytes(self.ask(message).facts)  # type: ignore[attr-defined]

    def load(self, data: bytes, *, slot: int = 0, piece: int = 32_000) -> m.Message:
        first = self.ask(m.Load(slot, len(data), zlib.crc32(data)))
        if not isinstance(first, m.Loaded) or first.state == m.State.READY:
            return first
        for at in range(first.have, len(data), piece):
            self.send(m.Chunk(slot, at, data[at : at + piece]))
        return self.answer()

    def hear(self, samples: np.ndarray, *, clip: int = 1, piece: int = 16_300) -> tuple[np.ndarray, m.Heard]:
        """Play a clip; give the records of its steps, and HEARD, whose checksums are right."""
        self.send(m.Start(clip))
        for at in range(0, len(samples), piece):
            self.send(m.Audio(at, samples[at : at + piece].tobytes()))
        self.send(m.Stop())
        return self.scores(samples)

    def scores(self, samples: np.ndarray) -> tuple[np.ndarray, m.Heard]:
        parts, steps = [], 0
        while not isinstance(found := self.answer(), m.Heard):
            assert isinstance(found, m.Scores), found
            assert found.first_step == steps
            parts.append(m.records(found))
            steps += len(parts[-1])
        rows = np.concatenate(parts) if parts else np.zeros(0, m.record_type(1))
        assert found.steps == steps
        assert found.samples == len(samples)
        assert found.crc_samples == zlib.crc32(samples.tobytes())
        assert found.crc_scores == zlib.crc32(rows["models"].tobytes())
        return rows, found
