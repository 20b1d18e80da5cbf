"""The agent's microphone, where the package sounddevice and what it needs are there."""

from __future__ import annotations

from typing import Any, Protocol

from wakegen.devices.agent_facts import RATE_HZ


class Recorder(Protocol):
    """A microphone that is recording, 16 kHz, mono."""

    def read(self, samples: int, /) -> bytes:
        """Wait for so many int16 samples."""
        ...

    def close(self) -> None:
        """End it."""
        ...


def record() -> Recorder:
    """Begin to record from the system's default microphone; sounddevice's own errors go through."""
    import sounddevice

    stream = sounddevice.RawInputStream(samplerate=RATE_HZ, channels=1, dtype="int16")
    stream.start()
    return _Microphone(stream)


class _Microphone:
    """A recording of sounddevice."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, samples: int, /) -> bytes:
        return bytes(self._stream.read(samples)[0])

    def close(self) -> None:
        self._stream.close()
