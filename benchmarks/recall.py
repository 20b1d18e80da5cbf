"""Recall on real recordings against false accepts in real and long-form negatives, by any threshold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks import realdata
from wakegen.features import backbone
from wakegen.features.embed import ONNXRUNTIME, Embedder
from wakegen.features.weights import NO_RELU, identity
from wakegen.metrics.detection import ScoredPhrase, judge
from wakegen.metrics.events import STEP_S, events, joined, threshold_for
from wakegen.metrics.intervals import Rate, cluster_bootstrap
from wakegen.train.calibrate import smooth_logits

F32 = NDArray[np.float32]
CONDITIONS = ("as_recorded", "noise_10db")
FA_PER_HOUR = 0.5  # with the long-form speech


class Scorer(Protocol):
    """A `Head`, or an exported detector."""

    def logit(self, windows: F32) -> F32:
        """Score windows [n, 16, 96] → logits [n]."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """Embedded recordings: rows [k, 96], whole steps, and where the phrase lies (positives)."""

    rows: F32
    steps: int
    span_s: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Hearing:
    """A backbone and its arithmetic."""

    variant: str = NO_RELU
    runtime: str = ONNXRUNTIME

    @property
    def arguments(self) -> dict[str, str]:
        """What `Embedder` takes."""
        return {"variant": self.variant, "runtime": self.runtime}

    @property
    def name(self) -> str:
        """What the files of its embeddings are told apart by."""
        return "" if self == FLOAT else f"-{self.variant}-{self.runtime}-{identity(self.variant)['sha256'][:8]}"


FLOAT = Hearing()


@dataclass(frozen=True, slots=True, eq=False)
class RealSet:
    """All that one phrase is judged on."""

    as_recorded: tuple[Heard, ...]
    noise_10db: tuple[Heard, ...]
    negatives: tuple[Heard, ...]
    clusters: tuple[str, ...] = ()  # who says each positive
    sound_s: float = 0.0  # of the negatives, without the room tone between files
    files: int = 0
    skipped: tuple[str, ...] = ()

    @property
    def hours(self) -> float:
        """Hours of real negatives."""
        return self.sound_s / 3600


def real_set(
    folder: Path,
    slug: str,
    *,
    limit: int | None = None,
    negative_files: int | None = None,
    cache: Path | None = None,
    hearing: Hearing = FLOAT,
) -> RealSet:
    """Embed the recordings of a phrase and everything that is not the phrase.

    Parameters
    ----------
    limit, negative_files : use so many recordings of the phrase, and so many files of each other folder
    cache : a folder in which embeddings are kept for the next run
    hearing : what embeds them
    """
    data, embedder = _Lazy(folder), Embedder(**hearing.arguments)
    key = f"{_digest(folder)}-{limit or 'all'}-{negative_files or 'all'}{hearing.name}"

    def streams(condition: str) -> list[Any]:
        found = islice(realdata.positives(data.get(), slug, snr_db=None if condition == "as_recorded" else 10.0), limit)
        return [_heard(embedder, p.samples, p.span_s, p.cluster) for p in found]

    def others() -> list[Any]:
        found = realdata.corpora(data.get(), most_files=negative_files)
        return [_heard(embedder, c.samples, (c.sound_s, c.files), c.name) for c in found]

    clean, noisy = (_kept(cache, f"{slug}-{name}-{key}", lambda name=name: streams(name)) for name in CONDITIONS)
    corpora = [one for one in _kept(cache, f"corpora-{key}", others) if one[3] != f"real/{slug}"]
    return RealSet(
        tuple(Heard(rows, steps, span) for rows, steps, span, _ in clean),
        tuple(Heard(rows, steps, span) for rows, steps, span, _ in noisy),
        tuple(Heard(rows, steps) for rows, steps, _, _ in corpora),
        clusters=tuple(name for *_, name in clean),
        sound_s=sum(numbers[0] for _, _, numbers, _ in corpora),
        files=int(sum(numbers[1] for _, _, numbers, _ in corpora)),
        skipped=data.get().skipped,
    )


class _Lazy:
    """Decodes the folder when somebody asks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data: realdata.RealData | None = None

    def get(self) -> realdata.RealData:
        """Give the decoded folder."""
        if self._data is None:
            self._data = realdata.load(self._folder)
        return self._data


def _heard(embedder: Embedder, samples: NDArray[np.int16], numbers: tuple[float, float], name: str) -> Any:
    return embedder.embed(samples), len(samples) // 1280, numbers, name


def _kept(folder: Path | None, name: str, make: Any) -> list[Any]:
    """Give streams from the cache, or make and keep them: rows end to end, with their lengths, numbers and names."""
    path = folder / f"{name}.npz" if folder else None
    if path is None or not path.exists():
        found = make()
        if path is None:
            return list(found)
        path.parent.mkdir(parents=True, exist_ok=True)
        rows, steps, numbers, names = zip(*found, strict=True)
        _save(path, rows, steps, numbers=np.array(numbers, float), names=np.array(names))
    with np.load(path, allow_pickle=False) as data:
        parts = _split(data["rows"], data["steps"])
        details = zip(parts, data["steps"].tolist(), data["numbers"].tolist(), data["names"].tolist(), strict=True)
        return [(rows, steps, (numbers[0], numbers[1]), name) for rows, steps, numbers, name in details]


