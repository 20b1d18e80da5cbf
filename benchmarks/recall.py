"""Recall on real recordings against false accepts in real and long-form negatives, by any threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import realdata
from wakegen.features.embed import Embedder
from wakegen.metrics.events import STEP_S, events, joined, threshold_for
from wakegen.model.head import Head
from wakegen.train.calibrate import smooth_logits

F32 = NDArray[np.float32]
HIT_TAIL_S = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """Embedded recordings: rows [k, 96], whole steps, and where the phrase lies (positives)."""

    rows: F32
    steps: int
    span_s: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RealSet:
    """All that one phrase is judged on."""

    as_recorded: tuple[Heard, ...]
    noise_10db: tuple[Heard, ...]
    negatives: tuple[Heard, ...]

    @property
    def hours(self) -> float:
        """Hours of real negatives."""
        return hours_of(self.negatives)


def real_set(folder: Path, slug: str, *, limit: int | None = None) -> RealSet:
    """Embed the recordings of a phrase and everything that is not the phrase."""
    embedder = Embedder()

    def heard(samples: NDArray[np.int16], span_s: tuple[float, float] | None = None) -> Heard:
        return Heard(embedder.embed(samples), len(samples) // 1280, span_s)

    clean = [heard(p.samples, p.span_s) for p in list(realdata.positives(folder, slug, snr_db=None))[:limit]]
    noisy = [heard(p.samples, p.span_s) for p in list(realdata.positives(folder, slug, snr_db=10.0))[:limit]]
    others = [heard(samples) for _, samples in realdata.negatives(folder, slug)]
    return RealSet(tuple(clean), tuple(noisy), tuple(others))


def hours_of(streams: Sequence[Heard]) -> float:
    """Give the hours of streams."""
    return sum(stream.steps for stream in streams) * STEP_S / 3600


def logits(head: Head, streams: Sequence[Heard], smoothing: int) -> list[F32]:
    """Score streams: smoothed logits per step."""
    return [smooth_logits(head, stream.rows, stream.steps, smoothing) for stream in streams]


def recall_at(scores: Sequence[F32], phrases: Sequence[Heard], threshold: float) -> tuple[int, int]:
    """Count recordings in which an event falls between the phrase's start and 1 s after its end."""
    hits = 0
    for values, phrase in zip(scores, phrases, strict=True):
        assert phrase.span_s is not None
        fired = events(values, threshold) * STEP_S + STEP_S
        hits += bool(((fired >= phrase.span_s[0]) & (fired <= phrase.span_s[1] + HIT_TAIL_S)).any())
    return hits, len(phrases)


def lowest_threshold(scores: Sequence[F32], *, most: int) -> float:
    """Give the lowest threshold with at most `most` merged events."""
    return threshold_for(scores, hours=1.0, fa_per_hour=float(most)).threshold


def figures(head: Head, data: RealSet, longform: Sequence[Heard], *, smoothing: int, default: float = 0.0) -> dict[str, float]:
    """Give recall (%) at the two promised operating points, and false accepts per hour at the default threshold."""
    clean, noisy = logits(head, data.as_recorded, smoothing), logits(head, data.noise_10db, smoothing)
    real, long = logits(head, data.negatives, smoothing), logits(head, longform, smoothing)
    hours = data.hours + hours_of(longform)
    at_one = lowest_threshold(real, most=1)
    at_half = lowest_threshold([*real, *long], most=int(0.5 * hours))
    percent = {}
    for name, threshold in (("", at_one), ("_longform", at_half), ("_default", default)):
        for kind, scores, phrases in (("as_recorded", clean, data.as_recorded), ("noise_10db", noisy, data.noise_10db)):
            hits, total = recall_at(scores, phrases, threshold)
            percent[f"{kind}{name}"] = round(100 * hits / total, 1)
    fired_real, fired_long = (len(events(joined(s), default)) for s in (real, long))
    return {
        **percent,
        "fa_real": fired_real,
        "fa_longform": fired_long,
        "hours_real": round(data.hours, 2),
        "hours_longform": round(hours_of(longform), 2),
        "fa_per_hour_at_default": round((fired_real + fired_long) / hours, 2),
        "threshold_one": round(at_one, 2),
        "threshold_half": round(at_half, 2),
    }
