"""What goes into a measurement: labelled sound, and the thing that scores it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wakegen.core.seeds import stream
from wakegen.metrics.detection import HIT_TAIL_S

RATE_HZ = 16_000
STEP_SAMPLES = 1280
LEAD_S = 2.0  # a detector in use has always heard something before the phrase

_FRAME = 320  # 20 ms
_QUIETEST = 0.00025  # −72 dBFS: no room is digitally silent


class Stepper(Protocol):
    """What is timed: a running detector."""

    def push(self, samples: NDArray[np.int16], /) -> Sequence[object]:
        """Take samples of any length as they come; give one result for each 80 ms step completed."""
        ...


class Scorer(Protocol):
    """What is measured: the running detector, or anything that behaves like it."""

    def reset(self) -> None:
        """Forget everything heard."""
        ...

    def raw_scores(self, samples: NDArray[np.int16], /) -> NDArray[np.float32]:
        """Score a whole recording from a fresh start: shape (steps,), the numbers that `push` gives before smoothing."""
        ...

    def smooth(self, raw: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Turn the raw scores of a whole recording into those that are compared with the threshold."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class EvalItem:
    """One piece of labelled sound."""

    id: str
    samples: NDArray[np.int16] | Callable[[], NDArray[np.int16]]  # shape (n,), 16 kHz; or what loads them
    label: str  # "positive" or "negative"
    span_s: tuple[float, float] | None = None  # where the phrase is; positives only
    groups: Mapping[str, str] = field(default_factory=dict)  # "engine", "voice", "scene", "kind", "text", …

    @property
    def kind(self) -> str:
        """The corpus it belongs to: "speech", "words", "confusable", "noise", …"""
        return self.groups.get("kind", "other")

    def load(self) -> NDArray[np.int16]:
        """Give the samples."""
        return self.samples() if callable(self.samples) else self.samples


@dataclass(frozen=True, slots=True, eq=False)
class Framed:
    """A clip with enough sound around the phrase for the hit rule to be fair."""

    samples: NDArray[np.int16]  # shape (n,)
    span_s: tuple[float, float]
    padded: bool  # noise was added before or after


def framed(samples: NDArray[np.int16], span_s: tuple[float, float], *, seed: int, name: str) -> Framed:
    """Add what is missing of 2 s before the phrase and 1 s after it, as noise at the clip's own floor.

    Never zeros: a detector that has learned the edge of silence would look better or worse than it is.
    """
    start, end = span_s
    before = max(0, round((LEAD_S - start) * RATE_HZ))
    # A step more than the tail, so that the last step of the hit span is complete whatever the phase.
    after = max(0, round((end + HIT_TAIL_S) * RATE_HZ) + STEP_SAMPLES - samples.size)
    if not before and not after:
        return Framed(samples, span_s, False)
    noise = noise_like(samples, before + after, seed=seed, name=name)
    whole = np.concatenate([noise[:before], samples, noise[before:]])
    shift = before / RATE_HZ
    return Framed(whole, (start + shift, end + shift), True)


def noise_like(samples: NDArray[np.int16], count: int, *, seed: int, name: str) -> NDArray[np.int16]:
    """Give `count` samples of white noise at the floor of a recording; the same name gives the same noise."""
    noise = stream(seed, "frame", name).standard_normal(count) * floor_rms(samples) * 32768
    return np.asarray(np.clip(np.rint(noise), -32768, 32767), np.int16)


def floor_rms(samples: NDArray[np.int16]) -> float:
    """Give the RMS of the quietest tenth of the 20 ms frames, full scale = 1, at least −72 dBFS."""
    count = samples.size // _FRAME
    if not count:
        return _QUIETEST
    frames = samples[: count * _FRAME].reshape(count, _FRAME).astype(np.float32) / 32768
    levels = np.sqrt(np.mean(frames**2, axis=1))
    return max(_QUIETEST, float(np.percentile(levels, 10)))
