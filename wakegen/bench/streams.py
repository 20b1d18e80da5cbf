"""Hours without the phrase: how often the detector wakes, per corpus and never only pooled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wakegen.bench.excerpts import Worst, cut
from wakegen.bench.items import RATE_HZ, STEP_SAMPLES, EvalItem, Scorer, framed, noise_like
from wakegen.metrics.events import STEP_S, events
from wakegen.metrics.intervals import PerHour, Rate, per_hour, wilson

# Sounds made to provoke: counted clip by clip, and kept out of the pooled rate, which is about everyday sound.
ADVERSARIAL = frozenset({"confusable", "partial", "near", "rival"})

_BLOCK = 1500 * STEP_SAMPLES  # samples scored at a time: two minutes
_PAST_STEPS = 50  # 4 s: the detector's window, its smoothing, and what an excerpt reaches back


@dataclass(slots=True)
class Corpus:
    """One kind of sound, as far as it has been heard. Filled while streaming."""

    kind: str
    adversarial: bool
    items: int = 0
    samples: int = 0
    scores: list[NDArray[np.float32]] = field(default_factory=list)
    fired_by_text: dict[str, list[bool]] = field(default_factory=dict)

    @property
    def streams(self) -> list[NDArray[np.float32]]:
        """Scores as they follow each other in time: everyday sound is one stream, adversarial clips are one each."""
        return self.scores if self.adversarial or not self.scores else [np.concatenate(self.scores)]

    @property
    def hours(self) -> float:
        """Length of the sound heard."""
        return self.samples / RATE_HZ / 3600

    def count(self, threshold: float, debounce_steps: int) -> PerHour:
        """Give the false accepts per hour at a threshold."""
        return per_hour(sum(len(events(s, threshold, debounce_steps)) for s in self.streams), self.hours)


@dataclass(frozen=True, slots=True)
class CorpusResult:
    """False accepts in one kind of sound."""

    kind: str
    items: int
    false_accepts: PerHour
    adversarial: bool

    def to_json(self) -> dict[str, object]:
        """Give counts, hours and interval."""
        return {
            "kind": self.kind,
            "items": self.items,
            "adversarial": self.adversarial,
            "false_accepts": self.false_accepts.to_json(),
        }


@dataclass(frozen=True, slots=True)
class ConfusableResult:
    """How often one text, said instead of the phrase, woke the detector."""

    text: str
    kind: str
    fired: Rate

    def to_json(self) -> dict[str, object]:
        """Give counts and interval."""
        return {"text": self.text, "kind": self.kind, "fired": self.fired.to_json()}


def score_negatives(
    detector: Scorer,
    items: Iterable[EvalItem],
    *,
    threshold: float,
    debounce_steps: int,
    seed: int,
    worst: Worst,
    provoked: Worst,
) -> Iterator[tuple[EvalItem, dict[str, Corpus]]]:
    """Stream everything and yield each item as it is taken in, with the corpora so far; exhaust it before reading.

    Items of an everyday kind follow each other without a pause, as one long recording.
    Adversarial clips are heard one by one, each between noise, so that one event does not hide the next; their worst
    moments go to `provoked`.
    """
    corpora: dict[str, Corpus] = {}
    listening: dict[str, _Listening] = {}
    for item in items:
        corpus = corpora.setdefault(item.kind, Corpus(item.kind, item.kind in ADVERSARIAL))
        corpus.items += 1
        samples = item.load()
        if corpus.adversarial:
            _score_alone(detector, item, samples, corpus, threshold, debounce_steps, seed, provoked)
        elif samples.size:
            if item.kind not in listening:
                listening[item.kind] = _Listening(
                    detector, corpus, threshold=threshold, debounce_steps=debounce_steps, worst=worst
                )
            listening[item.kind].add(item, samples, seed=seed)
        yield item, corpora
    for one in listening.values():
        one.score()


def corpus_results(corpora: Iterable[Corpus], *, threshold: float, debounce_steps: int) -> tuple[CorpusResult, ...]:
    """Give the false accepts of each corpus, everyday ones first."""
    ordered = sorted(corpora, key=lambda corpus: corpus.adversarial)
    return tuple(CorpusResult(c.kind, c.items, c.count(threshold, debounce_steps), c.adversarial) for c in ordered)


def confusable_results(corpora: Iterable[Corpus]) -> tuple[ConfusableResult, ...]:
    """Give the share of clips that fired for each adversarial text, the worst first."""
    found = [
        ConfusableResult(text, corpus.kind, wilson(sum(fired), len(fired)))
        for corpus in corpora
        for text, fired in corpus.fired_by_text.items()
    ]
    return tuple(sorted(found, key=lambda row: (-(row.fired.value or 0.0), -row.fired.hits, row.text)))


class _Listening:
    """One everyday kind as one long recording: blocks follow each other to the step, each with its past before it."""

    def __init__(
        self, detector: Scorer, corpus: Corpus, *, threshold: float, debounce_steps: int, worst: Worst
    ) -> None:
        self._detector, self._corpus, self._worst = detector, corpus, worst
        self._threshold, self._debounce_steps = threshold, debounce_steps
        self._parts: list[NDArray[np.int16]] = []
        self._starts: list[tuple[int, EvalItem]] = []  # first sample within the block
        self._waiting = 0
        self._past = np.zeros(0, np.int16)

    def add(self, item: EvalItem, samples: NDArray[np.int16], *, seed: int) -> None:
        """Take in one item, scoring whenever a block is full."""
        if not self._past.size:
            self._past = noise_like(samples, _PAST_STEPS * STEP_SAMPLES, seed=seed, name=item.kind)
        self._corpus.samples += samples.size
        for start in range(0, samples.size, _BLOCK):
            piece = samples[start : start + _BLOCK]
            self._starts.append((self._waiting, item))
            self._parts.append(piece)
            self._waiting += piece.size
            if self._waiting >= _BLOCK:
                self.score()

    def score(self) -> None:
        """Score the whole steps that wait; what is left of a step waits for the next block."""
        steps = self._waiting // STEP_SAMPLES
        if not steps:
            return
        samples = np.concatenate([self._past, *self._parts])
        heard, rest = np.split(samples, [(_PAST_STEPS + steps) * STEP_SAMPLES])
        scores = score_clip(self._detector, heard)
        self._corpus.scores.append(scores[_PAST_STEPS:])
        for step in _moments(scores[_PAST_STEPS:], self._threshold, self._debounce_steps):
            offer_moment(self._worst, self._item_at(step), heard, scores, _PAST_STEPS + step, self._threshold)
        last = self._starts[-1][1]
        self._past = heard[-_PAST_STEPS * STEP_SAMPLES :]
        self._parts, self._waiting, self._starts = [rest], rest.size, [(0, last)]

    def _item_at(self, step: int) -> EvalItem:
        end = (step + 1) * STEP_SAMPLES
        return next(item for start, item in reversed(self._starts) if start < end)


def offer_moment(
    worst: Worst, item: EvalItem, samples: NDArray[np.int16], scores: NDArray[np.float32], step: int, threshold: float
) -> None:
    """Offer the sound around a step to the worst false accepts (or near ones, below the threshold)."""
    peak = float(np.max(scores[step : step + 13]))  # the second from the event on
    what = "false accept" if scores[step] >= np.float32(threshold) else "near false accept"
    at = (step + 1) * STEP_S
    worst.offer(
        peak,
        lambda: cut(
            samples, scores, around_s=(at, at), what=what, name=item.id, groups=item.groups, threshold=threshold
        ),
    )


def score_clip(detector: Scorer, samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Give the smoothed scores of one clip heard from a fresh start, shape (steps,)."""
    detector.reset()
    return np.asarray(detector.smooth(detector.raw_scores(samples)), np.float32)


def _moments(scores: NDArray[np.float32], threshold: float, debounce_steps: int) -> list[int]:
    """Give the events, or where none fired the highest score: the nearest thing to one."""
    fired = [int(step) for step in events(scores, threshold, debounce_steps)]
    return fired or ([int(np.argmax(scores))] if scores.size else [])


def _score_alone(
    detector: Scorer,
    item: EvalItem,
    samples: NDArray[np.int16],
    corpus: Corpus,
    threshold: float,
    debounce_steps: int,
    seed: int,
    worst: Worst,
) -> None:
    clip = framed(samples, (0.0, max(samples.size, 1) / RATE_HZ), seed=seed, name=item.id)
    scores = score_clip(detector, clip.samples)
    corpus.samples += clip.samples.size
    corpus.scores.append(scores)
    fired = events(scores, threshold, debounce_steps)
    corpus.fired_by_text.setdefault(item.groups.get("text", item.id), []).append(bool(fired.size))
    for step in fired:
        offer_moment(worst, item, clip.samples, scores, int(step), threshold)
