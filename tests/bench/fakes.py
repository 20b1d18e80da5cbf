"""A scorer whose answer is written into the sound: loud means the phrase. And sounds to play to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

STEP = 1280


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

    def push(self, pcm):
        whole = np.concatenate([self._rest, pcm])
        count = whole.size // STEP
        self._rest = whole[count * STEP :]
        return self.raw_scores(whole[: count * STEP]).tolist()

    def raw_scores(self, pcm):
        count = pcm.size // STEP
        return np.abs(pcm[: count * STEP].reshape(count, STEP).astype(np.float32)).max(axis=1, initial=0) / np.float32(
            32768
        )

    def smooth(self, raw):
        sums = np.cumsum(np.concatenate([np.zeros(self._smoothing), raw]))
        return ((sums[self._smoothing :] - sums[: raw.size]) / self._smoothing).astype(np.float32)


def sound(seconds, **peaks_at):
    """Give near silence with single loud samples: sound(3, at_1_52=0.9) puts 0.9 at 1.52 s."""
    samples = np.full(round(seconds * 16_000), 3, np.int16)
    for name, level in peaks_at.items():
        at = float(name.removeprefix("at_").replace("_", "."))
        samples[round(at * 16_000)] = round(level * 32767)
    return samples
