"""A score for people: one figure per clip from what the gate measures. It decides nothing; the gate does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wakegen.quality.gate import measure

_SNR_FULL_DB = 40.0  # from here on noise is not heard beside speech


@dataclass(frozen=True, slots=True)
class QualityReport:
    """What `QualityScorer` says of a clip. Shares run from 0 (bad) to 1 (good)."""

    snr: float  # dB, blind estimate
    clarity: float  # share: no overload, no offset, level between −40 and −3 dBFS
    duration: float  # seconds
    consistency: float  # share: 1 at the usual duration, 0 at a third or three times of it
    overall: float  # share: geometric mean of SNR (against 40 dB), clarity and consistency


@dataclass(frozen=True, slots=True)
class QualityScorer:
    """Scores clips of one text; `median_s` is its usual duration, None if it is not known."""

    median_s: float | None = None

    def score_sample(self, samples: NDArray[np.floating] | NDArray[np.integer]) -> QualityReport:
        """Score a clip: int16, or float in ±1, shape (n,), 16 kHz. One that is not finite scores 0 throughout."""
        values = measure(samples)
        if not values["finite"]:
            return QualityReport(0.0, 0.0, 0.0, 0.0, 0.0)
        clarity = _clarity(values)
        consistency = _consistency(values["duration_s"], self.median_s)
        parts = (min(max(values["snr_db"], 0) / _SNR_FULL_DB, 1.0), clarity, consistency)
        overall = float(np.prod(parts)) ** (1 / len(parts))
        return QualityReport(values["snr_db"], clarity, values["duration_s"], consistency, overall)


def _clarity(values: dict[str, float]) -> float:
    level = values["level_dbfs"]
    loudness = float(np.interp(level, [-60, -40, -3, 0], [0, 1, 1, 0.5]))
    overload = max(0.0, 1 - 20 * values["clipped_share"])
    return loudness * overload * max(0.0, 1 - values["dc_share"])


def _consistency(duration_s: float, median_s: float | None) -> float:
    if not median_s:
        return 1.0
    if duration_s <= 0:
        return 0.0
    return max(0.0, 1 - abs(float(np.log(duration_s / median_s))) / float(np.log(3)))
