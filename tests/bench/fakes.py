"""A scorer whose answer is written into the sound: loud means the phrase. And sounds to play to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

STEP = 1280


@dataclass(frozen=True, slots=True)
class Score:
    raw: float
    score: float


class Loudness:
    """Score = peak of the step, full scale = 1; smoothed over `smoothing` steps as a plain mean."""

    def __init__(self, smoothing: int = 1) -> None:
        self._smoothing = smoothing
        self.resets = 0
        self.reset()

    @classmethod
    def load(cls, path: Path) -> Loudness:
        if not path.exists():
            raise FileNotFoundError(path)
        return cls()

    def reset(self) -> None:
        self.resets += 1
        self._rest = np.zeros(0, np.int16)
        self._past: list[float] = []

    def push(self, pcm):
        whole = np.concatenate([self._rest, pcm])
        count = whole.size // STEP
        self._rest = whole[count * STEP :]
        found = []
        for block in whole[: count * STEP].reshape(count, STEP):
            raw = float(np.abs(block.astype(np.float32)).max() / 32768)
            self._past = [*self._past, raw][-self._smoothing :]
            found.append(Score(raw, float(np.mean(self._past))))
        return found

    def scores(self, pcm):
        self.reset()
        return np.array([s.score for s in self.push(pcm)], np.float32)


def sound(seconds, **peaks_at):
    """Give near silence with single loud samples: sound(3, at_1_52=0.9) puts 0.9 at 1.52 s."""
    samples = np.full(round(seconds * 16_000), 3, np.int16)
    for name, level in peaks_at.items():
        at = float(name.removeprefix("at_").replace("_", "."))
        samples[round(at * 16_000)] = round(level * 32767)
    return samples
