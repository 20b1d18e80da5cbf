"""Arithmetic on sound: float32 arrays of shape (n,) at 16 kHz unless a parameter says otherwise."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wakegen.core.errors import BadInput

Samples = NDArray[np.float32]

_FRAME = 320  # 20 ms: the frame on which activity is judged
_SILENT_DB = -90.0  # below this a frame is never active: less than one step of int16


def resample(samples: Samples, from_hz: float, to_hz: float) -> Samples:
    """Change the sampling rate. Band-limited, no delay; the length is scaled and rounded."""
    if from_hz == to_hz:
        return samples.astype(np.float32, copy=False)
    import soxr

    return np.asarray(soxr.resample(samples.astype(np.float32, copy=False), from_hz, to_hz, quality="HQ"), np.float32)


def warp(samples: Samples, factor: float) -> Samples:
    """Raise pitch and formants by `factor` and shorten by as much, as a faster tape does."""
    return resample(samples, 16_000.0 * factor, 16_000.0)


def rms(samples: NDArray[np.floating]) -> float:
    """Root of the mean square over all samples; 0 for none."""
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0


def rms_dbfs(samples: NDArray[np.floating]) -> float:
    """RMS in dB against an RMS of 1: a full-scale sine reads −3.01. Silence reads −200."""
    return max(20 * float(np.log10(rms(samples) + 1e-30)), -200.0)


def frame_powers(samples: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean square of each whole 20 ms frame, shape (n // 320,); one frame at least if there are samples."""
    count = len(samples) // _FRAME
    if count == 0:
        return np.array([rms(samples) ** 2]) if len(samples) else np.zeros(0)
    frames = samples[: count * _FRAME].reshape(count, _FRAME)
    return np.asarray(np.einsum("ij,ij->i", frames, frames, dtype=np.float64)) / _FRAME


def active_frames(samples: NDArray[np.floating], *, range_db: float = 32.0) -> NDArray[np.bool_]:
    """Mark the 20 ms frames that sound: at most `range_db` below the loudest, and above −90 dBFS."""
    powers = frame_powers(samples)
    if not len(powers):
        return np.zeros(0, bool)
    threshold = max(powers.max() * 10 ** (-range_db / 10), 10 ** (_SILENT_DB / 10))
    return np.asarray(powers >= threshold)


def active_rms(samples: NDArray[np.floating], *, range_db: float = 32.0) -> float:
    """RMS over the frames that sound (see `active_frames`): pauses and tails do not dilute it. 0 for silence."""
    active = active_frames(samples, range_db=range_db)
    return float(np.sqrt(frame_powers(samples)[active].mean())) if active.any() else 0.0


def trim(samples: NDArray[np.floating], floor_db: float = -38.0) -> tuple[int, int]:
    """Find where sound starts and ends: 5 ms steps within `floor_db` of the loudest 20 ms.

    Returns
    -------
    start, end : sample indices, end exclusive; (0, 0) for silence
    """
    step = 80
    count = len(samples) // step
    if count == 0:
        return 0, len(samples) if rms(samples) > 0 else 0
    steps = samples[: count * step].reshape(count, step)
    powers = np.einsum("ij,ij->i", steps, steps, dtype=np.float64) / step
    smooth = np.convolve(powers, np.full(4, 0.25), mode="same") if count >= 4 else powers
    if smooth.max() <= 10 ** (_SILENT_DB / 10):
        return 0, 0
    loud = np.flatnonzero(powers >= smooth.max() * 10 ** (floor_db / 10))
    return int(loud[0]) * step, min(int(loud[-1] + 1) * step, len(samples))


