"""Streaming detectors: push samples of any length, get one score per 80 ms.

Deterministic from the first step: nothing is filled with noise. A score is given once a window holds real
sound only (after 2.0 s for a head that looks at 16 embeddings); until then it is 0 and `ready` is false.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput
from wakegen.features import weights
from wakegen.features.embed import AUTO, NATIVE, Embedder
from wakegen.features.mel import STEP_SAMPLES
from wakegen.model import Sidecar
from wakegen.runtime.heads import Runner, open_head, variant_of
from wakegen.runtime.plain_head import MAKER
from wakegen.runtime.scorer import Score, Scorer
from wakegen.runtime.vad import Gate

F32 = NDArray[np.float32]
I16 = NDArray[np.int16]


class Detectors:
    """Several detectors on one stream: the sound goes through the backbone once. Not for sharing between threads."""

    def __init__(
        self,
        paths: Sequence[str | Path],
        *,
        threshold: float | None = None,
        vad: float | None = None,
        runtime: str = AUTO,
        embedder: Embedder | None = None,
    ) -> None:
        """Open heads: wakegen's, with their sidecars, or openWakeWord's (.onnx, .tflite), which have none.

        Parameters
        ----------
        threshold : score (0 … 1) to fire at, instead of each sidecar's; 0.5 where there is no sidecar
        vad : score of voice activity (0 … 1) below which nothing is heard; None: no gate
        runtime : what runs the backbone: "c" (and heads of wakegen without onnxruntime, in a third of the memory),
            "onnxruntime", or "auto" for the faster of those that are here
        embedder : to be shared by several detectors that run in turn, instead of `runtime`

        Raises
        ------
        BadInput : a model is missing, unreadable or of another kind, or two were made for different backbones.
        NotInstalled : the runtime that a model needs is missing.
        """
        if len(set(map(Path, paths))) < len(paths):
            raise BadInput("A model is named twice.", hint="Name each once.")
        plain = runtime == NATIVE and embedder is None
        self._opened = {Path(path): _opened(Path(path), threshold, plain=plain) for path in paths}
        self.sidecars = {path: sidecar for path, (_, sidecar) in self._opened.items()}
        variant = _common_variant(self.sidecars)
        if embedder is not None and embedder.variant != variant:
            raise BadInput(
                f"The models were made for the backbone {variant!r}, the embedder is {embedder.variant!r}.",
                hint=f"Open it with variant={variant!r}.",
            )
        self.embedder = embedder or Embedder(runtime=runtime, variant=variant)
        self._front = self.embedder.stream()
        self._gate = Gate(vad) if vad is not None else None
        self.scorers = {path: Scorer(head, sidecar) for path, (head, sidecar) in self._opened.items()}
        self.reset()

    def reset(self) -> None:
        """Forget all sound heard."""
        self._waiting = np.zeros(0, np.int16)  # samples of a step that is not complete
        self._front.reset()
        for scorer in self.scorers.values():
            scorer.reset()
        if self._gate:
            self._gate.reset()

    def push(self, samples: I16) -> list[dict[Path, Score]]:
        """Take int16 samples (16 kHz, mono, any number); give each detector's Score for every completed step."""
        waiting = np.concatenate([self._waiting, checked(samples)]) if len(self._waiting) else checked(samples)
        whole = len(waiting) // STEP_SAMPLES * STEP_SAMPLES
        self._waiting = waiting[whole:].copy()
        return [self._step(waiting[at : at + STEP_SAMPLES]) for at in range(0, whole, STEP_SAMPLES)]

    def _step(self, samples: I16) -> dict[Path, Score]:
        embedding = self._front.step(samples)
        heard = self._gate.step(samples) if self._gate else True
        return {path: scorer.step(embedding, heard=heard) for path, scorer in self.scorers.items()}


class Detector:
    """One detector on one stream. Not for sharing between threads."""

    def __init__(
        self,
        path: str | Path,
        *,
        threshold: float | None = None,
        vad: float | None = None,
        runtime: str = AUTO,
        embedder: Embedder | None = None,
    ) -> None:
        """Open one head; `Detectors` says what the arguments mean and which errors there are."""
        self._all = Detectors([path], threshold=threshold, vad=vad, runtime=runtime, embedder=embedder)
        (self.sidecar,) = self._all.sidecars.values()
        (self._scorer,) = self._all.scorers.values()

    @property
    def runtime(self) -> str:
        """What runs the backbone."""
        return self._all.embedder.runtime

    @property
    def debounce_steps(self) -> int:
        """Steps from one event to the earliest next."""
        return self._scorer.debounce_steps

    def reset(self) -> None:
        """Forget all sound heard."""
        self._all.reset()

    def push(self, samples: I16) -> list[Score]:
        """Take int16 samples (16 kHz, mono, any number); give one Score per completed step."""
        return [score for step in self._all.push(samples) for score in step.values()]

    def raw_scores(self, samples: I16) -> F32:
        """Score a whole recording from a fresh start: one raw score per step, as `push` gives them (without `vad`)."""
        rows = self._all.embedder.embed(checked(samples))
        return self._scorer.raw_all(rows, steps=len(samples) // STEP_SAMPLES)

    def smooth(self, raw: F32) -> F32:
        """Turn raw scores of a whole recording into smoothed ones (the running mean of the logit)."""
        return self._scorer.smooth(raw)

    def scores(self, samples: I16) -> F32:
        """Score a whole recording from a fresh start: one smoothed score per step, as `push` gives them without `vad`."""
        return self.smooth(self.raw_scores(samples))


def checked(samples: I16) -> I16:
    """Refuse what is not int16 and mono."""
    if samples.dtype != np.int16 or samples.ndim != 1:
        raise BadInput(
            f"A detector takes int16 samples of shape (n,), not {samples.dtype} of shape {samples.shape}.",
            hint="Mix to mono and scale to ±32767 first.",
        )
    return samples


def _opened(path: Path, threshold: float | None, *, plain: bool) -> tuple[Runner, Sidecar]:
    head = open_head(path, plain=plain)
    sidecar = _sidecar(path, head)
    known = weights.known_variant(str(sidecar.backbone.get("sha256")), made=str(path))
    named = str(sidecar.backbone.get("variant", weights.NO_RELU))
    if (known == weights.NANO) != (named == weights.NANO):
        raise BadInput(
            f"{path.with_suffix('.json')} names the backbone {named!r} with the sha256 of {known!r}.",
            hint="Train or export the detector again.",
        )
    return head, sidecar if threshold is None else replace(sidecar, threshold=threshold)


def _sidecar(path: Path, head: Runner) -> Sidecar:
    """Read the sidecar; a head of openWakeWord has none, and is run as that project runs it."""
    if head.maker == MAKER or path.with_suffix(".json").exists():
        return Sidecar.load(path)
    return Sidecar(path.stem, 0.5, weights.identity(variant_of(path)), window_frames=head.frames)


def _common_variant(sidecars: Mapping[Path, Sidecar]) -> str:
    variants = {str(sidecar.backbone.get("variant", weights.NO_RELU)): path for path, sidecar in sidecars.items()}
    if len(variants) > 1:
        (one, first), (other, second) = sorted(variants.items())[:2]
        raise BadInput(
            f"{first} was made for the backbone {one!r}, {second} for {other!r}.", hint="Run them one by one."
        )
    return next(iter(variants), weights.NO_RELU)