def save(path: Path, streams: Sequence[Heard]) -> None:
    """Keep embedded streams in a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _save(path, [one.rows for one in streams], [one.steps for one in streams])


def load(path: Path) -> tuple[Heard, ...]:
    """Give what `save` kept."""
    with np.load(path, allow_pickle=False) as data:
        steps = data["steps"].tolist()
        return tuple(Heard(rows, count) for rows, count in zip(_split(data["rows"], steps), steps, strict=True))


def _save(path: Path, rows: Iterable[F32], steps: Sequence[int], **more: Any) -> None:
    part = path.with_suffix(".part.npz")
    np.savez(part, rows=np.concatenate(list(rows)), steps=np.array(steps, np.int64), **more)
    part.replace(path)


def _split(rows: F32, steps: Sequence[int]) -> list[F32]:
    return np.split(rows, np.cumsum([max(0, int(count) - 9) for count in steps])[:-1])


def _digest(folder: Path) -> str:
    """Name the protocol, the recordings and the front end: what the embeddings depend on."""
    sources = [folder / "manifest.csv", Path(realdata.__file__), *sorted(Path(backbone.__file__).parent.glob("*.py"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]


def hours_of(streams: Sequence[Heard]) -> float:
    """Give the hours of streams."""
    return sum(stream.steps for stream in streams) * STEP_S / 3600


def logits(head: Scorer, streams: Sequence[Heard], smoothing: int) -> list[F32]:
    """Score streams: smoothed logits per step."""
    return [smooth_logits(head, stream.rows, stream.steps, smoothing) for stream in streams]  # type: ignore[arg-type]


def hits_at(scores: Sequence[F32], phrases: Sequence[Heard], threshold: float) -> list[bool]:
    """Say for each recording whether an event falls between the phrase's start and 1 s after its end."""
    pairs = zip(scores, phrases, strict=True)
    return [judge(ScoredPhrase(values, phrase.span_s or (0.0, 0.0)), threshold).hit for values, phrase in pairs]


def lowest_threshold(scores: Sequence[F32], *, most: int) -> float:
    """Give the lowest threshold with at most `most` merged events."""
    return threshold_for(scores, hours=1.0, fa_per_hour=float(most)).threshold


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One detector against one phrase's recordings, at three operating points."""

    hits: dict[str, list[bool]]  # "as_recorded", "noise_10db_longform", "noise_10db_default" … → per recording
    clusters: tuple[str, ...]
    fa_real: int  # at the detector's own threshold
    fa_longform: int
    hours_real: float
    hours_longform: float
    allowed_longform: int  # false accepts that the second operating point may have
    thresholds: dict[str, float]  # logits, by operating point

    def percent(self, name: str) -> float:
        """Give recall in percent."""
        return 100 * float(np.mean(self.hits[name]))

    @property
    def fa_per_hour(self) -> float:
        """False accepts per hour at the detector's own threshold, real and long-form negatives together."""
        return (self.fa_real + self.fa_longform) / (self.hours_real + self.hours_longform)


def judge_head(
    head: Scorer, data: RealSet, longform: Sequence[Heard], *, smoothing: int, default: float = 0.0
) -> Judged:
    """Judge at ≤ 1 false accept in the real negatives, at ≤ 0.5 FA/h with long form, and at the logit `default`."""
    positives = {name: logits(head, getattr(data, name), smoothing) for name in CONDITIONS}
    real, long = logits(head, data.negatives, smoothing), logits(head, longform, smoothing)
    hours_real, hours_longform = data.hours, hours_of(longform)
    allowed = int(np.floor(FA_PER_HOUR * (hours_real + hours_longform)))
    thresholds = {
        "": lowest_threshold(real, most=1),
        "_longform": lowest_threshold([*real, *long], most=allowed),
        "_default": default,
    }
    hits = {
        f"{name}{point}": hits_at(positives[name], getattr(data, name), threshold)
        for point, threshold in thresholds.items()
        for name in CONDITIONS
    }
    fa_real, fa_longform = (len(events(joined(scores), default)) for scores in (real, long))
    return Judged(hits, data.clusters, fa_real, fa_longform, hours_real, hours_longform, allowed, thresholds)


def with_interval(judged: Sequence[Judged], name: str, *, seed: int = 0) -> Rate:
    """Pool recall over detectors, with a 95 % interval that resamples speakers."""
    found: dict[str, list[bool]] = {}
    for one in judged:
        for cluster, hit in zip(one.clusters, one.hits[name], strict=True):
            found.setdefault(cluster, []).append(hit)
    return cluster_bootstrap([sum(hits) for hits in found.values()], [len(hits) for hits in found.values()], seed=seed)


def figures(
    head: Scorer, data: RealSet, longform: Sequence[Heard], *, smoothing: int, default: float = 0.0
) -> dict[str, float]:
    """Give the figures of `judge_head` as one flat dictionary, for a quick look."""
    one = judge_head(head, data, longform, smoothing=smoothing, default=default)
    return {
        **{name: round(one.percent(name), 1) for name in one.hits},
        "fa_real": one.fa_real,
        "fa_longform": one.fa_longform,
        "hours_real": round(one.hours_real, 2),
        "hours_longform": round(one.hours_longform, 2),
        "fa_per_hour_at_default": round(one.fa_per_hour, 2),
        "threshold_one": round(one.thresholds[""], 2),
        "threshold_half": round(one.thresholds["_longform"], 2),
    }
