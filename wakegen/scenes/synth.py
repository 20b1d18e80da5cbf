"""Small parts that noises are made of: coloured noise, slow control curves, modes, harmonics, events in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wakegen.audio import RATE_HZ
from wakegen.audio.dsp import fft_filter

Samples = NDArray[np.float32]
Rng = np.random.Generator


def white(rng: Rng, count: int) -> Samples:
    """Give Gaussian noise of RMS 1."""
    return rng.standard_normal(count, dtype=np.float32)


def coloured(rng: Rng, count: int, hz: ArrayLike, db: ArrayLike) -> Samples:
    """Give Gaussian noise whose spectrum level follows a curve (dB over log frequency)."""
    return fft_filter(white(rng, count), hz, db)


def tilted(rng: Rng, count: int, db_per_octave: float) -> Samples:
    """Give noise that falls (or rises) by so much per octave above 60 Hz."""
    return coloured(rng, count, [60, 60 * 2**7], [0, 7 * db_per_octave])


def band(rng: Rng, count: int, low_hz: float, high_hz: float, *, skirt_db: float = 24.0) -> Samples:
    """Give noise between two frequencies, falling by `skirt_db` per octave outside."""
    curve = [low_hz / 4, low_hz, high_hz, high_hz * 4]
    return coloured(rng, count, curve, [-2 * skirt_db, 0, 0, -2 * skirt_db])


def wander(rng: Rng, count: int, rate_hz: float) -> NDArray[np.float64]:
    """Give a smooth random curve of standard deviation about 1 that turns `rate_hz` times a second."""
    knots = max(int(count / RATE_HZ * rate_hz * 2) + 2, 3)
    values = rng.standard_normal(knots + 2)
    place = np.linspace(0, knots, count)
    index = np.minimum(place.astype(int), knots)
    part = 0.5 - 0.5 * np.cos(np.pi * (place - index))
    return np.asarray(values[index] * (1 - part) + values[index + 1] * part)


def gains(rng: Rng, count: int, *, rate_hz: float, depth_db: float) -> Samples:
    """Give a slowly changing gain, `depth_db` of standard deviation around 0 dB."""
    return (10 ** (wander(rng, count, rate_hz) * depth_db / 20)).astype(np.float32)


def phase(hz: ArrayLike, count: int) -> NDArray[np.float64]:
    """Give the running phase (radians) of an oscillator of constant or changing frequency."""
    return np.asarray(2 * np.pi * np.cumsum(np.broadcast_to(np.asarray(hz, np.float64), (count,))) / RATE_HZ)


def harmonics(angle: NDArray[np.float64], amplitudes: Sequence[float] | NDArray[np.floating], hz_max: float) -> Samples:
    """Add the harmonics of a phase that stay below 7.6 kHz; `hz_max` is the highest the fundamental gets.

    By sin(kx) = 2·cos(x)·sin((k − 1)x) − sin((k − 2)x): two multiplications a sample and harmonic, no sines.
    """
    first = np.sin(angle).astype(np.float32)
    twice = (2 * np.cos(angle)).astype(np.float32)
    before, now = np.zeros_like(first), first
    out = np.zeros_like(first)
    for number, amplitude in enumerate(amplitudes, 1):
        if number * hz_max > 7600:
            break
        out += np.float32(amplitude) * now
        before, now = now, twice * now - before
    return out


def modes(
    count: int, hz: NDArray[np.float64], decay_s: NDArray[np.float64], amplitudes: NDArray[np.float64]
) -> Samples:
    """Give the ringing of a struck thing: sines that die, shape (count,)."""
    time_s = np.arange(count, dtype=np.float32) / RATE_HZ
    angle = (2 * np.pi * hz).astype(np.float32)[:, None] * time_s
    fall = np.exp(-time_s / decay_s.astype(np.float32)[:, None])
    return np.asarray(amplitudes.astype(np.float32) @ (np.sin(angle) * fall), np.float32)


def struck(rng: Rng, *, low_hz: float, high_hz: float, count: int, seconds: float, click: float = 0.5) -> Samples:
    """Give one hit of a random hard thing: `count` inharmonic modes and a short click."""
    length = int(RATE_HZ * seconds)
    hz = np.exp(rng.uniform(np.log(low_hz), np.log(min(high_hz, 7600)), count))
    decay_s = seconds / 5 * rng.uniform(0.3, 1.2, count) * (low_hz / hz) ** 0.3
    out = modes(length, hz, decay_s, rng.uniform(0.1, 1, count))
    burst = min(int(RATE_HZ * rng.uniform(0.0005, 0.004)) + 2, length)
    out[:burst] += np.float32(click * count**0.5) * white(rng, burst) * np.linspace(1, 0, burst, dtype=np.float32)
    return out


def arch(count: int, *, attack: float = 0.1, release: float = 0.3) -> Samples:
    """Give an envelope: rise over the share `attack`, stay, fall over the share `release`."""
    place = np.linspace(0, 1, count)
    return np.interp(place, [0, attack, 1 - release, 1], [0, 1, 1, 0]).astype(np.float32) ** 2


def poisson_times(rng: Rng, count: int, rate_hz: float) -> NDArray[np.int_]:
    """Give sample indices of events that come independently, `rate_hz` a second; sorted.

    There is one at least in every 1.5 s: an excerpt of a clip's length should not fall into a pause.
    """
    slots = max(round(count / (1.5 * RATE_HZ)), 1)
    surely = ((np.arange(slots) + rng.random(slots)) * count / slots).astype(int)
    more = rng.integers(0, count, max(int(rng.poisson(rate_hz * count / RATE_HZ)) - slots, 0))
    return np.sort(np.concatenate([surely, more]))


def rhythm_times(rng: Rng, count: int, rate_hz: float, *, swing: float = 0.1, miss: float = 0.1) -> NDArray[np.int_]:
    """Give sample indices of events at a beat, each off by up to `swing` beats and left out with chance `miss`."""
    beat = RATE_HZ / rate_hz
    starts = np.arange(rng.uniform(0, beat), count, beat)
    starts = starts + rng.uniform(-swing, swing, len(starts)) * beat
    kept = starts[rng.random(len(starts)) >= miss].astype(int)
    return kept[(kept >= 0) & (kept < count)] if len(kept) else np.array([count // 3])


def place(count: int, times: NDArray[np.int_], event: Callable[[int], Samples]) -> Samples:
    """Add `event(index)` at each time; what runs over the end is cut."""
    out = np.zeros(count, np.float32)
    for index, start in enumerate(times):
        sound = event(index)[: count - start]
        out[start : start + len(sound)] += sound
    return out


def formant_gains(
    hz: NDArray[np.floating], formants_hz: Sequence[float], widths_hz: Sequence[float]
) -> NDArray[np.float64]:
    """Give the gain of resonances in a row (each 1 at 0 Hz) at frequencies `hz`."""
    out = np.ones_like(hz)
    for centre, width in zip(formants_hz, widths_hz, strict=True):
        out = out * centre**2 / np.sqrt((centre**2 - hz**2) ** 2 + (width * hz) ** 2)
    return out
