"""From embeddings to events: a window, a head, the running mean of its logit, a threshold, a refractory time."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wakegen.features.embed import FIRST_EMBEDDING_STEP
from wakegen.features.weights import SIZE
from wakegen.metrics.events import STEP_S, EventGate
from wakegen.model import Sidecar
from wakegen.runtime.heads import Runner

F32 = NDArray[np.float32]
_LOGIT_LIMIT = 16.0  # a float32 score holds no more


@dataclass(frozen=True, slots=True)
class Score:
    """One step's result."""

    step: int  # 0-based; the step ends at sample 1280 (step + 1)
    time_s: float  # since the last reset
    raw: float  # what the head says of this window, 0 … 1
    score: float  # after smoothing; what is compared with the threshold
    fired: bool  # an event begins here
    ready: bool  # the window holds real sound only
    label: str = ""  # which class the score is of, for a head that tells several apart


class Scorer:
    """One head on one stream of embeddings."""

    def __init__(self, head: Runner, sidecar: Sidecar) -> None:
        self._head = head
        self._sidecar = sidecar
        self.first_step = FIRST_EMBEDDING_STEP + head.frames - 1  # whose window holds real sound only
        self.reset()

    @property
    def debounce_steps(self) -> int:
        """Steps from one event to the earliest next."""
        return max(1, round(self._sidecar.debounce_s / STEP_S))

    def reset(self) -> None:
        """Forget all embeddings."""
        self._step = -1
        # Every row lies here twice, `frames` apart: so the last `frames` of them always lie side by side.
        self._rows = np.zeros((2 * self._head.frames, SIZE), np.float32)
        self._filled = 0
        self._logits: deque[np.float32] = deque(maxlen=self._sidecar.smoothing)
        self._gate = EventGate(threshold=self._sidecar.threshold, debounce_steps=self.debounce_steps)

    def step(self, embedding: F32 | None, *, heard: bool = True) -> Score:
        """Take a step's embedding, if it has one. Where `heard` is false (nobody speaks) the score is 0."""
        self._step += 1
        frames, at = self._head.frames, self._filled % self._head.frames
        if embedding is not None:
            self._rows[at] = self._rows[at + frames] = embedding
            self._filled += 1
        ready = self._filled >= frames
        raw, score, label = np.float32(0), np.float32(0), ""
        if not heard:
            self._logits.clear()  # what was averaged before a pause says nothing of what comes after it
        if ready and heard:
            raw, label = self.raw(self._rows[at + 1 : at + 1 + frames])
            self._logits.append(logit(raw))
            score = _score(self._logits)
        fired = self._gate.step(float(score)) and ready
        return Score(self._step, (self._step + 1) * STEP_S, float(raw), float(score), fired, ready, label)

    def raw(self, window: F32) -> tuple[np.float32, str]:
        """Score a window [frames, 96]; of several classes the highest with a name counts."""
        scores, names = (
            self._head.scores(window),
            self._head.classes,
        )  # of several, those without a name count for nothing
        if len(names) == 1:
            return scores[0], names[0]
        best = max((i for i, name in enumerate(names) if name), key=lambda i: scores[i])
        return scores[best], names[best]

    def raw_all(self, embeddings: F32, *, steps: int) -> F32:
        """Score a whole recording's embeddings [steps − 9, 96]: one raw score per step, 0 before the first window."""
        raw = np.zeros(steps, np.float32)
        for i in range(len(embeddings) - self._head.frames + 1):
            raw[self.first_step + i] = self.raw(embeddings[i : i + self._head.frames])[0]
        return raw

    def smooth(self, raw: F32) -> F32:
        """Turn raw scores of a whole recording into smoothed ones, as `step` gives them."""
        result = np.zeros(len(raw), np.float32)
        recent: deque[np.float32] = deque(maxlen=self._sidecar.smoothing)
        for i in range(self.first_step, len(raw)):
            recent.append(logit(raw[i]))
            result[i] = _score(recent)
        return result


def logit(score: np.float32) -> np.float32:
    """Give log(p / (1 − p)), kept within ±16."""
    p = float(score)
    if not 0 < p < 1:
        return np.float32(_LOGIT_LIMIT if p >= 1 else -_LOGIT_LIMIT)
    return np.float32(min(max(math.log(p) - math.log1p(-p), -_LOGIT_LIMIT), _LOGIT_LIMIT))


def _score(logits: Iterable[np.float32]) -> np.float32:
    values = [float(value) for value in logits]
    return np.float32(1 / (1 + math.exp(-sum(values) / len(values))))
