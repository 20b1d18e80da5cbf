"""The client's end of `host.py`: an engine whose native code may crash or hang, seen as any other engine."""

from __future__ import annotations

import json
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from wakegen.core import errors
from wakegen.core.errors import CannotSpeak, EngineError, WakegenError
from wakegen.engines.base import Answer, Speech, SpeechRequest, Voice
from wakegen.engines.child import Child, Lost
from wakegen.engines.host import SPEECH_HEAD
from wakegen.espeak.server import ERROR, JSON, SAMPLES

if TYPE_CHECKING:
    from wakegen.engines.table import EngineRow

# To start and to load models from a cold disk: from a warm one Kokoro's first clip, 92 MB, is there in 5 s.
_START_S = 20.0
_PATIENCE = 60.0  # times what the row says that a clip takes, on a machine that is slow and busy
_CHARACTER_S = 0.1  # of speech, about
_REQUEST_MAX = 60_000  # bytes: a pipe holds 64 KiB although nobody reads, so writing never waits
_ANSWER_MAX = 64 << 20  # bytes: five minutes at 48 kHz
# Nearly three times the slowest that was met: Pico reads each mark of "[[h]]" by its name, 1.1 s a character.
_LONGEST_S, _LONGEST_CHARACTER_S = 30.0, 3.0
_RATES_HZ = (4000, 192_000)
# What the child runs: it finds modules where this process does, an editable install, a wheel or a checkout.
_RUN = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[2]); from wakegen.engines.host import main; main(sys.argv[1])"
)
_FIELDS = tuple(field.name for field in fields(SpeechRequest))
_KINDS = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, WakegenError)
}  # fmt: skip


