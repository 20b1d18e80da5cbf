"""The log-mel front end of the speech embedding, by FFT.

Frames of 512 samples every 160 (10 ms), not centred; a periodic Hann window of 400 samples sits at
samples 56 … 455 of each frame; power spectrum; 32 Slaney bands from 60 to 3,800 Hz with Slaney's
area norm; decibels, floored at 80 dB below the loudest value of the chunk; then x / 10 + 2.
Measured against openWakeWord's melspectrogram.onnx: equal within 0.001 dB (tests/features).

The floor looks at a whole chunk, so how a stream is cut decides values near silence. openWakeWord
feeds 1,280 samples at a time: 5 frames at first, then 8 a step. `stream_mel` follows that exactly.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
STEP_SAMPLES = 1_280  # 80 ms: what a stream is cut into
FRAME_SAMPLES = 512
HOP_SAMPLES = 160
BANDS = 32
FIRST_STEP_FRAMES = (STEP_SAMPLES - FRAME_SAMPLES) // HOP_SAMPLES + 1  # 5
STEP_FRAMES = STEP_SAMPLES // HOP_SAMPLES  # 8

_WINDOW_AT, _WINDOW_SAMPLES = 56, 400
LOW_BIN, HIGH_BIN = 2, 122  # only these bins of 257 carry weight
_FLOOR_DB = np.float32(80.0)


def frame_count(samples: int) -> int:
    """Give how many mel frames exist once `samples` samples do."""
    return max(0, (samples - FRAME_SAMPLES) // HOP_SAMPLES + 1)


def stream_mel(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Give the mel frames that a device fed 1,280 samples at a time computes.

    Parameters
    ----------
    samples : int16, shape (n,). Scale matters: the embedding was trained on int16-sized values.

    Returns
    -------
    float32, shape (5 + 8 (steps − 1), 32) for n // 1280 whole steps; a rest is left for the next call.
    """
    steps = len(samples) // STEP_SAMPLES
    if steps == 0:
        return np.zeros((0, BANDS), np.float32)
    power = _power(samples[: steps * STEP_SAMPLES])
    rest = power[FIRST_STEP_FRAMES:].reshape(steps - 1, STEP_FRAMES, -1)
    parts = [_scaled_mel(power[:FIRST_STEP_FRAMES]), _scaled_mel(rest).reshape(-1, BANDS)]
    return np.concatenate(parts)


def step_mel(tail: NDArray[np.int16]) -> NDArray[np.float32]:
    """Give the frames of one step from the last 1,760 samples (1,280 at the very first step).

    Returns float32, shape (8, 32), or (5, 32) for the first step: the same bits as `stream_mel`.
    """
    return _scaled_mel(_power(tail))


def _scaled_mel(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn the power spectra of whole chunks [..., frames, bins] into scaled, floored mel values.

    The product is taken chunk by chunk even for a whole recording, because the rounding of a matrix
    product may depend on its height, and a stream must give the same bits however it arrives.
    """
    level_db = np.log(np.maximum(power @ mel_matrix(), np.float32(1e-10))) * np.float32(10 / np.log(10))
    floor_db = level_db.max(axis=(-2, -1), keepdims=True, initial=-np.inf) - _FLOOR_DB
    values: NDArray[np.float32] = np.maximum(level_db, floor_db) / np.float32(10) + np.float32(2)
    return values


def _power(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Give |FFT|² of every frame at the bins that carry weight: float32, shape (frame_count(n), 120)."""
    x = np.ascontiguousarray(samples, np.float32)[_WINDOW_AT:]
    shape, strides = (frame_count(len(samples)), _WINDOW_SAMPLES), (HOP_SAMPLES * x.itemsize, x.itemsize)
    windows = np.ndarray(shape, np.float32, x, strides=strides)
    spectrum = np.fft.rfft(windows * window(), FRAME_SAMPLES)[:, LOW_BIN:HIGH_BIN]  # complex64
    return np.asarray(spectrum.real**2 + spectrum.imag**2, np.float32)


@cache
def window() -> NDArray[np.float32]:
    turns = np.arange(_WINDOW_SAMPLES) / _WINDOW_SAMPLES
    return (0.5 - 0.5 * np.cos(2 * np.pi * turns)).astype(np.float32)


@cache
def mel_matrix() -> NDArray[np.float32]:
    """Slaney's mel filters (Auditory Toolbox, 1998): shape (120, 32), rows are FFT bins 2 … 121."""
    edges = _hz_from_mel(np.linspace(_mel_from_hz(60.0), _mel_from_hz(3800.0), BANDS + 2))
    bins_hz = np.arange(FRAME_SAMPLES // 2 + 1)[:, None] * RATE_HZ / FRAME_SAMPLES
    rising = (bins_hz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins_hz) / (edges[2:] - edges[1:-1])
    matrix = np.maximum(0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2])
    return np.ascontiguousarray(matrix[LOW_BIN:HIGH_BIN], np.float32)


_LOG_STEP = np.log(6.4) / 27  # above 1 kHz a mel is this many nepers


def _mel_from_hz(hz: float) -> float:
    return hz * 3 / 200 if hz < 1000 else 15 + float(np.log(hz / 1000) / _LOG_STEP)


def _hz_from_mel(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * _LOG_STEP))
