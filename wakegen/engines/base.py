"""The contract that every engine lives by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of one engine, as `wakegen voices list` shows it."""

    engine: str
    name: str  # what --voice takes; unique within the engine
    language: str  # BCP 47, as the engine tags it
    speaker: str  # whose timbre it is: voices that share it, of whatever engine, are never in two splits
    gender: str  # "male", "female" or "unknown"
    licence: str
    kind: str  # "formant", "klatt", "neural", "concatenative", …
    toy: bool = False  # whispers, robots, monsters: only when asked for by name
    commercial: bool = True  # False: its licence forbids commercial use, so it speaks only when asked for by name


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """All that decides a clip. Engines ignore no field: one outside their controls must be neutral."""

    text: str  # plain text, or IPA with spaces between words when `ipa` is set
    voice: str
    ipa: bool = False
    rate: float = 1.0  # speaking rate against the voice's own, 0.4 … 2.5
    pitch_semitones: float = 0.0  # −12 … +12
    pitch_range: float = 1.0  # 0 is monotone, 2 is twice the voice's own
    volume: float = 1.0  # effort, 0.2 … 2; levels in dB are the scene's affair
    emphasis: int = -1  # index of the word that is stressed, −1: none
    pause_s: float = 0.0  # added between words, 0 … 0.5
    seed: int = 0  # for what the engine draws itself


# What each control may be (an engine's row may narrow it), and what leaves the voice as it is.
RANGES: dict[str, tuple[float, float]] = {
    "rate": (0.4, 2.5),
    "pitch_semitones": (-12.0, 12.0),
    "pitch_range": (0.0, 2.0),
    "volume": (0.2, 2.0),
    "emphasis": (-1, 999),
    "pause_s": (0.0, 0.5),
}
NEUTRAL: dict[str, float] = {
    "rate": 1.0, "pitch_semitones": 0.0, "pitch_range": 1.0, "volume": 1.0, "emphasis": -1, "pause_s": 0.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """What an engine returns: mono float32 in −1 … 1 at the engine's own rate, untrimmed."""

    samples: NDArray[np.float32]  # shape (n,)
    rate_hz: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine says of itself."""

    version: str
    voices: tuple[Voice, ...]
    problems: tuple[str, ...] = ()  # "NAME: reason" for each voice that is there and cannot be used


class Engine(Protocol):
    """Owns whatever the synthesis needs; used as a context manager."""

    @property
    def version(self) -> str:
        """The version of what synthesises."""
        ...

    def voices(self) -> tuple[Voice, ...]:
        """All voices that can be used now, in a fixed order."""
        ...

    def synthesize(self, request: SpeechRequest) -> Speech:
        """Speak. Raises CannotSpeak or EngineError; never falls back to another voice."""
        ...

    def __enter__(self) -> Engine: ...

    def __exit__(self, *_: object) -> None: ...
