"""The process that holds an engine of native code, so that its crash is not ours; `isolated.py` starts and asks it.

Frames, both ways, are those of `wakegen.espeak.server`: length (uint32, little-endian), then that many bytes. A request
is JSON: {"op": "hello"}, or {"op": "speak"} with the fields of a SpeechRequest. The first byte of an answer tells what
follows: 0 speech (three bytes of nothing, the rate in Hz as uint32, float32 samples), 1 JSON, 2 an error as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
import traceback
from contextlib import ExitStack
from dataclasses import asdict
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np

from wakegen.core.errors import WakegenError
from wakegen.engines.base import Engine, SpeechRequest
from wakegen.espeak.server import ERROR, JSON, SAMPLES, die_with_parent, read_frame, write_frame

SPEECH_HEAD = struct.Struct("<B3xI")  # kind, rate; the samples that follow lie at a multiple of four bytes


class _Host:
    """The engine, made at the first request, so that why it cannot be made is an answer."""

    def __init__(self, factory: str, stack: ExitStack) -> None:
        self._factory, self._stack = factory, stack

    @cached_property
    def engine(self) -> Engine:
        module, _, name = self._factory.partition(":")
        engine: Engine = self._stack.enter_context(getattr(import_module(module), name)())
        return engine

    def answer(self, request: dict[str, Any]) -> bytes:
        """Do what a request asks."""
        if request.pop("op") == "hello":
            greeting = {
                "version": self.engine.version,
                "voices": [asdict(voice) for voice in self.engine.voices()],
                "problems": list(getattr(self.engine, "problems", ())),
            }
            return bytes([JSON]) + json.dumps(greeting).encode()
        speech = self.engine.synthesize(SpeechRequest(**request))
        samples = np.ascontiguousarray(speech.samples, np.float32)
        return SPEECH_HEAD.pack(SAMPLES, speech.rate_hz) + samples.tobytes()


def _failure(error: Exception) -> bytes:
    """Say an error; one that is no WakegenError is the library's own or a bug, and its trace goes to stderr."""
    if isinstance(error, WakegenError):
        said = {"kind": type(error).__name__, "message": str(error), "hint": error.hint}
    else:
        traceback.print_exc()
        said = {"kind": "", "message": f"{type(error).__name__}: {error}", "hint": ""}
    return bytes([ERROR]) + json.dumps(said).encode()


def _private(handle: int, instead: int) -> int:
    """Move a pipe to a handle of its own: what native code prints or reads then goes elsewhere, not into frames."""
    own = os.dup(handle)
    os.dup2(instead, handle)
    return own


def main(factory: str) -> None:
    """Serve until the requests end."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle; it then closes the pipe
    answers = _private(1, 2)
    requests = _private(0, os.open(os.devnull, os.O_RDONLY))
    with ExitStack() as stack:
        host = _Host(factory, stack)
        while (frame := read_frame(requests)) is not None:
            try:
                answer = host.answer(json.loads(frame))
            except Exception as error:
                answer = _failure(error)
            write_frame(answers, answer)


if __name__ == "__main__":
    main(sys.argv[1])