class Isolated:
    """An engine in a process of its own, started at the first request. Requests of several threads take turns."""

    def __init__(self, row: EngineRow, *, patience_s: float = _START_S) -> None:
        self._row = row
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._greeting: Answer | None = None

    def __enter__(self) -> Isolated:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and wait for it. The next request would start another."""
        with self._lock:
            child, self._child = self._child, None
            if child is not None:
                child.close()

    @property
    def pid(self) -> int | None:
        """The process id of the child while it runs."""
        return self._child.pid if self._child is not None and self._child.is_alive else None

    @property
    def version(self) -> str:
        """The engine's version."""
        return self._greet().version

    def voices(self) -> tuple[Voice, ...]:
        """All voices of the engine, as it told them when it was asked first."""
        return self._greet().voices

    @property
    def problems(self) -> tuple[str, ...]:
        """Why voices that are there cannot be used: "NAME: reason"."""
        return self._greet().problems

    def _greet(self) -> Answer:
        if self._greeting is None:
            what = "being asked for its voices"
            answer = self._ask({"op": "hello"}, what, self._deadline_s(1.0), lambda given: _flaw_of_json(given, JSON))
            if answer[0] == ERROR:
                raise self._said(answer, what)
            said = json.loads(answer[1:])
            voices = tuple(Voice(**voice) for voice in said["voices"])
            self._greeting = Answer(str(said["version"]), voices, tuple(said["problems"]))
        return self._greeting

    def synthesize(self, request: SpeechRequest) -> Speech:
        """Speak.

        Raises
        ------
        BadInput, CannotSpeak, NotInstalled, EngineError : as the engine itself.
        EngineError : it crashed, took too long, or gave no speech; the next request starts it anew.
        """
        expected_s = max(1.0, _CHARACTER_S * len(request.text) / max(0.1, request.rate))
        deadline_s, what = self._deadline_s(expected_s), f"'{request.text}' with voice {request.voice}"
        answer = self._ask(
            {"op": "speak", **{name: getattr(request, name) for name in _FIELDS}},
            what,
            deadline_s,
            lambda given: self._flaw(given, request),
        )
        if answer[0] == ERROR:
            raise self._said(answer, what)
        rate_hz, samples = _unpacked(answer)
        return Speech(samples, rate_hz)

    def _deadline_s(self, speech_s: float) -> float:
        return self._patience_s + _PATIENCE * self._row.cpu_per_s * speech_s

    def _flaw(self, answer: bytearray, request: SpeechRequest) -> str:
        """Say why an answer can be neither speech nor an error, "" if it can."""
        if answer[:1] != bytes([SAMPLES]):
            return _flaw_of_json(answer, ERROR)
        if len(answer) < SPEECH_HEAD.size or len(answer) % 4:
            return _no_answer(answer)
        rate_hz, samples = _unpacked(answer)
        if not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1] or (self._row.rate_hz and rate_hz != self._row.rate_hz):
            return f"it gave a sample rate of {rate_hz} Hz"
        if not samples.size:
            return "it gave no sample"
        if samples.size > rate_hz * (_LONGEST_S + _LONGEST_CHARACTER_S * len(request.text)) / max(0.1, request.rate):
            return f"it gave {samples.size / rate_hz:.0f} s of sound"
        peak = float(max(samples.max(), -samples.min()))  # NaN when any sample is
        if not peak <= 1.0:
            return f"it gave samples up to {peak:g}, beyond full scale" if np.isfinite(peak) else "it gave NaN or Inf"
        return ""

    def _ask(
        self, request: dict[str, Any], what: str, deadline_s: float, flaw: Callable[[bytearray], str]
    ) -> bytearray:
        """Send a request and give the answer, in which `flaw` finds none."""
        frame = json.dumps(request).encode()
        if len(frame) > _REQUEST_MAX:
            raise CannotSpeak(f"The text has {len(request['text'])} characters.", hint="Keep it within 1000.")
        with self._lock:
            for attempt in range(2):  # a process that was ended from outside is not this request's fault
                try:
                    return self._exchange(frame, deadline_s, flaw)
                except Lost as lost:
                    if attempt or not lost.from_outside:
                        raise self._failed(what, str(lost)) from lost
        raise AssertionError("the second attempt returns or raises")

    def _exchange(self, frame: bytes, deadline_s: float, flaw: Callable[[bytearray], str]) -> bytearray:
        child, self._child = self._child, None  # whatever goes wrong below: the next request starts another
        if child is not None and not child.is_alive:  # it died between two requests, or before a fork
            child.kill()
            child = None
        child = child or self._start()
        until = time.monotonic() + deadline_s
        try:
            child.send(struct.pack("<I", len(frame)) + frame)
            length = struct.unpack("<I", child.read(4, until=until))[0]
            if length > _ANSWER_MAX:
                raise Lost(f"it gave bytes that are no answer ({length} of them)")
            answer = child.read(length, until=until)
            wrong = flaw(answer) or ("it gave more than the answer" if child.has_more else "")
            if wrong:
                raise Lost(wrong)
        except BaseException:  # Ctrl-C too: the rest of the answer would be taken for the next one
            child.kill()
            raise
        self._child = child
        return answer

    def _start(self) -> Child:
        home = str(Path(__file__).resolve().parents[2])
        places = [place for place in sys.path if place]  # "" is wherever this process stood when it imported
        if home not in places:
            places.insert(0, home)
        command = [sys.executable, "-I", "-c", _RUN, self._row.factory, json.dumps(places)]
        return Child(command, environment=dict(self._row.environment))

    def _failed(self, what: str, reason: str) -> EngineError:
        return EngineError(
            f"{self._row.name} failed on {what}: {reason}.", hint="Try another voice or wording, or another --engine."
        )

    def _said(self, answer: bytearray, what: str) -> WakegenError:
        """Give the error that the engine raised, as itself; what is no WakegenError becomes an EngineError."""
        said = json.loads(answer[1:])
        kind = _KINDS.get(said["kind"])
        if kind is None:
            return self._failed(what, said["message"])
        error = kind.__new__(kind)  # some kinds have a constructor of their own
        WakegenError.__init__(error, said["message"], hint=said["hint"])
        return error


def _unpacked(answer: bytearray) -> tuple[int, NDArray[np.float32]]:
    return SPEECH_HEAD.unpack_from(answer)[1], np.frombuffer(answer, np.float32, offset=SPEECH_HEAD.size)


def _flaw_of_json(answer: bytearray, kind: int) -> str:
    """Say what is wrong with an answer that is to be JSON of a kind, or an error; "" for nothing."""
    try:
        fine = answer[0] in (kind, ERROR) and isinstance(json.loads(answer[1:]), dict)
    except (ValueError, IndexError):
        fine = False
    return "" if fine else _no_answer(answer)


def _no_answer(answer: bytearray) -> str:
    return f"it gave {len(answer)} bytes that are no answer"
