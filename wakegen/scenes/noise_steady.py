"""Noises that go on: machines, weather, traffic, rooms."""

from __future__ import annotations

import numpy as np

from wakegen.audio import RATE_HZ
from wakegen.scenes.synth import (
    Rng,
    Samples,
    arch,
    band,
    coloured,
    gains,
    harmonics,
    phase,
    place,
    poisson_times,
    tilted,
    wander,
    white,
)

_OCTAVES = (125, 250, 500, 1000, 2000, 4000, 8000)
# Octave levels of sources at a listener; the curve is a spectrum level, so 3 dB per octave come off in _octave_noise.
_SHAPES = (
    (0, -4, -8, -12, -16, -20, -24),  # quiet room
    (0, -3, -8, -12, -17, -22, -28),  # refrigerator
    (-12, -6, -2, 0, -1, -4, -10),  # kettle
    (-8, -3, 0, 0, -2, -5, -10),  # cooker hood, vacuum cleaner
    (0, -2, -4, -8, -12, -18, -24),  # fan, air conditioning
    (0, -7, -13, -18, -23, -29, -35),  # car, 50 km/h
    (0, -5, -10, -14, -19, -25, -32),  # car, 100 km/h
    (0, -2, -3, -4, -8, -14, -22),  # street
    (0, -1, -2, -5, -9, -14, -20),  # office
)


def _octave_noise(rng: Rng, count: int, levels_db: np.ndarray) -> Samples:
    return coloured(rng, count, _OCTAVES, levels_db - 3 * np.arange(len(_OCTAVES)))


def household(rng: Rng, count: int) -> Samples:
    """One of the measured octave shapes, bent by a few dB, breathing slowly."""
    shape = np.array(_SHAPES[rng.integers(len(_SHAPES))]) + rng.normal(0, 3, len(_OCTAVES))
    return _octave_noise(rng, count, shape) * gains(rng, count, rate_hz=rng.uniform(0.2, 2), depth_db=rng.uniform(0, 2))


def random_colour(rng: Rng, count: int) -> Samples:
    """Any spectrum: a random walk over the octaves around a random tilt, with random unrest."""
    shape = rng.uniform(-6, 3) * np.arange(len(_OCTAVES)) + np.cumsum(rng.normal(0, 4, len(_OCTAVES)))
    out = _octave_noise(rng, count, shape + 3 * np.arange(len(_OCTAVES)))
    return out * gains(rng, count, rate_hz=10 ** rng.uniform(-0.7, 1), depth_db=rng.uniform(0, 6))


def moving_bands(rng: Rng, count: int) -> Samples:
    """Several bands that swell and fade on their own: crowds of sources, hiss, applause far off."""
    out = np.zeros(count, np.float32)
    for _ in range(rng.integers(2, 5)):
        low = float(np.exp(rng.uniform(np.log(100), np.log(4000))))
        part = band(rng, count, low, low * rng.uniform(1.3, 3))
        out += part / (part.std() + 1e-9) * gains(rng, count, rate_hz=rng.uniform(0.3, 6), depth_db=rng.uniform(3, 9))
    return out


def wind(rng: Rng, count: int) -> Samples:
    """Gusts: rumble with a whistle in it that rises and falls with them."""
    gust = gains(rng, count, rate_hz=rng.uniform(0.3, 1.5), depth_db=rng.uniform(4, 9))
    out = tilted(rng, count, rng.uniform(-9, -5)) * gust
    low = rng.uniform(200, 900)
    howl = band(rng, count, low, low * 1.6, skirt_db=30) * gust**1.5
    return np.asarray(out / (out.std() + 1e-9) + rng.uniform(0, 0.6) * howl / (howl.std() + 1e-9), np.float32)


