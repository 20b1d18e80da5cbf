"""The device's end on a computer: a Raspberry Pi through SSH, or this machine. Bytes and the time go in, bytes come out.

It answers as the firmware does (firmware_harness/core/wg_device.c), with more room: whole seconds of sound in a message, models
in float too.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from enum import Enum, auto
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import DeviceError
from wakegen.devices import agent_facts, facts
from wakegen.devices import messages as m
from wakegen.devices.agent_clip import Clip
from wakegen.devices.agent_microphone import Recorder
from wakegen.devices.agent_slots import MODEL_ROOM, SLOTS, Refused, Slots
from wakegen.devices.link import Link
from wakegen.features.mel import STEP_SAMPLES

I16 = NDArray[np.int16]

_log = logging.getLogger(__name__)
_MOST_UNCONFIRMED = 16  # answers that nobody has taken yet: then nothing more is computed
_MOST_TEXT = 400  # bytes of an ERROR
_RECORD_SAMPLES = 1600  # 0.1 s
_ERROR_BYTES, _SCORES_BYTES, _RECORDED_BYTES = (1 + one.LAYOUT.size for one in (m.Error, m.Scores, m.Recorded))
_STEP_BYTES = 2 * STEP_SAMPLES


class Doing(Enum):
    """What is under way."""

    NOTHING = auto()
    HEARING = auto()
    RUNNING = auto()
    CAPTURING = auto()


class Agent:
    """One device. `receive`, `work` while it says that there is more, `outgoing`."""

    def __init__(
        self, slots: Slots, *, runtime: str, record: Callable[[], Recorder] | None = None, link: Link | None = None
    ) -> None:
        """Begin to wait for a host; `record` begins a recording, where there is a microphone."""
        self.link = link or Link()
        self._slots, self._runtime, self._record = slots, runtime, record
        self._session = self.link.session
        self._recorder: Recorder | None = None
        self._forget()

    def receive(self, data: bytes, now_s: float) -> None:
        """Take bytes as they come."""
        self.link.receive(data, now_s)
        if self.link.session != self._session:
            self._session = self.link.session
            self._forget()

    def outgoing(self, now_s: float) -> bytes:
        """Give the bytes that are due."""
        return self.link.outgoing(now_s)

    def work(self, now_s: float) -> bool:
        """Do one piece of work, a step at most; tell whether there may be more."""
        if self.link.unconfirmed >= _MOST_UNCONFIRMED:
            return False
        if self._sound is not None:
            self._follow(m.Audio.CODE, self._hear, now_s)
            return True
        busy = self._doing in (Doing.RUNNING, Doing.CAPTURING)
        message = self._next(urgent=busy)
        if message is not None:
            self._follow(message[0] if message else 0, lambda _: self._obey(message), now_s)
        elif busy:
            self._follow(m.Run.CODE if self._doing == Doing.RUNNING else m.Capture.CODE, self._go_on, now_s)
        return busy or message is not None

    def close(self) -> None:
        """End what is under way."""
        self._forget()

    def _forget(self) -> None:
        """Let nothing be under way; models stay."""
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None
        self._doing, self._left, self._clip = Doing.NOTHING, 0, Clip()
        self._pcm, self._whole = bytearray(), b""  # of the step that is under way; of one that can be computed again
        self._sound: memoryview | None = None  # of an AUDIO, what was not heard yet
        self._held: bytes | None = None  # a message that was looked at

    def _end(self) -> None:
        """Let nothing be under way, but keep what messages wait and the step that can be computed again."""
        held, whole, clip = self._held, self._whole, self._clip.number
        self._forget()
        self._held, self._whole, self._clip.number = held, whole, clip

    def _follow(self, code: int, how: Callable[[float], Any], now_s: float) -> None:
        try:
            how(now_s)
        except Refused as error:
            self._refuse(code, error.status, error.detail, error.text)
        except Exception as error:
            # A model that loads and cannot run, a cable that was pulled: the host must learn of it.
            _log.exception("message %#04x", code)
            fault = m.Status.NO_MICROPHONE if code == m.Capture.CODE else m.Status.BAD_MODEL
            self._refuse(code, fault, 0, f"{type(error).__name__}: {error}")

    def _refuse(self, code: int, status: int, detail: int, text: str) -> None:
        self._end()
        self._send(
            m.Error(code, status, detail, text.encode()[: min(_MOST_TEXT, self.link.max_message - _ERROR_BYTES)])
        )

    def _next(self, *, urgent: bool) -> bytes | None:
        """Take the next message; with `urgent` only one that need not wait for the end of a RUN or a CAPTURE."""
        if self._held is None:
            self._held = next(iter(self.link.take(1)), None)
        if self._held is None or (urgent and self._held[:1] not in _URGENT):
            return None
        message, self._held = self._held, None
        return message

    def _send(self, message: m.Message) -> None:
        self.link.send(m.to_bytes(message))

    # Questions --------------------------------------------------------------------------------------------------

    def _obey(self, data: bytes) -> None:
        try:
            message = m.from_bytes(data)
        except DeviceError:
            raise Refused(m.Status.UNKNOWN) from None
        if type(message) not in _OBEYED:
            raise Refused(m.Status.UNKNOWN)
        _OBEYED[type(message)](self, message)

    def _info(self, _: m.AskInfo) -> None:
        own = {"slots": SLOTS, "model_room": MODEL_ROOM, "channels": int(self._record is not None)}
        slots = [self._slots.loaded(slot) for slot in range(SLOTS)]
        own |= {f"model_{one.slot}": one.crc32 for one in slots if one.state == m.State.READY}
        self._send(m.Info(facts.to_bytes({**agent_facts.info(runtime=self._runtime), **own})))

    def _stats(self, _: m.AskStats) -> None:
        counts = {"frames_bad": self.link.splitter.bad, "frames_again": self.link.counts.again}
        self._send(m.Stats(facts.to_bytes({**agent_facts.stats(), **counts})))

    def _load(self, message: m.Load) -> None:
        before = self._slots.loaded(message.slot) if message.slot < SLOTS else None
        self._slots.load(message.slot, message.size, message.crc32)
        now = self._slots.loaded(message.slot)
        if before != now:
            self._changed()
        self._send(now)

    def _chunk(self, message: m.Chunk) -> None:
        try:
            ready = self._slots.chunk(message.slot, message.offset, message.data)
        except Refused:
            self._changed()
            raise
        if ready:
            self._changed()
            self._send(self._slots.loaded(message.slot))

    def _changed(self) -> None:
        """Let what was under way end: other models would go on with it."""
        self._end()
        self._whole = b""

    def _start(self, message: m.Start) -> None:
        if not self._slots.ready:
            raise Refused(m.Status.EMPTY)
        self._changed()
        self._slots.reset()
        self._doing, self._clip = Doing.HEARING, Clip(message.clip)

    def _audio(self, message: m.Audio) -> None:
        if self._doing != Doing.HEARING:
            raise Refused(m.Status.ORDER, 0, "no clip is under way")
        if len(message.data) % 2:
            raise Refused(m.Status.UNKNOWN, 0, "half a sample")
        if message.at != self._clip.samples:
            raise Refused(m.Status.ORDER, self._clip.samples)
        self._clip.add_sound(message.data)
        self._sound = memoryview(message.data)
        self._waiting = min(255, self.link.waiting)

    def _stop(self, _: m.Stop) -> None:
        if self._doing != Doing.HEARING:
            raise Refused(m.Status.ORDER, 0, "no clip is under way")
        self._heard()

    def _cancel(self, _: m.Cancel) -> None:
        self._flush()
        self._heard()

    def _run(self, message: m.Run) -> None:
        if not self._slots.ready:
            raise Refused(m.Status.EMPTY)
        if not self._whole:
            raise Refused(m.Status.NO_STEP)
        self._doing, self._left, self._clip = Doing.RUNNING, message.steps, Clip(self._clip.number)

    def _capture(self, message: m.Capture) -> None:
        if self._record is None:
            raise Refused(m.Status.NO_MICROPHONE, 0, "pip install sounddevice")
        self._end()
        try:
            self._recorder = self._record()
        except Exception as error:  # sounddevice's own errors, and OSError where PortAudio is missing
            raise Refused(m.Status.NO_MICROPHONE, 0, f"{type(error).__name__}: {error}") from error
        self._doing, self._left, self._clip = Doing.CAPTURING, message.samples, Clip(self._clip.number)

    # Pieces of work ---------------------------------------------------------------------------------------------

    def _hear(self, now_s: float) -> None:
        """Hear one step of the AUDIO that came last, or what is left of it."""
        assert self._sound is not None
        part = self._sound[: _STEP_BYTES - len(self._pcm)]
        self._pcm += part
        self._sound = self._sound[len(part) :]
        if len(self._pcm) == _STEP_BYTES:
            self._whole = bytes(self._pcm)
            self._pcm.clear()
            self._step(self._waiting, now_s)
        if not len(self._sound):
            self._sound = None
            self._flush()

    def _go_on(self, now_s: float) -> None:
        """Do a piece of a RUN or of a CAPTURE."""
        if self._left and self._doing == Doing.RUNNING:
            self._left -= 1
            self._step(min(255, self.link.waiting + (self._held is not None)), now_s)
        elif self._left:
            assert self._recorder is not None
            data = self._recorder.read(min(self._left, _RECORD_SAMPLES, (self.link.max_message - _RECORDED_BYTES) // 2))
            self._left -= len(data) // 2
            self._send(m.Recorded(self._clip.samples, data))
            self._clip.add_sound(data)
        if not self._left:
            self._flush()
            self._heard()

    def _step(self, waiting: int, now_s: float) -> None:
        pcm = np.frombuffer(self._whole, np.int16)
        begun_ns = time.perf_counter_ns()
        found = self._slots.step(pcm)
        ticks = time.perf_counter_ns() - begun_ns
        values = b"".join(value + bytes((flags,)) for value, flags in found)
        if self._clip.add_step(values, ticks=ticks, waiting=waiting, now_s=now_s):
            self._flush()

    def _flush(self) -> None:
        """Send the scores that are kept."""
        first, data = self._clip.take()
        models = self._slots.ready
        one = m.record_type(models).itemsize
        together = max(1, (self.link.max_message - _SCORES_BYTES) // one)  # a host may take small messages only
        for at in range(0, len(data) // one, together):
            self._send(m.Scores(first + at, models, data[at * one : (at + together) * one]))

    def _heard(self) -> None:
        heard = self._clip.heard()
        self._end()
        self._send(heard)


_URGENT = tuple(bytes((one.CODE,)) for one in (m.Cancel, m.AskInfo, m.AskStats))
_OBEYED: dict[type[m.Message], Callable[[Agent, Any], None]] = {
    m.AskInfo: Agent._info,
    m.AskStats: Agent._stats,
    m.Load: Agent._load,
    m.Chunk: Agent._chunk,
    m.Start: Agent._start,
    m.Audio: Agent._audio,
    m.Stop: Agent._stop,
    m.Run: Agent._run,
    m.Capture: Agent._capture,
    m.Cancel: Agent._cancel,
}
