"""A .wgm detector, run in the C engine bit for bit as a microcontroller runs it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput
from wakegen.features import weights
from wakegen.features.mel import STEP_SAMPLES
from wakegen.features.native import SCORE, NativeInt8
from wakegen.metrics.events import STEP_S
from wakegen.model import Sidecar
from wakegen.model.wgm import Arithmetic, from_bytes
from wakegen.runtime.detector import checked
from wakegen.runtime.scorer import Score, logit

F32 = NDArray[np.float32]
I16 = NDArray[np.int16]


class IntegerDetector:
    """One detector on one stream. Not for sharing between threads."""

    def __init__(self, path: str | Path) -> None:
        """Open a NAME.wgm in integers.

        Raises
        ------
        BadInput : it is missing, damaged, in float, without a head, or of another backbone.
        NotInstalled : the C engine was not built.
        """
        path = Path(path)
        if not path.is_file():
            raise BadInput(f"There is no model at {path}.", hint="wakegen export MODEL --to wgm writes one.")
        data = path.read_bytes()
        made = from_bytes(data, source=str(path))
        if made.arithmetic != Arithmetic.INT8 or not made.head:
            raise BadInput(f"{path} is no detector in integers.", hint="wakegen export MODEL --to wgm writes one.")
        variant = weights.known_variant(made.backbone_sha256, made=str(path))
        self._engine = NativeInt8(data, source=str(path))
        self._scale, self._smoothing = made.head[-1].scale, made.smoothing
        self.debounce_steps = made.debounce_steps
        self.sidecar = Sidecar(
            str(made.meta.get("phrase", path.stem)),
            _probability(made.threshold_logit),
            weights.identity(variant),
            smoothing=made.smoothing,
            debounce_s=made.debounce_steps * STEP_S,
        )
        self.reset()

    def reset(self) -> None:
        """Forget all sound heard."""
        self._engine.reset()
        self._step = -1
        self._waiting = np.zeros(0, np.int16)

    def push(self, samples: I16) -> list[Score]:
        """Take int16 samples (16 kHz, mono, any number); give one Score per completed step."""
        waiting = np.concatenate([self._waiting, checked(samples)])
        whole = len(waiting) // STEP_SAMPLES * STEP_SAMPLES
        self._waiting = waiting[whole:]
        return [self._one(waiting[at : at + STEP_SAMPLES]) for at in range(0, whole, STEP_SAMPLES)]

    def raw_scores(self, samples: I16) -> F32:
        """Score a whole recording from a fresh start: one raw score per step."""
        steps = self.steps_of(samples)
        return self.raw_of(steps["sum"], steps["ready"] > 0)

    def steps_of(self, samples: I16) -> NDArray[np.void]:
        """Give what the engine itself says of each whole step of a recording (`features.native.SCORE`)."""
        self.reset()
        whole = checked(samples)[: len(samples) // STEP_SAMPLES * STEP_SAMPLES]
        return np.array([self._engine.step(step) for step in whole.reshape(-1, STEP_SAMPLES)], SCORE)

    def raw_of(self, sums: NDArray[np.int32], ready: NDArray[np.bool_]) -> F32:
        """Turn the head's sums of a whole recording into raw scores."""
        raw = [_probability(float(one) * self._scale) if fine else 0.0 for one, fine in zip(sums, ready, strict=True)]
        return np.array(raw, np.float32)

    def smooth(self, raw: F32) -> F32:
        """Turn raw scores of a whole recording into those that are compared with the threshold, as the engine does."""
        ready = np.flatnonzero(raw > 0)
        logits = np.array([logit(value) for value in raw], np.float64)
        result = np.zeros(len(raw), np.float32)
        for i in ready:
            first = max(int(ready[0]), int(i) - self._smoothing + 1)
            result[i] = _probability(float(logits[first : i + 1].mean()))
        return result

    @property
    def scale(self) -> float:
        """What one of the head's sums is worth as a logit."""
        return float(self._scale)

    @property
    def arena_bytes(self) -> int:
        """Bytes of memory that it needs besides its state and its file."""
        return self._engine.arena_bytes

    def step(self, samples: I16) -> np.void:
        """Take 1,280 samples, not mixed with `push`; give what the engine itself says (`features.native.SCORE`)."""
        return self._engine.step(samples)

    def _one(self, samples: I16) -> Score:
        self._step += 1
        made = self._engine.step(samples)
        ready = bool(made["ready"])
        raw = _probability(float(made["sum"]) * self._scale) if ready else 0.0
        score = _probability(float(made["total"]) / max(1, int(made["averaged"])) * self._scale) if ready else 0.0
        return Score(self._step, (self._step + 1) * STEP_S, raw, score, bool(made["fired"]), ready)


def _probability(logit: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(logit, -60, 60))))