def water(rng: Rng, count: int) -> Samples:
    """A tap, a shower, a stream: hiss and many short rising bubbles."""
    hiss = band(rng, count, rng.uniform(300, 1500), rng.uniform(3000, 7500), skirt_db=9)
    hiss *= gains(rng, count, rate_hz=rng.uniform(1, 8), depth_db=rng.uniform(0.5, 3))

    def bubble(_: int) -> Samples:
        length = int(RATE_HZ * rng.uniform(0.01, 0.06))
        start_hz = np.exp(rng.uniform(np.log(300), np.log(3000)))
        rising = start_hz * (1 + rng.uniform(0.1, 0.8) * np.linspace(0, 1, length))
        fall = np.exp(-np.linspace(0, 5, length))
        return (rng.exponential() * np.sin(phase(rising, length)) * fall).astype(np.float32)

    drops = place(count, poisson_times(rng, count, rng.uniform(5, 60)), bubble)
    return np.asarray(hiss / (hiss.std() + 1e-9) * np.float32(rng.uniform(0.1, 1)) + drops, np.float32)


def rain(rng: Rng, count: int) -> Samples:
    """Drops: impulses of random strength through a random surface, over a bed of hiss."""
    drops = np.where(rng.random(count, dtype=np.float32) < rng.uniform(0.0005, 0.02), 1, 0) * white(rng, count)
    drops = drops * np.abs(white(rng, count))
    surface = np.exp(-np.arange(200) / rng.uniform(5, 50)) * rng.standard_normal(200)
    hits = np.convolve(drops, surface.astype(np.float32))[:count]
    bed = tilted(rng, count, rng.uniform(-4, 1))
    return np.asarray(
        (hits / (hits.std() + 1e-9) + rng.uniform(0.05, 0.7) * bed / (bed.std() + 1e-9)).astype(np.float32), np.float32
    )


def hum(rng: Rng, count: int) -> Samples:
    """Mains hum: 50 or 60 Hz and its harmonics, even ones stronger, with a little hiss."""
    base = float(rng.choice([50.0, 60.0]))
    number = np.arange(1, 41)
    strengths = rng.exponential(1, 40) * number ** -rng.uniform(0.3, 1.5) * np.where(number % 2 == 0, 2, 1)
    tone = harmonics(phase(base * (1 + 1e-4 * wander(rng, count, 0.5)), count), strengths, base)
    hiss = tilted(rng, count, rng.uniform(-6, 0))
    return np.asarray(tone / (tone.std() + 1e-9) + rng.uniform(0.03, 0.5) * hiss / (hiss.std() + 1e-9), np.float32)


def engine(rng: Rng, count: int) -> Samples:
    """A motor: orders of a drifting speed of rotation, rough from turn to turn, over flow noise."""
    turns_hz = float(np.exp(rng.uniform(np.log(12), np.log(400))))
    drift = 1 + rng.uniform(0.002, 0.08) * wander(rng, count, rng.uniform(0.2, 1.5))
    speed = turns_hz * np.clip(drift, 0.6, 1.5)
    strengths = rng.exponential(1, 36) * np.arange(1, 37) ** -rng.uniform(0.2, 1.2)
    tone = harmonics(phase(speed, count), strengths, float(speed.max()))
    tone *= gains(rng, count, rate_hz=rng.uniform(0.5, 12), depth_db=rng.uniform(0, 3))
    flow = tilted(rng, count, rng.uniform(-7, 0))
    return np.asarray(tone / (tone.std() + 1e-9) + rng.uniform(0.1, 1.5) * flow / (flow.std() + 1e-9), np.float32)


def appliance(rng: Rng, count: int) -> Samples:
    """A vacuum cleaner, hair dryer, mixer or drill: loud broad noise, a whine and its harmonics, sometimes starting."""
    shape = np.array(_SHAPES[3]) + rng.normal(0, 3, len(_OCTAVES))
    bed = _octave_noise(rng, count, shape)
    whine_hz = float(np.exp(rng.uniform(np.log(150), np.log(2500))))
    time_s = np.arange(count) / RATE_HZ
    start = 1 - rng.choice([0.0, 0.7]) * np.exp(-time_s / rng.uniform(0.3, 1.2))
    speed = whine_hz * start * (1 + 0.01 * wander(rng, count, 1.0))
    whine = harmonics(phase(speed, count), rng.exponential(1, 12), float(speed.max()))
    mix = bed / (bed.std() + 1e-9) + rng.uniform(0.05, 0.8) * whine / (whine.std() + 1e-9)
    return np.asarray((mix * start).astype(np.float32), np.float32)


