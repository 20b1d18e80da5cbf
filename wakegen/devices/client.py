"""A host's view of a device: asks, loads models, lets it hear sound, and checks that both ends mean the same.

Every answer is waited for with the link's patience: a device that is gone is an error within 10 s, never a hang.
"""

from __future__ import annotations

import secrets
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import DeviceError
from wakegen.devices import facts, messages
from wakegen.devices.facts import Value
from wakegen.devices.frames import MAX_BODY
from wakegen.devices.link import PATIENCE_S, Link
from wakegen.devices.messages import (
    AskInfo,
    AskStats,
    Audio,
    Capture,
    Chunk,
    Error,
    Heard,
    Info,
    Load,
    Loaded,
    Log,
    Message,
    Recorded,
    Scores,
    Start,
    State,
    Stats,
    Stop,
)
from wakegen.devices.refusals import as_error
from wakegen.devices.transports.base import Line

I16 = NDArray[np.int16]
M = TypeVar("M", bound=Message)
OnLog = Callable[[int, str], None]
OnBytes = Callable[[int], None]  # how many bytes of a model are there

RATE_HZ = 16_000
STEP_SAMPLES = 1280
_POLL_S = 0.01  # between two looks at the line: below the link's shortest wait
_AHEAD = 16  # messages that wait to be sent: enough to keep the line busy


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """What a device made of a clip: one row for each step, as `messages.record_type` says."""

    steps: NDArray[np.void]
    crc_samples: int
    crc_scores: int


