"""The table of noises that are made by arithmetic. One row a kind; a weight is how often it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from wakegen.audio.dsp import active_rms
from wakegen.scenes import noise_hits as hits
from wakegen.scenes import noise_steady as steady
from wakegen.scenes import noise_tones as tones
from wakegen.scenes import noise_voices as voices
from wakegen.scenes.synth import Rng, Samples

MIXED = 0.25  # share of pieces in which a second kind sounds, softer


@dataclass(frozen=True, slots=True)
class NoiseRow:
    """A kind of noise: `make(rng, count)` gives float32 of shape (count,) at any level."""

    kind: str
    make: Callable[[Rng, int], Samples]
    weight: float


NOISES = (
    NoiseRow("alarms", tones.alarms, 1.0),
    NoiseRow("appliance", steady.appliance, 1.5),
    NoiseRow("barks", tones.barks, 1.0),
    NoiseRow("bells", tones.bells, 0.7),
    NoiseRow("birds", tones.birds, 0.8),
    NoiseRow("claps", hits.claps, 0.7),
    NoiseRow("crackle", hits.crackle, 0.8),
    NoiseRow("cries", tones.cries, 1.0),
    NoiseRow("dishes", hits.dishes, 1.5),
    NoiseRow("drums", tones.drums, 0.7),
    NoiseRow("engine", steady.engine, 1.5),
    NoiseRow("footsteps", hits.footsteps, 0.8),
    NoiseRow("household", steady.household, 2.0),
    NoiseRow("hum", steady.hum, 0.7),
    NoiseRow("insects", tones.insects, 0.5),
    NoiseRow("kettle", steady.kettle, 0.8),
    NoiseRow("keyboard", hits.keyboard, 0.8),
    NoiseRow("knocks", hits.knocks, 0.8),
    NoiseRow("laughter", voices.laughter, 0.8),
    NoiseRow("melody", tones.melody, 1.0),
    NoiseRow("moving_bands", steady.moving_bands, 1.2),
    NoiseRow("mumble", voices.mumble, 2.0),
    NoiseRow("music", tones.music, 2.5),
    NoiseRow("pulsing_machine", steady.pulsing_machine, 1.0),
    NoiseRow("rain", steady.rain, 0.8),
    NoiseRow("random_colour", steady.random_colour, 2.5),
    NoiseRow("rolling", hits.rolling, 0.8),
    NoiseRow("rustle", hits.rustle, 0.8),
    NoiseRow("sirens", tones.sirens, 0.6),
    NoiseRow("slams", hits.slams, 0.6),
    NoiseRow("speech_shaped", voices.speech_shaped, 1.2),
    NoiseRow("static", steady.static, 0.6),
    NoiseRow("traffic", steady.traffic, 1.5),
    NoiseRow("water", steady.water, 1.0),
    NoiseRow("wind", steady.wind, 0.8),
)


def make_noise(rng: Rng, count: int) -> tuple[str, Samples]:
    """Draw a kind (or two) and make `count` samples of it, active RMS 1.

    Returns
    -------
    kind : its name, "a+b" for a mixture
    samples : float32, shape (count,)
    """
    row = _draw_row(rng)
    out = level(row.make(rng, count))
    if rng.random() >= MIXED:
        return row.kind, out
    second = _draw_row(rng)
    mixed = out + level(second.make(rng, count)) * np.float32(10 ** (rng.uniform(-12, 0) / 20))
    return f"{row.kind}+{second.kind}", level(mixed)


def level(samples: Samples) -> Samples:
    """Scale to an active RMS of 1.

    Raises
    ------
    ValueError : silent or not finite (a bug in a row of NOISES).
    """
    value = active_rms(samples / np.float32(np.abs(samples).max() + 1e-30)) * float(np.abs(samples).max())
    if not np.isfinite(value) or value <= 0:
        raise ValueError(f"a noise has the level {value}")
    return (samples / np.float32(value)).astype(np.float32)


def _draw_row(rng: Rng) -> NoiseRow:
    weights = np.array([row.weight for row in NOISES])
    return NOISES[int(rng.choice(len(NOISES), p=weights / weights.sum()))]