def pulsing_machine(rng: Rng, count: int) -> Samples:
    """A washing machine, printer, pump or helicopter: noise that comes in regular pulses."""
    rate = float(np.exp(rng.uniform(np.log(1), np.log(30))))
    angle = phase(rate * (1 + 0.02 * wander(rng, count, 0.5)), count)
    pulse = np.exp(rng.uniform(1, 4) * (np.cos(angle) - 1)).astype(np.float32)
    low = float(np.exp(rng.uniform(np.log(60), np.log(2000))))
    carrier = band(rng, count, low, low * rng.uniform(1.5, 6), skirt_db=12)
    return np.asarray(carrier / (carrier.std() + 1e-9) * (pulse + np.float32(rng.uniform(0, 0.3))), np.float32)


def traffic(rng: Rng, count: int) -> Samples:
    """A street: a bed of far traffic, and cars that come and go, brighter when they are near."""
    out = _octave_noise(rng, count, np.array(_SHAPES[7]) + rng.normal(0, 2, 7))
    out /= out.std() + 1e-9
    time_s = np.arange(count) / RATE_HZ
    for _ in range(rng.integers(1, 4)):
        near = 1 / (1 + ((time_s - rng.uniform(0, time_s[-1])) / rng.uniform(0.5, 2)) ** 2)
        tyres = _octave_noise(rng, count, np.array([-4, -2, -1, 0, -2, -7, -14]) + rng.normal(0, 2, 7))
        orders_hz = rng.uniform(30, 90) * (1 + 0.04 * (0.5 - near))
        motor = harmonics(phase(orders_hz, count), np.arange(1, 20) ** -0.8, 100)
        passing = tyres / (tyres.std() + 1e-9) + rng.uniform(0.1, 1) * motor / (motor.std() + 1e-9)
        out += (rng.uniform(1, 5) * near**1.2 * passing).astype(np.float32)
    return out


def kettle(rng: Rng, count: int) -> Samples:
    """Heating water or frying: a band that climbs, with crackling in it."""
    rising = band(rng, count, rng.uniform(150, 600), rng.uniform(700, 2500), skirt_db=12)
    crackle = np.where(rng.random(count) < rng.uniform(0.001, 0.03), 1.0, 0.0) * rng.exponential(1, count) ** 2
    crackle = np.convolve(crackle, np.exp(-np.arange(60) / rng.uniform(2, 15)) * rng.standard_normal(60))[:count]
    ramp = np.linspace(rng.uniform(0.2, 1), 1, count)
    mix = rising / (rising.std() + 1e-9) * ramp + rng.uniform(0.2, 2) * crackle / (crackle.std() + 1e-9)
    return np.asarray(mix.astype(np.float32), np.float32)


def static(rng: Rng, count: int) -> Samples:
    """A bad contact, a radio off its station, tape hiss with drop-outs."""
    bed = tilted(rng, count, rng.uniform(-3, 3)) * gains(
        rng, count, rate_hz=rng.uniform(2, 20), depth_db=rng.uniform(1, 8)
    )
    bursts = place(count, poisson_times(rng, count, rng.uniform(1, 10)), lambda _: _burst(rng))
    return np.asarray(bed / (bed.std() + 1e-9) + np.float32(rng.uniform(0, 3)) * bursts, np.float32)


def _burst(rng: Rng) -> Samples:
    length = int(RATE_HZ * rng.uniform(0.005, 0.3))
    return white(rng, length) * arch(length, attack=0.02, release=rng.uniform(0.1, 0.9)) * np.float32(rng.exponential())