def stretch(samples: Samples, factor: float, *, frame: int = 512, search: int = 200) -> Samples:
    """Make speech `factor` times as long at the same pitch (WSOLA: Verhelst and Roelands 1993).

    Frames of 32 ms overlap by half. Each is taken where, within ±12.5 ms of its nominal place, the sound is most
    like what would have followed the frame before, so pitch periods line up.

    Parameters
    ----------
    factor : 0.25 … 4; above 1 is slower speech
    """
    if not 0.25 <= factor <= 4:
        raise BadInput(f"A stretch by {factor} is outside 0.25 … 4.", hint="Stay within 0.5 … 2 for natural speech.")
    length = round(len(samples) * factor)
    if factor == 1 or len(samples) < 2 * frame:
        return resample(samples, 1.0, factor) if factor != 1 else samples
    hop = frame // 2
    count = -(-length // hop) + 1
    nominal = np.round(np.arange(count) * hop / factor).astype(int)
    padded = np.pad(samples, (search + hop, search + 2 * frame)).astype(np.float32, copy=False)
    starts = _aligned_starts(padded, nominal + search, hop=hop, search=search)
    window = (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(frame) + 0.5) / frame)).astype(np.float32)
    frames = padded[starts[:, None] + np.arange(frame)] * window
    out = np.zeros((count + 1) * hop, np.float32)
    out[:-hop] += frames[:, :hop].ravel()
    out[hop:] += frames[:, hop:].ravel()
    return out[hop : hop + length]


def _aligned_starts(padded: Samples, nominal: NDArray[np.int_], *, hop: int, search: int) -> NDArray[np.int_]:
    """Choose each frame's start by the normalised correlation with the natural continuation of the last one."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(padded, dtype=np.float64))])
    places = len(padded) - hop + 1
    starts = np.minimum(nominal, places - hop - 1)
    for index in range(1, len(starts)):
        first = max(int(starts[index]) - search, 0)
        last = min(first + 2 * search + 1, places - hop)
        follows = starts[index - 1] + hop
        power = energy[first + hop : last + hop] - energy[first:last]
        likeness = np.correlate(padded[first : last + hop - 1], padded[follows : follows + hop]) / np.sqrt(power + 1e-9)
        starts[index] = first + int(np.argmax(likeness))
    return starts


def interpolate_db(hz: ArrayLike, points_hz: ArrayLike, points_db: ArrayLike) -> NDArray[np.float64]:
    """Read a response curve at `hz`: linear in dB over log frequency, held beyond its ends."""
    place, places = np.log(np.maximum(hz, 1e-3)), np.log(np.maximum(points_hz, 1e-3))
    return np.asarray(np.interp(place, places, np.asarray(points_db, float)), np.float64)


def fft_filter(samples: Samples, points_hz: ArrayLike, points_db: ArrayLike) -> Samples:
    """Filter by a gain curve without delay (zero phase); shape and length stay.

    Parameters
    ----------
    points_hz, points_db : the curve, in rising frequency, read by `interpolate_db`
    """
    from scipy import fft

    length = fft.next_fast_len(len(samples) + 1024, real=True)  # room for the ringing to die in, not to wrap
    hz = np.fft.rfftfreq(length, 1 / 16_000)
    gain = (10 ** (interpolate_db(hz, points_hz, points_db) / 20)).astype(np.float32)
    spectrum = fft.rfft(samples.astype(np.float32, copy=False), length)
    return np.asarray(fft.irfft(spectrum * gain, length)[: len(samples)], np.float32)


def fft_convolve(samples: Samples, impulse: Samples) -> Samples:
    """Convolve, shape (n,) with (m,) → (n + m − 1,)."""
    from scipy import fft

    total = len(samples) + len(impulse) - 1
    length = fft.next_fast_len(total, real=True)
    product = fft.rfft(samples.astype(np.float32, copy=False), length) * fft.rfft(
        impulse.astype(np.float32, copy=False), length
    )
    return np.asarray(fft.irfft(product, length)[:total], np.float32)


def to_int16(samples: NDArray[np.floating]) -> NDArray[np.int16]:
    """Round to int16 and saturate at full scale, as a converter does.

    Raises
    ------
    ValueError : a sample is not finite (a bug in whatever made it).
    """
    scaled = np.rint(samples * np.float32(32768))
    if not np.isfinite(scaled).all():
        raise ValueError("samples hold NaN or infinity")
    return np.asarray(np.clip(scaled, -32768, 32767), np.int16)
