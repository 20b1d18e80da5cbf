"""Engines that misbehave in the ways of native code, to be run in a process of their own; and one that cannot start."""

from __future__ import annotations

import os
import signal
import stat
import sys
import time

import numpy as np

from wakegen.core.errors import BadInput, CannotSpeak, NotInstalled
from wakegen.engines.base import Speech, SpeechRequest, Voice

RATE_HZ = 16000


def _write_to_the_frames(data: bytes) -> None:
    """Find the pipe of answers, as native code with a wrong file handle would, and write to it."""
    for handle in range(3, 20):
        try:
            if stat.S_ISFIFO(os.fstat(handle).st_mode):
                os.write(handle, data)
        except OSError:
            continue


class Unruly:
    """The name of the voice says what it does."""

    version = "7"

    def __enter__(self) -> Unruly:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def voices(self) -> tuple[Voice, ...]:
        return (Voice("unruly", "speaks", "en", "someone", "unknown", "none", "tone"),)

    def synthesize(self, request: SpeechRequest) -> Speech:
        tone = np.full(RATE_HZ // 10, 0.25, np.float32)
        match request.voice:
            case "crashes":
                os.write(2, b"loading\nterrible things happened\n")
                os.kill(os.getpid(), signal.SIGSEGV)
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "exits":
                os._exit(3)
            case "hangs":
                time.sleep(3600)
            case "nan":
                tone[7] = np.nan
            case "loud":
                tone *= 1e9
            case "empty":
                tone = tone[:0]
            case "endless":
                tone = np.zeros(RATE_HZ * 200, np.float32)
            case "slow":
                return Speech(tone, 8000)
            case "babbles":
                _write_to_the_frames(b"babble babble babble")
            case "short":  # a frame of five bytes that begins as speech does
                _write_to_the_frames(b"\x05\0\0\0\0\0\0\0\0")
            case "prints":
                print("hello from Python", flush=True)
                os.write(1, b"hello from C\n" * 1000)
                os.write(1, sys.stdin.read().encode())
            case "shouts":
                os.write(2, b"x" * 1_000_000 + b"\n")
            case "refuses":
                raise CannotSpeak("No.", hint="Say something else.")
            case "unknown":
                raise BadInput("No such voice.", hint="Did you mean 'speaks'?")
            case "bug":
                raise ZeroDivisionError("by zero")
        return Speech(tone, RATE_HZ)


class Stillborn(Unruly):
    """It is gone before it was there."""

    def __init__(self) -> None:
        sys.stderr.write("no voice data\n")
        sys.stderr.flush()
        os._exit(9)


class Absent(Unruly):
    """Its library is missing."""

    def __init__(self) -> None:
        raise NotInstalled("libnothing.so is missing.", hint="apt install nothing")
