"""The gate: what a clip must be to enter a dataset. Exact duplicates are the caller's to find, by hash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wakegen.audio import RATE_HZ
from wakegen.audio.dsp import active_rms, frame_powers

_FULL_SCALE = 32767 / 32768
_CLIP_RUN = 3  # samples in a row at full scale: one or two can be a peak, three are an overload


@dataclass(frozen=True, slots=True)
class Expected:
    """What a clip is checked against. The defaults fit synthesised speech as it leaves an engine."""

    duration_s: tuple[float, float] = (0.1, 15.0)
    median_s: float | None = None  # median duration of the same text at the same rate; None: not known
    median_share: tuple[float, float] = (0.65, 2.5)  # a shorter clip has lost phonemes, a longer one gained sounds
    level_dbfs_min: float = -50.0  # active RMS
    clipped_share_max: float = 0.001
    dc_share_max: float = 0.2  # mean against active RMS
    zero_run_s_max: float | None = None  # None: an engine's own silences are fine; a rendered clip must have none
    snr_db_min: float | None = None  # loud frames over quiet frames; None: not asked

    @staticmethod
    def rendered() -> Expected:
        """Give what holds for a clip that went through a scene: noise is wanted there, digital zeros are not."""
        return Expected(level_dbfs_min=-70.0, clipped_share_max=1.0, zero_run_s_max=0.01)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a clip passes; if not, why; and what was measured."""

    ok: bool
    reasons: tuple[str, ...]
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """One check: gives the reason to reject, or None. `values` come from `measure`."""

    name: str
    reject: Callable[[Mapping[str, float], Expected], str | None]
    doc: str


def gate(samples: NDArray[np.floating] | NDArray[np.integer], *, expected: Expected | None = None) -> Verdict:
    """Judge a clip.

    Parameters
    ----------
    samples : int16, or float in ±1, shape (n,), 16 kHz

    Returns
    -------
    Verdict with the reasons of all checks that fail, each beginning with the check's name
    """
    expected = expected or Expected()
    values = measure(samples)
    if not values["finite"]:
        return Verdict(False, ("finite: holds NaN or infinity",), values)
    found = ((check, check.reject(values, expected)) for check in CHECKS)
    reasons = tuple(f"{check.name}: {reason}" for check, reason in found if reason is not None)
    return Verdict(not reasons, reasons, values)


def measure(samples: NDArray[np.floating] | NDArray[np.integer]) -> dict[str, float]:
    """Measure a clip: `finite` (0 or 1), `duration_s`, `level_dbfs` (active RMS), `clipped_share`, `dc_share`,
    `zero_run_s` (longest run of exact zeros) and `snr_db`. With `finite` 0, nothing else is given."""
    sound = np.asarray(samples)
    scale = np.float32(1 / 32768) if np.issubdtype(sound.dtype, np.integer) else np.float32(1)
    wave = sound.astype(np.float32) * scale
    if not np.isfinite(wave).all():
        return {"finite": 0.0}
    level = active_rms(wave)
    return {
        "finite": 1.0,
        "duration_s": len(wave) / RATE_HZ,
        "level_dbfs": 20 * float(np.log10(max(level, 1e-10))),
        "clipped_share": _clipped_share(wave),
        "dc_share": abs(float(wave.mean(dtype=np.float64))) / max(level, 1e-10) if len(wave) else 0.0,
        "zero_run_s": longest_run(wave == 0) / RATE_HZ,
        "snr_db": snr_db(wave),
    }


def snr_db(wave: NDArray[np.floating]) -> float:
    """Estimate the signal-to-noise ratio blindly: the loud fifth of 20 ms frames over the quiet tenth, 0 … 100 dB.

    It says how far the speech stands out of what lies between it; a clip without pauses reads low.
    """
    powers = np.sort(frame_powers(wave))
    if len(powers) < 5 or powers[-1] <= 0:
        return 0.0
    loud = powers[-max(len(powers) // 5, 1) :].mean()
    quiet = powers[: max(len(powers) // 10, 1)].mean()
    if quiet <= loud * 1e-10:
        return 100.0
    return 10 * float(np.log10(max(loud - quiet, quiet) / quiet))


def longest_run(flags: NDArray[np.bool_]) -> int:
    """Give the length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max()) if len(edges) else 0


def _clipped_share(wave: NDArray[np.float32]) -> float:
    """Give the share of samples that are in runs of three or more at full scale."""
    full = (np.abs(wave) >= _FULL_SCALE).astype(np.int8)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], full, [0]])))
    runs = edges[1::2] - edges[::2]
    return float(runs[runs >= _CLIP_RUN].sum()) / max(len(wave), 1)


def _duration(values: Mapping[str, float], expected: Expected) -> str | None:
    low, high = expected.duration_s
    lasts = values["duration_s"]
    return None if low <= lasts <= high else f"lasts {lasts:.2f} s, not {low:g} to {high:g} s"


def _vanished(values: Mapping[str, float], expected: Expected) -> str | None:
    if expected.median_s is None or values["duration_s"] >= expected.median_share[0] * expected.median_s:
        return None
    return f"phonemes vanished: lasts {values['duration_s']:.2f} s where {expected.median_s:.2f} s is usual"


def _drawn_out(values: Mapping[str, float], expected: Expected) -> str | None:
    if expected.median_s is None or values["duration_s"] <= expected.median_share[1] * expected.median_s:
        return None
    return f"sounds were added: lasts {values['duration_s']:.2f} s where {expected.median_s:.2f} s is usual"


def _silent(values: Mapping[str, float], expected: Expected) -> str | None:
    level = values["level_dbfs"]
    return None if level >= expected.level_dbfs_min else f"{level:.0f} dBFS, under {expected.level_dbfs_min:.0f}"


def _clipped(values: Mapping[str, float], expected: Expected) -> str | None:
    share = values["clipped_share"]
    return None if share <= expected.clipped_share_max else f"{share:.2%} of the samples are overloaded"


def _offset(values: Mapping[str, float], expected: Expected) -> str | None:
    share = values["dc_share"]
    return None if share <= expected.dc_share_max else f"the mean is {share:.0%} of the level"


def _zeros(values: Mapping[str, float], expected: Expected) -> str | None:
    run = values["zero_run_s"]
    if expected.zero_run_s_max is None or run <= expected.zero_run_s_max:
        return None
    return f"{run * 1000:.0f} ms of exact zeros"


def _noisy(values: Mapping[str, float], expected: Expected) -> str | None:
    if expected.snr_db_min is None or values["snr_db"] >= expected.snr_db_min:
        return None
    return f"{values['snr_db']:.0f} dB, under {expected.snr_db_min:.0f}"


CHECKS = (
    Check("clipped", _clipped, "Few samples in runs at full scale."),
    Check("dc", _offset, "No constant offset."),
    Check("drawn_out", _drawn_out, "Not much longer than the same text usually is."),
    Check("duration", _duration, "Neither a stub nor endless."),
    Check("silent", _silent, "Loud enough to be speech."),
    Check("snr", _noisy, "Speech stands out of what lies between it, where that is asked."),
    Check("vanished", _vanished, "Not much shorter than the same text usually is: no phonemes were dropped."),
    Check("zeros", _zeros, "No runs of exact zeros in a rendered clip: a model would learn them."),
)
