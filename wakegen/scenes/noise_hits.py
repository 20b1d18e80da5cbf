"""Noises of things that hit, click, rustle and roll."""

from __future__ import annotations

import numpy as np

from wakegen.audio import RATE_HZ
from wakegen.audio.dsp import fft_filter
from wakegen.scenes.synth import (
    Rng,
    Samples,
    arch,
    band,
    gains,
    place,
    poisson_times,
    rhythm_times,
    struck,
    tilted,
    white,
)


def dishes(rng: Rng, count: int) -> Samples:
    """Plates, glasses and cutlery: bright inharmonic ringing, in clusters."""
    ring = rng.uniform(0.08, 0.5)
    things = [
        struck(rng, low_hz=rng.uniform(700, 2500), high_hz=7500, count=int(rng.integers(5, 14)), seconds=ring)
        for _ in range(6)
    ]
    times = _clusters(rng, count, rate_hz=rng.uniform(0.8, 3), each=int(rng.integers(1, 5)), spread_s=0.25)
    return place(count, times, lambda _: things[rng.integers(6)] * np.float32(rng.exponential()))


def knocks(rng: Rng, count: int) -> Samples:
    """Knocking, hammering, drawers, doors: low modes with a dull click."""
    low = rng.uniform(60, 400)
    thing = struck(
        rng, low_hz=low, high_hz=low * rng.uniform(4, 15), count=8, seconds=rng.uniform(0.06, 0.3), click=1.5
    )
    times = _clusters(rng, count, rate_hz=rng.uniform(0.3, 1.2), each=int(rng.integers(1, 7)), spread_s=0.8)
    return place(count, times, lambda _: thing * np.float32(rng.uniform(0.4, 1)))


def footsteps(rng: Rng, count: int) -> Samples:
    """Steps at a walking pace: heel and toe on a hard or soft floor."""
    low = rng.uniform(80, 300)
    heel = struck(rng, low_hz=low, high_hz=low * 8, count=6, seconds=0.12, click=rng.uniform(0.3, 2))
    scrape = band(rng, 1600, rng.uniform(500, 2000), rng.uniform(2500, 7000)) * arch(1600, attack=0.2, release=0.7)
    step = np.zeros(4000, np.float32)
    step[: len(heel)] += heel
    step[900:2500] += np.float32(rng.uniform(0, 1.5) * np.abs(heel).max()) * scrape / (np.abs(scrape).max() + 1e-9)
    times = rhythm_times(rng, count, rng.uniform(1.4, 2.6), swing=0.05, miss=0.05)
    return place(count, times, lambda _: step * np.float32(rng.uniform(0.5, 1)))


def keyboard(rng: Rng, count: int) -> Samples:
    """Typing, mouse clicks, buttons: short clicks in bursts, down and up."""
    keys = [struck(rng, low_hz=rng.uniform(300, 1500), high_hz=7000, count=6, seconds=0.04, click=2) for _ in range(8)]
    times = _clusters(rng, count, rate_hz=rng.uniform(0.5, 1.5), each=int(rng.integers(3, 12)), spread_s=1.2)
    times = np.sort(np.concatenate([times, times + int(0.08 * RATE_HZ)]))
    return place(count, times[times < count], lambda _: keys[rng.integers(8)] * np.float32(rng.uniform(0.3, 1)))


def crackle(rng: Rng, count: int) -> Samples:
    """Fire, plastic bags, vinyl: many single pulses of very different strength."""
    pulses = np.where(rng.random(count) < 10 ** rng.uniform(-3.7, -1.8), 1.0, 0.0) * rng.lognormal(0, 1.5, count)
    shape = np.exp(-np.arange(80) / rng.uniform(1, 12)) * rng.standard_normal(80)
    out = np.convolve(pulses, shape)[:count].astype(np.float32)
    return out * gains(rng, count, rate_hz=rng.uniform(0.5, 4), depth_db=rng.uniform(0, 10))


def rustle(rng: Rng, count: int) -> Samples:
    """Clothes, paper, brushing: short swishes of bright noise."""
    times = poisson_times(rng, count, rng.uniform(1, 6))
    low = float(np.exp(rng.uniform(np.log(400), np.log(3000))))
    bed = band(rng, count, low, 7000, skirt_db=9)

    def swish(index: int) -> Samples:
        length = int(RATE_HZ * rng.uniform(0.05, 0.5))
        piece = bed[(start := int(rng.integers(0, count - length))) : start + length]
        return piece * arch(length, attack=rng.uniform(0.1, 0.5), release=0.4) * np.float32(rng.exponential())

    return place(count, times, swish) + np.float32(0.02) * bed


def claps(rng: Rng, count: int) -> Samples:
    """Clapping hands, alone or many: short bursts around 1 to 3 kHz."""
    crowd = int(np.exp(rng.uniform(0, np.log(12))))
    palms = [
        fft_filter(white(rng, 480), [200, hz, hz * 3, 8000], [-20, 0, -8, -20]) for hz in rng.uniform(600, 2500, 4)
    ]
    fall = np.exp(-np.arange(480) / rng.uniform(30, 120)).astype(np.float32)
    times = np.sort(np.concatenate([rhythm_times(rng, count, rng.uniform(2, 5), swing=0.3) for _ in range(crowd)]))
    return place(count, times, lambda _: palms[rng.integers(4)] * fall * np.float32(rng.uniform(0.2, 1)))


def rolling(rng: Rng, count: int) -> Samples:
    """Chairs, wheels, scraping: rough noise whose roughness has a pace, through a few resonances."""
    pace = rhythm_times(rng, count, float(np.exp(rng.uniform(np.log(8), np.log(60)))), swing=0.4, miss=0.2)
    grains = place(count, pace, lambda _: white(rng, 200) * np.float32(rng.exponential()))
    body = struck(rng, low_hz=rng.uniform(80, 800), high_hz=5000, count=10, seconds=rng.uniform(0.03, 0.15))
    out = np.convolve(grains, body)[:count].astype(np.float32)
    out *= gains(rng, count, rate_hz=rng.uniform(0.3, 1.5), depth_db=rng.uniform(2, 10))
    return np.asarray(out / (out.std() + 1e-9) + np.float32(0.05) * tilted(rng, count, -4), np.float32)


def slams(rng: Rng, count: int) -> Samples:
    """Single heavy sounds: a door, a dropped box, thunder far off."""
    seconds = rng.uniform(0.3, 1.5)
    length = int(RATE_HZ * seconds)

    def slam(_: int) -> Samples:
        rumble = tilted(rng, length, rng.uniform(-8, -3)) * np.exp(-np.linspace(0, rng.uniform(4, 9), length)).astype(
            np.float32
        )
        hit = struck(rng, low_hz=40, high_hz=2000, count=12, seconds=min(seconds, 0.3), click=2)
        rumble[: len(hit)] += hit * np.float32(rumble.std() / (hit.std() + 1e-9))
        return rumble * np.float32(rng.uniform(0.3, 1))

    return place(count, poisson_times(rng, count, 0.7), slam)


def _clusters(rng: Rng, count: int, *, rate_hz: float, each: int, spread_s: float) -> np.ndarray:
    """Give times of events that come in groups of `each` within `spread_s`."""
    heads = poisson_times(rng, count, rate_hz)
    times = heads[:, None] + np.sort(rng.uniform(0, spread_s * RATE_HZ, (len(heads), each)).astype(int), axis=1)
    flat = np.sort(times.ravel())
    return flat[flat < count]