class Device:
    """A device on an open line. Not for sharing between threads."""

    def __init__(
        self,
        line: Line,
        *,
        clock: Callable[[], float] = time.monotonic,
        on_log: OnLog | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Take an open line; a device that says nothing for `patience_s` is taken for lost."""
        self._line, self._clock, self._on_log = line, clock, on_log
        self._link = Link(session=1 + secrets.randbelow(0xFFFF), patience_s=patience_s)
        self._inbox: list[Message] = []
        self._clip = 0

    @property
    def link(self) -> Link:
        """The channel, for its counts."""
        return self._link

    def __enter__(self) -> Device:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> dict[str, Value]:
        """Open a session; give what the device is.

        Raises
        ------
        DeviceLost : nothing answers, or another version of the protocol does.
        """
        while not self._link.is_open:
            self._turn()
        return self.info()

    def close(self) -> None:
        """End the line; what the device holds stays there."""
        self._line.close()

    def info(self) -> dict[str, Value]:
        """Give what the device is: names and values of `facts`."""
        return facts.from_bytes(self._ask(AskInfo(), Info).facts)

    def stats(self) -> dict[str, Value]:
        """Give how the device fares now."""
        return facts.from_bytes(self._ask(AskStats(), Stats).facts)

    def load(self, model: bytes, *, slot: int = 0, on_bytes: OnBytes = lambda count: None) -> Loaded:
        """Bring a model into a slot, going on where an earlier upload broke off.

        Raises
        ------
        BadInput : the device cannot run it; the message says by how much.
        DeviceError : it did not arrive.
        """
        loaded = self._ask(Load(slot, len(model), zlib.crc32(model)), Loaded)
        piece = self._room(Chunk)
        for offset in range(loaded.have, len(model), piece) if loaded.state != State.READY else ():
            self._send(Chunk(slot, offset, model[offset : offset + piece]))
            on_bytes(min(offset + piece, len(model)))
        if loaded.state != State.READY and model:
            loaded = self._await(Loaded)
        if model and (loaded.state, loaded.crc32) != (State.READY, zlib.crc32(model)):
            raise DeviceError(
                "The device took the model and does not have it.", hint="Restart the device and run the same again."
            )
        return loaded

    def hear(self, samples: I16, *, realtime: bool = False) -> Clip:
        """Let the device hear a clip from a fresh start; only whole steps of 1,280 samples give scores.

        With `realtime` sound is sent no sooner than a microphone would give it; else as fast as the device takes it.

        Raises
        ------
        DeviceError : the device heard other samples than were sent, or its scores did not arrive as it made them.
        """
        self._clip += 1
        data = np.ascontiguousarray(samples, "<i2").tobytes()
        piece = min(self._room(Audio) // 2 * 2, 2 * STEP_SAMPLES if realtime else MAX_BODY)
        self._send(Start(self._clip))
        started_s = self._clock()
        for at in range(0, len(data), piece):
            end = min(at + piece, len(data))
            while realtime and (early_s := started_s + end / (2 * RATE_HZ) - self._clock()) > 0:
                self._turn(min(_POLL_S, early_s))
            self._send(Audio(at // 2, data[at:end]))
        self._send(Stop())
        clip, heard = self._heard()
        if (heard.clip, heard.samples, heard.crc_samples) != (self._clip, len(samples), zlib.crc32(data)):
            raise DeviceError(
                f"The device heard {heard.samples} samples with another checksum than the {len(samples)} that were sent.",
                hint="Its firmware or this program is at fault: please report it.",
            )
        return clip

    def record(self, samples: int) -> I16:
        """Give what the device's microphone hears, shape (samples,)."""
        self._send(Capture(samples))
        found = bytearray()
        for message in self._messages(Heard):
            if isinstance(message, Recorded) and message.at == len(found) // 2:
                found += message.data
            elif isinstance(message, Heard) and (message.samples, message.crc_samples) != (samples, zlib.crc32(found)):
                raise DeviceError(
                    f"{len(found) // 2} of {samples} samples came from the device's microphone.", hint="Try it again."
                )
        return np.frombuffer(bytes(found), "<i2")

    def _heard(self) -> tuple[Clip, Heard]:
        """Collect scores until the device says what it all came to."""
        parts: list[NDArray[np.void]] = []
        count, heard = 0, None
        for message in self._messages(Heard):
            if isinstance(message, Scores):
                if message.first_step != count:
                    raise DeviceError(
                        f"Scores of step {message.first_step} came in the place of {count}.",
                        hint="Its firmware or this program is at fault: please report it.",
                    )
                parts.append(messages.records(message))
                count += len(parts[-1])
            elif isinstance(message, Heard):
                heard = message
        assert heard is not None
        steps = np.concatenate(parts) if parts else np.zeros(0, messages.record_type(1))
        crc = zlib.crc32(np.ascontiguousarray(steps["models"]).tobytes())
        if (count, crc) != (heard.steps, heard.crc_scores):
            raise DeviceError(
                f"{count} scores came of the {heard.steps} that the device made, or not as it made them.",
                hint="Its firmware or this program is at fault: please report it.",
            )
        return Clip(steps, heard.crc_samples, crc), heard

    def _room(self, kind: type[Message]) -> int:
        """Give the bytes that a message of a kind can carry."""
        return self._link.max_message - 1 - kind.LAYOUT.size

    def _ask(self, question: Message, answer: type[M]) -> M:
        self._send(question)
        return self._await(answer)

    def _await(self, answer: type[M]) -> M:
        for message in self._messages(answer):
            if isinstance(message, answer):
                return message
        raise AssertionError("`_messages` ends with the answer")

    def _messages(self, last: type[Message]) -> Iterator[Message]:
        """Give messages as they come, up to the first of a kind."""
        while True:
            while self._inbox:
                message = self._inbox.pop(0)
                yield message
                if isinstance(message, last):
                    return
            self._turn()

    def _send(self, message: Message) -> None:
        """Hand a message over as soon as not too many wait; what arrives meanwhile is kept."""
        while self._link.unconfirmed >= _AHEAD:
            self._turn()
        self._link.send(messages.to_bytes(message))
        if self._link.unconfirmed >= _AHEAD // 2:
            self._turn(0.0)

    def _turn(self, wait_s: float = _POLL_S) -> None:
        """Send what is due, take what has come.

        Raises
        ------
        DeviceLost : the device is gone.
        WakegenError : it refused something.
        """
        made = self._link.outgoing(self._clock())
        if made:
            self._line.write(made)
        self._link.receive(self._line.read(wait_s), self._clock())
        self._take(self._link.take())

    def _take(self, bodies: Sequence[bytes]) -> None:
        for body in bodies:
            message = messages.from_bytes(body)
            if isinstance(message, Error):
                raise as_error(message)
            if isinstance(message, Log):
                if self._on_log:
                    self._on_log(message.level, message.data.decode(errors="replace"))
            else:
                self._inbox.append(message)
