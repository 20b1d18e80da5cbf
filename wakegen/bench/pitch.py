"""How high a voice is: recall is reported per range of pitch, because whole ranges can fail unseen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wakegen.bench.items import RATE_HZ

F0_BINS = ("<120 Hz", "120–165 Hz", "165–220 Hz", ">220 Hz")
_EDGES_HZ = (120.0, 165.0, 220.0)
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 450.0
_FRAME, _HOP = 800, 320  # 50 ms holds three periods of the lowest voice
_VOICED = 0.6  # normalised autocorrelation
_LEAST_FRAMES = 3


def f0_hz(samples: NDArray[np.int16]) -> float | None:
    """Give the median pitch of the voiced frames of a clean clip, or None when hardly any is voiced.

    Parameters
    ----------
    samples : int16, shape (n,), 16 kHz; best the dry speech, before a scene adds other voices.

    Source: normalised autocorrelation per 50 ms frame; of peaks within 10 % of the best the shortest lag wins, which
    avoids octave errors downwards (P. Boersma, IFA Proc. 17 (1993) 97, simplified).
    """
    if samples.size < _FRAME:
        return None
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64) / 32768, _FRAME)[::_HOP]
    frames = frames - frames.mean(axis=1, keepdims=True)
    energy = np.sum(frames**2, axis=1)
    frames = frames[energy > max(1e-6, 0.1 * float(energy.max()))]
    found = [hz for hz in (_frame_hz(frame) for frame in frames) if hz is not None]
    return float(np.median(found)) if len(found) >= _LEAST_FRAMES else None


def f0_bin(samples: NDArray[np.int16]) -> str:
    """Give the range of pitch that a clip belongs to, or "unvoiced"."""
    hz = f0_hz(samples)
    return "unvoiced" if hz is None else F0_BINS[int(np.searchsorted(_EDGES_HZ, hz, side="right"))]


def _frame_hz(frame: NDArray[np.float64]) -> float | None:
    shortest, longest = int(RATE_HZ / _HIGHEST_HZ), int(RATE_HZ / _LOWEST_HZ)
    spectrum = np.fft.rfft(frame, 2048)
    product = np.fft.irfft(np.abs(spectrum) ** 2)[: longest + 2]
    squares = np.concatenate([[0.0], np.cumsum(frame**2)])
    lags = np.arange(longest + 2)
    overlap = np.sqrt(squares[_FRAME - lags] * (squares[_FRAME] - squares[lags]))
    likeness = product / np.maximum(overlap, 1e-12)
    inside = likeness[shortest : longest + 1]
    peaks = 1 + np.flatnonzero((inside[1:-1] >= inside[:-2]) & (inside[1:-1] > inside[2:]))
    if not peaks.size or inside[peaks].max() < _VOICED:
        return None
    best = int(peaks[inside[peaks] >= 0.9 * inside[peaks].max()][0]) + shortest
    return RATE_HZ / (best + _vertex(likeness[best - 1], likeness[best], likeness[best + 1]))


def _vertex(left: float, middle: float, right: float) -> float:
    """Give the place of the parabola's top through three points, −½ … ½ from the middle one."""
    bend = left - 2 * middle + right
    return 0.0 if bend >= 0 else float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5))
