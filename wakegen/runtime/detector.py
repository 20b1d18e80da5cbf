"""A streaming detector: push samples of any length, get one score per 80 ms.

Deterministic from the first step: nothing is filled with noise. A score is given once a window holds real
sound only (after 2.0 s); until then it is 0 and `ready` is false.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput
from wakegen.features import backbone
from wakegen.features.embed import FIRST_SCORE_STEP, WINDOW_FRAMES, Embedder, windows
from wakegen.features.mel import BANDS, FIRST_STEP_FRAMES, STEP_FRAMES, STEP_SAMPLES, step_mel
from wakegen.metrics.events import STEP_S, EventGate
from wakegen.model import Sidecar

if TYPE_CHECKING:
    import onnxruntime

F32 = NDArray[np.float32]

_TAIL_SAMPLES = STEP_SAMPLES + 3 * 160  # what the 8 frames of a step reach back to
_MEL_FRAMES = 76
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


class Detector:
    """One detector on one stream. Not for sharing between threads."""

    def __init__(self, path: str | Path, *, threshold: float | None = None, embedder: Embedder | None = None) -> None:
        """Open NAME.onnx with NAME.json beside it.

        Parameters
        ----------
        threshold : score (0 … 1) to fire at, instead of the sidecar's
        embedder : to be shared by several detectors that run in turn

        Raises
        ------
        BadInput : the model or its sidecar is missing, unreadable or of another kind.
        """
        model = Path(path)
        _must_exist(model)
        sidecar = Sidecar.load(model)
        _refuse_other_backbone(sidecar, model)
        self.sidecar = sidecar if threshold is None else replace(sidecar, threshold=threshold)
        self._session = _open(model)
        self._input = self._session.get_inputs()[0].name
        self._embedder = embedder or Embedder()
        self.reset()

    @property
    def debounce_steps(self) -> int:
        """Steps from one event to the earliest next."""
        return max(1, round(self.sidecar.debounce_s / STEP_S))

    def reset(self) -> None:
        """Forget all sound heard."""
        self._step = -1
        self._waiting = np.zeros(0, np.int16)  # samples of a step that is not complete
        self._tail = np.zeros(0, np.int16)
        self._mel = np.zeros((0, BANDS), np.float32)
        self._embeddings: deque[F32] = deque(maxlen=WINDOW_FRAMES)
        self._logits: deque[np.float32] = deque(maxlen=self.sidecar.smoothing)
        self._gate = EventGate(threshold=self.sidecar.threshold, debounce_steps=self.debounce_steps)

    def push(self, samples: NDArray[np.int16]) -> list[Score]:
        """Take int16 samples (16 kHz, mono, any number); give one Score per completed step."""
        checked = _checked(samples)
        waiting = np.concatenate([self._waiting, checked])
        whole = len(waiting) // STEP_SAMPLES * STEP_SAMPLES
        self._waiting = waiting[whole:]
        return [self._one_step(waiting[at : at + STEP_SAMPLES]) for at in range(0, whole, STEP_SAMPLES)]

    def raw_scores(self, samples: NDArray[np.int16]) -> F32:
        """Score a whole recording from a fresh start: one raw score per step, as `push` gives them."""
        return self.raw_from_embeddings(self._embedder.embed(_checked(samples)), steps=len(samples) // STEP_SAMPLES)

    def raw_from_embeddings(self, embeddings: F32, *, steps: int) -> F32:
        """Score embeddings made elsewhere, [steps − 9, 96]; float32, shape (steps,)."""
        raw = np.zeros(steps, np.float32)
        for i, window in enumerate(windows(embeddings)):
            raw[FIRST_SCORE_STEP + i] = self._head(window)
        return raw

    def smooth(self, raw: F32) -> F32:
        """Turn raw scores of a whole recording into smoothed ones (the running mean of the logit)."""
        return smoothed(raw, self.sidecar.smoothing)

    def scores(self, samples: NDArray[np.int16]) -> F32:
        """Score a whole recording from a fresh start: one smoothed score per step, as `push` gives them."""
        return self.smooth(self.raw_scores(samples))

    def _one_step(self, samples: NDArray[np.int16]) -> Score:
        self._step += 1
        self._tail = np.concatenate([self._tail, samples])[-_TAIL_SAMPLES:]
        # The second step has 2,560 samples behind it, so from there on the tail is full.
        frames = step_mel(self._tail)
        assert len(frames) == (FIRST_STEP_FRAMES if self._step == 0 else STEP_FRAMES)
        self._mel = np.concatenate([self._mel, frames])[-_MEL_FRAMES:]
        if len(self._mel) == _MEL_FRAMES:
            self._embeddings.append(self._embedder.from_mel(self._mel[None])[0, 0])
        ready = len(self._embeddings) == WINDOW_FRAMES
        raw = self._head(np.stack(self._embeddings)) if ready else np.float32(0)
        if ready:
            self._logits.append(logit(raw))
        score = _score(self._logits) if ready else np.float32(0)
        fired = self._gate.step(float(score)) and ready
        return Score(self._step, (self._step + 1) * STEP_S, float(raw), float(score), fired, ready)

    def _head(self, window: F32) -> np.float32:
        output = self._session.run(None, {self._input: np.ascontiguousarray(window)[None]})[0]
        return np.float32(np.asarray(output).reshape(-1)[0])


def logit(score: np.float32) -> np.float32:
    """Give log(p / (1 − p)), kept within ±16."""
    p = np.float64(score)
    with np.errstate(divide="ignore"):
        value = np.log(p) - np.log1p(-p)
    return np.float32(np.clip(value, -_LOGIT_LIMIT, _LOGIT_LIMIT))


def smoothed(raw: F32, steps: int) -> F32:
    """Average the logit over the last `steps` ready steps (fewer at the start); the first 24 steps are 0."""
    result = np.zeros(len(raw), np.float32)
    recent: deque[np.float32] = deque(maxlen=steps)
    for i in range(FIRST_SCORE_STEP, len(raw)):
        recent.append(logit(raw[i]))
        result[i] = _score(recent)
    return result


def _score(logits: Sequence[np.float32] | deque[np.float32]) -> np.float32:
    mean = float(sum(float(value) for value in logits)) / len(logits)
    return np.float32(1 / (1 + np.exp(-mean)))


def _checked(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    if samples.dtype != np.int16 or samples.ndim != 1:
        raise BadInput(
            f"A detector takes int16 samples of shape (n,), not {samples.dtype} of shape {samples.shape}.",
            hint="Mix to mono and scale to ±32767 first.",
        )
    return samples


def _refuse_other_backbone(sidecar: Sidecar, model: Path) -> None:
    """A head never works on another embedding than its own, however alike the numbers look."""
    known, given = backbone.identity()["sha256"], sidecar.backbone.get("sha256")
    if given != known:
        raise BadInput(
            f"{model} was trained on another backbone (sha256 {str(given)[:12]}…, not {known[:12]}…).",
            hint="Train it again with this version of wakegen.",
        )


def _must_exist(model: Path) -> None:
    if not model.is_file():
        raise BadInput(f"There is no model at {model}.", hint="Give the path of a NAME.onnx that wakegen exported.")


def _open(model: Path) -> onnxruntime.InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors share no base class
        raise BadInput(
            f"{model} is not a model that onnxruntime reads: {error}.", hint="Export the detector again."
        ) from error
    shape = session.get_inputs()[0].shape
    if list(shape[1:]) != [WINDOW_FRAMES, 96]:
        raise BadInput(f"{model} takes {shape}, not [1, 16, 96].", hint="Give a detector for the speech embedding.")
    return session
