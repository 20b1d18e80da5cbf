"""Noises with a pitch: animals, alarms, music."""

from __future__ import annotations

from functools import partial

import numpy as np

from wakegen.audio import RATE_HZ
from wakegen.scenes.synth import (
    Rng,
    Samples,
    arch,
    formant_gains,
    harmonics,
    phase,
    place,
    poisson_times,
    rhythm_times,
    struck,
    wander,
    white,
)

_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9), (0, 3, 5, 6, 7, 10))


def birds(rng: Rng, count: int) -> Samples:
    """Birds and squeaks: short whistles that glide, repeated in phrases."""
    calls = [_glide(rng, 1800, 7000, seconds=rng.uniform(0.03, 0.25)) for _ in range(4)]
    heads = poisson_times(rng, count, rng.uniform(0.5, 2))
    gap = int(RATE_HZ * rng.uniform(0.06, 0.3))
    times = np.sort((heads[:, None] + gap * np.arange(rng.integers(1, 7))).ravel())
    return place(count, times[times < count], lambda i: calls[(i * 7 // 5) % 4] * np.float32(rng.uniform(0.4, 1)))


def insects(rng: Rng, count: int) -> Samples:
    """Crickets and cicadas: a high carrier in trains of pulses."""
    carrier = phase(rng.uniform(2500, 6500) * (1 + 0.004 * wander(rng, count, 2)), count)
    trill = np.clip(np.sin(phase(rng.uniform(15, 60), count)), 0, 1) ** 2
    chirp = (np.sin(phase(rng.uniform(0.5, 4), count)) > rng.uniform(-1.1, 0.5)).astype(float)
    return np.asarray(
        (np.sin(carrier) * trill * np.convolve(chirp, np.full(160, 1 / 160), mode="same")).astype(np.float32),
        np.float32,
    )


def barks(rng: Rng, count: int) -> Samples:
    """Dogs, and other throats: short rough harmonic bursts with formants, in rows."""
    base = float(np.exp(rng.uniform(np.log(150), np.log(700))))
    size = rng.uniform(0.7, 1.6)

    def bark(_: int) -> Samples:
        length = int(RATE_HZ * rng.uniform(0.08, 0.3))
        f0 = base * (1 + 0.4 * np.sin(np.linspace(0, np.pi, length)) + 0.05 * wander(rng, length, 40))
        voice = _voice(f0, formants_hz=(700 * size, 1500 * size, 2600 * size), tilt=0.6)
        breath = white(rng, length) * np.float32(rng.uniform(0.1, 0.6) * voice.std())
        return (voice + breath) * arch(length, attack=0.08, release=0.5) * np.float32(rng.uniform(0.5, 1))

    return place(count, rhythm_times(rng, count, rng.uniform(1, 4), swing=0.3, miss=0.35), bark)


def cries(rng: Rng, count: int) -> Samples:
    """A baby or a cat: long wails that rise and fall."""
    base = rng.uniform(280, 650)

    def cry(_: int) -> Samples:
        length = int(RATE_HZ * rng.uniform(0.4, 1.3))
        curve = np.interp(
            np.linspace(0, 1, length), [0, 0.2, 0.6, 1], rng.uniform([0.8, 1, 0.95, 0.6], [1, 1.4, 1.3, 0.9])
        )
        f0 = base * curve * (1 + 0.02 * np.sin(phase(rng.uniform(4, 9), length)))
        voice = _voice(f0, formants_hz=(rng.uniform(800, 1200), rng.uniform(1800, 3000), 4200), tilt=0.5)
        return voice * arch(length, attack=0.1, release=0.3) * np.float32(rng.uniform(0.5, 1))

    return place(count, rhythm_times(rng, count, rng.uniform(0.6, 1.2), swing=0.2, miss=0.1), cry)


def alarms(rng: Rng, count: int) -> Samples:
    """Beeps of clocks, phones, ovens and lorries: a few pitches in a pattern."""
    pitches = np.exp(rng.uniform(np.log(400), np.log(3800), rng.integers(1, 4)))
    on = int(RATE_HZ * rng.uniform(0.04, 0.5))
    strengths = [1.0, *(rng.random(6) * rng.choice([0, 0.7]))]

    def beep(index: int) -> Samples:
        hz = float(pitches[index % len(pitches)])
        return harmonics(phase(hz, on), strengths, hz) * arch(on, attack=0.03, release=rng.choice([0.03, 0.8]))

    return place(count, rhythm_times(rng, count, rng.uniform(0.8, 8), swing=0, miss=rng.uniform(0, 0.4)), beep)


def sirens(rng: Rng, count: int) -> Samples:
    """Sweeps: sirens, toys, modem-like gliding tones."""
    low = rng.uniform(300, 1200)
    swing = np.sin(phase(rng.uniform(0.2, 6), count))
    swing = np.sign(swing) if rng.random() < 0.3 else swing
    f0 = low * (1 + rng.uniform(0.1, 1) * (0.5 + 0.5 * swing))
    return harmonics(phase(f0, count), rng.exponential(1, 8) / np.arange(1, 9), float(f0.max()))


def melody(rng: Rng, count: int) -> Samples:
    """One instrument: notes of a scale in a rhythm, plucked or sustained, with vibrato or none."""
    return _notes(rng, count, low_hz=float(rng.uniform(110, 600)), rate_hz=float(rng.uniform(1.5, 6)))


def music(rng: Rng, count: int) -> Samples:
    """A band: chords, bass, melody and drums at one tempo, each with its own timbre."""
    tempo = float(rng.uniform(1.2, 2.6))
    root = float(rng.uniform(80, 160))
    scale = _SCALES[rng.integers(len(_SCALES))]
    parts = [
        (1.0, _chords(rng, count, root=root * 2, scale=scale, rate_hz=tempo / 2)),
        (0.9, _notes(rng, count, low_hz=root / 2, rate_hz=tempo, scale=scale)),
        (0.8, _notes(rng, count, low_hz=root * 4, rate_hz=tempo * 2, scale=scale)),
        (0.9, drums(rng, count, tempo_hz=tempo)),
    ]
    weights = rng.uniform(0, 1.2, len(parts)) * (rng.random(len(parts)) < 0.8) + 0.05
    sounds = [weight * gain * part / (part.std() + 1e-9) for weight, (gain, part) in zip(weights, parts, strict=True)]
    return np.asarray(np.sum(sounds, axis=0), np.float32)


def drums(rng: Rng, count: int, *, tempo_hz: float | None = None) -> Samples:
    """A kit: kick, snare and hats in a pattern of sixteenths."""
    step = int(RATE_HZ / (tempo_hz or rng.uniform(1.2, 2.8)) / 4)
    kick_hz = rng.uniform(90, 160) * np.exp(-np.linspace(0, 3, 3200)) + 45
    kick = (np.sin(phase(kick_hz, 3200)) * np.exp(-np.linspace(0, 6, 3200))).astype(np.float32)
    snare = (white(rng, 2400) + struck(rng, low_hz=180, high_hz=900, count=4, seconds=0.15)[:2400]) * np.exp(
        -np.linspace(0, 7, 2400)
    ).astype(np.float32)
    hat = np.diff(white(rng, 1201)) * np.exp(-np.linspace(0, rng.uniform(4, 12), 1200)).astype(np.float32)
    out = np.zeros(count, np.float32)
    for sound, chance, gain in ((kick, 0.3, 1.0), (snare, 0.2, 0.5), (hat, 0.6, 0.15)):
        pattern = np.flatnonzero(rng.random(16) < chance)
        bars = np.arange(0, count, 16 * step)
        times = (bars[:, None] + pattern * step).ravel()
        loudness = rng.uniform(0.7, 1, len(times)).astype(np.float32) * np.float32(gain)
        out += place(count, times[times < count], partial(_scaled, sound, loudness))
    return out


def _scaled(sound: Samples, gains: Samples, index: int) -> Samples:
    return np.asarray(sound * gains[index], np.float32)


def bells(rng: Rng, count: int) -> Samples:
    """Bells, glasses, wind chimes, a doorbell: long ringing modes."""
    things = [
        struck(rng, low_hz=rng.uniform(300, 1500), high_hz=6000, count=6, seconds=rng.uniform(0.6, 2), click=0.1)
        for _ in range(3)
    ]
    return place(
        count,
        poisson_times(rng, count, rng.uniform(0.5, 2.5)),
        lambda i: things[i % 3] * np.float32(rng.uniform(0.3, 1)),
    )


def _notes(rng: Rng, count: int, *, low_hz: float, rate_hz: float, scale: tuple[int, ...] = _SCALES[0]) -> Samples:
    timbre = rng.exponential(1, 14) * np.arange(1, 15) ** -rng.uniform(0.6, 2)
    plucked = rng.random() < 0.5
    vibrato = rng.choice([0.0, rng.uniform(0.002, 0.01)])
    walk = np.cumsum(rng.integers(-2, 3, 64)) % (2 * len(scale))

    def note(index: int) -> Samples:
        length = int(RATE_HZ / rate_hz * rng.choice([0.5, 1, 1, 2]) * 0.98)
        degree = int(walk[index % 64])
        hz = low_hz * 2 ** ((scale[degree % len(scale)] + 12 * (degree // len(scale))) / 12)
        angle = phase(hz * (1 + vibrato * np.sin(phase(5.5, length))), length)
        shape = (
            np.exp(-np.linspace(0, 5, length)).astype(np.float32)
            if plucked
            else arch(length, attack=0.05, release=0.15)
        )
        return harmonics(angle, timbre, hz * 1.02) * shape * np.float32(rng.uniform(0.5, 1))

    return place(count, rhythm_times(rng, count, rate_hz, swing=0.02, miss=0.2), note)


def _chords(rng: Rng, count: int, *, root: float, scale: tuple[int, ...], rate_hz: float) -> Samples:
    timbre = rng.exponential(1, 8) * np.arange(1, 9) ** -rng.uniform(0.8, 2)
    length = int(RATE_HZ / rate_hz)

    def chord(_: int) -> Samples:
        first = int(rng.integers(len(scale)))
        out = np.zeros(length, np.float32)
        for step in (0, 2, 4):
            degree = first + step
            hz = root * 2 ** ((scale[degree % len(scale)] + 12 * (degree // len(scale))) / 12)
            out += harmonics(phase(hz * rng.uniform(0.998, 1.002), length), timbre, hz)
        return out * arch(length, attack=0.02, release=0.3)

    return place(count, np.arange(0, count, length), chord)


def _glide(rng: Rng, low_hz: float, high_hz: float, *, seconds: float) -> Samples:
    length = int(RATE_HZ * seconds)
    knots = np.exp(rng.uniform(np.log(low_hz), np.log(high_hz), 3))
    hz = np.interp(np.linspace(0, 2, length), [0, 1, 2], knots)
    return (np.sin(phase(hz, length)) * arch(length, attack=0.2, release=0.4)).astype(np.float32)


def _voice(f0: np.ndarray, *, formants_hz: tuple[float, float, float], tilt: float) -> Samples:
    """Give a voiced sound of changing pitch and standing formants."""
    mean = float(f0.mean())
    number = np.arange(1, min(int(7000 / mean), 40) + 1)
    strengths = formant_gains(number * mean, formants_hz, (120, 180, 260)) * number**-tilt
    return harmonics(phase(f0, len(f0)), strengths, float(f0.max()))
