"""A detector on a device, as an evaluation hears it: every clip goes to the device, and comes back with proof.

What the device made of a clip is compared with what the same detector makes of it here: whole numbers must be equal, floats
within 1e-4. A figure never rests on scores that differ.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wakegen.bench.items import RATE_HZ, STEP_SAMPLES
from wakegen.bench.kept import Kept
from wakegen.core.errors import DeviceError
from wakegen.devices.client import Clip
from wakegen.devices.messages import FIRED, READY, Loaded, Values
from wakegen.runtime import Detector
from wakegen.runtime.integer import IntegerDetector

F32 = NDArray[np.float32]
I16 = NDArray[np.int16]

FLOAT_TOLERANCE = 1e-4  # of a score


class Hearer(Protocol):
    """What lets a clip be heard: a `devices.client.Device`, or something that finds it again when it was lost."""

    def hear(self, samples: I16, /) -> Clip:
        """Give what the device made of a clip."""
        ...


@dataclass(slots=True)
class Parity:
    """How far the device and this machine agree."""

    exact: bool  # whole numbers were compared
    clips: int = 0
    steps: int = 0
    max_difference: float = 0.0  # of two scores, 0 … 1
    known: int = 0  # clips that an earlier, broken-off run had heard


@dataclass(slots=True)
class Ticks:
    """What steps took, in the device's own ticks."""

    ready: list[NDArray[np.uint32]] = field(default_factory=list)  # of steps that compute everything
    first: int | None = None
    waiting: int = 0  # most messages that waited when a step began


class RemoteDetector:
    """One detector in one slot of a device. Not for sharing between threads."""

    def __init__(
        self,
        device: Hearer,
        reference: Detector | IntegerDetector,
        loaded: Loaded,
        kept: Kept,
        *,
        models: str,
        place: int,
    ) -> None:
        """Hear through `device`; `models` names all that are loaded in what is kept, `place` is this one's among them."""
        self._device, self._reference, self._kept = device, reference, kept
        self._models, self._place = models, place
        self.parity = Parity(exact=loaded.values == Values.SUM)
        self.ticks = Ticks()
        self.heard_s = 0.0  # of sound that went to the device in this run

    @property
    def debounce_steps(self) -> int:
        """Steps from one event to the earliest next."""
        return self._reference.debounce_steps

    @property
    def threshold(self) -> float:
        """The detector's own."""
        return self._reference.sidecar.threshold

    def reset(self) -> None:
        """Forget all sound heard: each clip begins afresh in any case."""

    def raw_scores(self, samples: I16) -> F32:
        """Let the device hear a whole recording: one raw score per step, as the reference gives them.

        Raises
        ------
        DeviceError : the device's scores are not those of the same detector here.
        """
        key = f"{self._models}:{hashlib.sha256(np.ascontiguousarray(samples, '<i2').tobytes()).hexdigest()}"
        steps = self._kept.find(key)
        if steps is None:
            steps = self._device.hear(samples).steps
            self._check(samples, steps)
            self._kept.keep(key, steps)
            self.heard_s += len(samples) / RATE_HZ
        else:
            self.parity.known += 1
        self._clock(steps)
        return self._raw(steps)

    def smooth(self, raw: F32) -> F32:
        """Turn raw scores of a whole recording into those that are compared with the threshold."""
        return self._reference.smooth(raw)

    def _raw(self, steps: NDArray[np.void]) -> F32:
        values = steps["models"]["value"][:, self._place]
        ready = steps["models"]["flags"][:, self._place] & READY > 0
        if not self.parity.exact:
            return np.where(ready, values.view(np.float32), np.float32(0))
        assert isinstance(self._reference, IntegerDetector)
        return self._reference.raw_of(values.view(np.int32), ready)

    def _check(self, samples: I16, steps: NDArray[np.void]) -> None:
        wanted = len(samples) // STEP_SAMPLES
        if len(steps) != wanted:
            raise _differs(f"it gave {len(steps)} scores for {wanted} steps")
        if isinstance(self._reference, IntegerDetector):
            self._check_sums(self._reference, samples, steps)
        else:
            difference = float(np.max(np.abs(self._raw(steps) - self._reference.raw_scores(samples)), initial=0.0))
            self.parity.max_difference = max(self.parity.max_difference, difference)
            if difference > FLOAT_TOLERANCE:
                raise _differs(f"scores differ by {difference:.2g}")
        self.parity.clips += 1
        self.parity.steps += wanted

    def _check_sums(self, reference: IntegerDetector, samples: I16, steps: NDArray[np.void]) -> None:
        here = reference.steps_of(samples)
        said = steps["models"][:, self._place]
        flags = READY * here["ready"] + FIRED * here["fired"]
        # Before a window is full there is no sum to speak of.
        wrong = (said["flags"] != flags) | ((said["value"].view(np.int32) != here["sum"]) & (here["ready"] > 0))
        if wrong.any():
            raise _differs(f"{int(wrong.sum())} of {len(steps)} steps differ, the first at {int(np.argmax(wrong))}")

    def _clock(self, steps: NDArray[np.void]) -> None:
        if not len(steps):
            return
        ready = steps["models"]["flags"][:, self._place] & READY > 0
        if self.ticks.first is None:
            self.ticks.first = int(steps["ticks"][0])
        self.ticks.ready.append(steps["ticks"][ready])
        self.ticks.waiting = max(self.ticks.waiting, int(steps["waiting"].max()))


def _differs(how: str) -> DeviceError:
    return DeviceError(
        f"The device does not compute what the same detector computes here: {how}.",
        hint="Give both the same version of wakegen (wakegen firmware flash), and report it if it stays.",
    )
