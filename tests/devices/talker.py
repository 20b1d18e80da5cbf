"""A host at one end of a real line: a program's pipes or a socket, with faults on it if wanted."""

from __future__ import annotations

import os
import select
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from wakegen.devices.faults import Faults, FaultyLine
from wakegen.devices.link import Link
from wakegen.devices.messages import (  # fmt: skip
    Audio,
    Chunk,
    Error,
    Heard,
    Load,
    Loaded,
    Message,
    Scores,
    Start,
    Stop,
    from_bytes,
    records,
    to_bytes,
)
from wakegen.features.native import NativeInt8

STEP = 1280
PATIENCE_S = 90.0  # a busy machine; nothing waits for so long when all is well
GOOD = Faults()


class Talker:
    """Asks, and collects what is answered, in order."""

    def __init__(self, source: int, sink: int, *, faults: Faults = GOOD, session: int = 1, seed: int = 0) -> None:
        """Take the file descriptors of what the device writes and reads."""
        self._source, self._sink, self._faults = source, sink, faults
        self._there, self._back = FaultyLine(faults, seed=seed), FaultyLine(faults, seed=seed + 1)
        self.answers: list[Message] = []
        self.open(session)

    def open(self, session: int) -> None:
        """Begin a session, and forget what came in the one before."""
        self.link = Link(session=session)
        self.answers.clear()
        self.until(lambda: self.link.is_open)

    def turn(self, *, takes: bool = True) -> None:
        """Move what there is to move, for a few milliseconds at most."""
        self.link.receive(self._back.read(time.monotonic()), time.monotonic())
        out = self.link.outgoing(time.monotonic())
        for piece in _pieces(out):
            self._there.write(piece, time.monotonic())
        self.put(self._there.read(time.monotonic()))
        if takes:
            self.answers += map(from_bytes, self.link.take())
        wait_s = 0.0005 if self._there.next_s() or self._back.next_s() else 0.005
        if select.select([self._source], [], [], wait_s)[0]:
            data = os.read(self._source, 65_536)
            assert data, "the device has ended"
            for piece in _pieces(data):
                self._back.write(piece, time.monotonic())

    def put(self, data: bytes) -> None:
        """Write bytes as they are."""
        while data:
            data = data[os.write(self._sink, data) :]

    def until(self, done, *, seconds: float = PATIENCE_S, takes: bool = True) -> None:
        """Take turns until something holds."""
        end_s = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end_s, f"not within the time; so far: {self.answers[-3:]}"
            self.turn(takes=takes)

    def ask(self, *messages: Message | bytes) -> None:
        """Give messages, or bodies of DATA frames as they are."""
        for message in messages:
            self.link.send(message if isinstance(message, bytes) else to_bytes(message))

    def answer(self, *kinds: type[Message], seconds: float = PATIENCE_S) -> Message:
        """Give the next answer, which must be of one of these kinds."""
        self.until(lambda: bool(self.answers), seconds=seconds)
        first = self.answers.pop(0)
        assert isinstance(first, kinds), first
        return first

    def load(self, data: bytes, *, slot: int = 0, piece: int = 1000) -> Loaded | Error:
        """Bring a file, from where the device has it; give what the device says in the end."""
        self.ask(Load(slot, len(data), zlib.crc32(data)))
        said = self.answer(Loaded, Error)
        if isinstance(said, Error) or said.have == len(data):
            return said
        self.ask(*(Chunk(slot, at, data[at : at + piece]) for at in range(said.have, len(data), piece)))
        return self.answer(Loaded, Error)

    def play(self, sound: np.ndarray, *, clip: int = 7, piece: int = 509) -> Played:
        """Let it hear a clip."""
        self.ask(Start(clip), *audio(sound, piece), Stop())
        return self.played()

    def played(self) -> Played:
        """Collect scores until `Heard`."""
        made = Played()
        while isinstance(said := self.answer(Scores, Heard), Scores):
            assert said.first_step == len(made.steps)
            made.models = said.models
            made.steps += list(records(said))
        made.heard = said
        return made


def _pieces(data: bytes) -> list[bytes]:
    """Cut behind each 0: faults are of frames."""
    *whole, rest = data.split(b"\0")
    return [*(piece + b"\0" for piece in whole), *([rest] if rest else [])]


@dataclass(slots=True)
class Played:
    """What came of a clip."""

    models: int = 0
    steps: list[np.void] = field(default_factory=list)
    heard: Heard | None = None

    def values(self) -> list[list[tuple[int, int]]]:
        """Give value and flags of each step and model."""
        return [[(int(v["value"]), int(v["flags"])) for v in step["models"]] for step in self.steps]


def audio(sound: np.ndarray, piece: int = 509, at: int = 0) -> list[Audio]:
    """Cut sound into messages."""
    return [Audio(at + i, sound[i : i + piece].tobytes()) for i in range(0, len(sound), piece)]


def expected(files: Sequence[bytes], sound: np.ndarray, *, again: int = 0) -> list[list[tuple[int, int]]]:
    """Give what the engine on this machine says: value and flags of each step and model.

    `again`: of so many steps more, all of them the last.
    """
    engines = [NativeInt8(data, source="x") for data in files]
    steps = [sound[at : at + STEP] for at in range(0, len(sound) - STEP + 1, STEP)]
    return [
        [
            (int(s["sum"]) & 0xFFFFFFFF, int(s["ready"]) | int(s["fired"]) << 1)
            for s in (e.step(pcm) for e in engines)
        ]
        for pcm in steps + steps[-1:] * again
    ]  # fmt: skip


def crc_of(values: Sequence[Sequence[tuple[int, int]]]) -> int:
    """Give the CRC-32 that `Heard` has of these."""
    return zlib.crc32(
        b"".join(value.to_bytes(4, "little") + bytes([flags]) for step in values for value, flags in step)
    )
