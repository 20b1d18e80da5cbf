"""Noises like speech that say nothing, and babble mixed from speech that a caller has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wakegen.audio import RATE_HZ
from wakegen.audio.dsp import active_rms
from wakegen.scenes.synth import Rng, Samples, arch, coloured, formant_gains, gains, harmonics, phase, wander, white

_OCTAVES = (125, 250, 500, 1000, 2000, 4000, 8000)
_SPEECH_DB = (-6, 0, 0, -9, -16, -24, -32)  # spectrum of raised speech (ANSI S3.5), less 3 dB per octave


def speech_shaped(rng: Rng, count: int) -> Samples:
    """Noise with the spectrum of speech, modulated at the pace of syllables."""
    out = coloured(rng, count, _OCTAVES, np.array(_SPEECH_DB) + rng.normal(0, 3, len(_OCTAVES)))
    syllables = gains(rng, count, rate_hz=rng.uniform(2, 6), depth_db=rng.uniform(2, 10))
    return out * syllables


def mumble(rng: Rng, count: int) -> Samples:
    """One to three voices without words: syllables of random vowels and hisses with a pitch contour."""
    out = np.zeros(count, np.float32)
    for _ in range(rng.integers(1, 4)):
        voice = _mumbler(rng, count)
        out += voice / (voice.std() + 1e-9) * np.float32(rng.uniform(0.3, 1))
    return out


def laughter(rng: Rng, count: int) -> Samples:
    """Rows of short breathy vowels at four to six a second, falling in pitch."""
    base = rng.uniform(120, 400)
    out = 0.02 * white(rng, count)
    start = int(rng.integers(0, RATE_HZ))
    while start < count:
        pace = int(RATE_HZ / rng.uniform(4, 6.5))
        for index in range(int(rng.integers(3, 10))):
            length = int(pace * rng.uniform(0.5, 0.8))
            if start + length > count:
                break
            f0 = base * (1.3 - 0.05 * index) * (1 + 0.03 * wander(rng, length, 10))
            sound = _vowel(rng, f0) + 0.3 * white(rng, length)
            out[start : start + length] += sound * arch(length, attack=0.15, release=0.5) * np.float32(0.93**index)
            start += pace
        start += int(RATE_HZ * rng.uniform(0.2, 1.5))
    return out


def babble(rng: Rng, voices: Sequence[Samples], count: int) -> Samples:
    """Mix speech of several people: each goes on all the time, at its own level, from a random place.

    Parameters
    ----------
    voices : float32 arrays of shape (n,), any length; silent or empty ones are left out

    Returns
    -------
    float32, shape (count,); zeros if no voice speaks
    """
    out = np.zeros(count, np.float32)
    for voice in voices:
        level = active_rms(voice)
        if level <= 0:
            continue
        pause = np.zeros(int(RATE_HZ * rng.uniform(0.05, 0.4)), np.float32)
        line = np.concatenate([voice.astype(np.float32, copy=False), pause])
        line = np.tile(line, -(-count // len(line)) + 1)
        start = int(rng.integers(0, len(line) - count + 1))
        out += line[start : start + count] * np.float32(10 ** (rng.normal(0, 3) / 20) / level)
    return out


def _mumbler(rng: Rng, count: int) -> Samples:
    f0_hz = float(np.exp(rng.uniform(np.log(85), np.log(280))))
    contour = f0_hz * np.exp(0.12 * wander(rng, count, 1.5) + 0.02 * wander(rng, count, 8))
    out = np.zeros(count, np.float32)
    start = 0
    while start < count - 800:
        length = min(int(RATE_HZ * rng.uniform(0.07, 0.28)), count - start)
        piece = slice(start, start + length)
        if rng.random() < 0.75:
            out[piece] += _vowel(rng, contour[piece]) * arch(length, attack=0.2, release=0.3)
        else:
            hiss = np.diff(white(rng, length + 1)) * arch(length, attack=0.3, release=0.4)
            out[piece] += hiss * np.float32(rng.uniform(0.05, 0.25))
        start += int(length * rng.uniform(0.85, 1.05)) + (
            int(RATE_HZ * rng.uniform(0.15, 0.7)) if rng.random() < 0.12 else 0
        )
    return out


def _vowel(rng: Rng, f0: np.ndarray) -> Samples:
    """Give a vowel that slides from one random pair of formants to another."""
    highest = float(f0.max())
    number = np.arange(1, min(int(5000 / highest), 40) + 1)
    angle = phase(f0, len(f0))
    slide = np.linspace(0, 1, len(f0), dtype=np.float32)
    sounds = []
    for _ in range(2):
        formants = (rng.uniform(280, 850), rng.uniform(850, 2400), rng.uniform(2400, 3200))
        strengths = formant_gains(number * float(f0.mean()), formants, (80, 110, 160)) / number
        sound = harmonics(angle, strengths, highest)
        sounds.append(sound / (sound.std() + 1e-9))
    return np.asarray(sounds[0] * (1 - slide) + sounds[1] * slide, np.float32)
