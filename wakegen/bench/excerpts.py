"""The few worst moments, kept with their scores and sound so that people can see and hear them."""

from __future__ import annotations

import base64
import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wakegen.bench.items import RATE_HZ, STEP_SAMPLES
from wakegen.metrics.events import STEP_S

_BEFORE_S, _AFTER_S = 2.0, 1.2


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """A few seconds around a miss or a false accept."""

    what: str  # "miss", "false accept" or "near false accept"
    id: str
    groups: Mapping[str, str]
    at_s: float  # where in the item or stream the excerpt begins
    span_s: tuple[float, float] | None  # of the phrase, within the excerpt
    scores: tuple[float, ...]  # step i of the excerpt ends at 0.08 (i + 1) s
    peak: float
    threshold: float
    audio: NDArray[np.int16]  # shape (n,), 16 kHz

    def to_json(self) -> dict[str, object]:
        """Give all of it, the sound as FLAC in base64."""
        from wakegen.audio.io import flac_bytes

        return {
            "what": self.what,
            "id": self.id,
            "groups": dict(self.groups),
            "at_s": round(self.at_s, 3),
            "span_s": None if self.span_s is None else [round(v, 3) for v in self.span_s],
            "step_s": STEP_S,
            "scores": [round(v, 4) for v in self.scores],
            "peak": round(self.peak, 4),
            "threshold": self.threshold,
            "seconds": self.audio.size / RATE_HZ,
            "audio": {"type": "audio/flac", "base64": base64.b64encode(flac_bytes(self.audio)).decode("ascii")},
        }


class Worst:
    """Holds the `count` entries with the largest `badness`; what is not kept is never built."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._heap: list[tuple[float, int, Excerpt]] = []
        self._offered = 0  # breaks ties by order, so that results do not hang on comparing arrays

    def offer(self, badness: float, build: Callable[[], Excerpt]) -> None:
        """Keep the excerpt if it is among the worst so far."""
        self._offered += 1
        if self._count <= 0 or (len(self._heap) >= self._count and badness <= self._heap[0][0]):
            return
        entry = (badness, -self._offered, build())
        if len(self._heap) < self._count:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heapreplace(self._heap, entry)

    def ranked(self) -> tuple[Excerpt, ...]:
        """Give what was kept, worst first."""
        return tuple(entry[2] for entry in sorted(self._heap, key=lambda entry: entry[:2], reverse=True))


def cut(
    samples: NDArray[np.int16],
    scores: NDArray[np.float32],
    *,
    around_s: tuple[float, float],
    what: str,
    name: str,
    groups: Mapping[str, str],
    threshold: float,
    span_s: tuple[float, float] | None = None,
) -> Excerpt:
    """Cut 2 s before to 1.2 s after `around_s` out of a recording and its scores, on whole steps."""
    first = max(0, int((around_s[0] - _BEFORE_S) / STEP_S))
    stop = min(len(scores), int(np.ceil((around_s[1] + _AFTER_S) / STEP_S)))
    kept = scores[first:stop]
    offset = first * STEP_S
    return Excerpt(
        what,
        name,
        dict(groups),
        offset,
        None if span_s is None else (span_s[0] - offset, span_s[1] - offset),
        tuple(float(v) for v in kept),
        float(np.max(kept, initial=0.0)),
        threshold,
        np.array(samples[first * STEP_SAMPLES : max(stop, first + 1) * STEP_SAMPLES]),
    )
