"""Hours without the phrase: how often the detector wakes, per corpus and never only pooled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wakegen.bench.excerpts import Worst, cut
from wakegen.bench.items import RATE_HZ, EvalItem, Scorer, framed
from wakegen.metrics.events import STEP_S, events
from wakegen.metrics.intervals import PerHour, Rate, per_hour, wilson

# Sounds made to provoke: counted clip by clip, and kept out of the pooled rate, which is about everyday sound.
ADVERSARIAL = frozenset({"confusable", "partial", "near", "rival"})

_BLOCK_S = 600.0  # scored at a time: 19 MB of samples


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
    def hours(self) -> float:
        """Length of the sound heard."""
        return self.samples / RATE_HZ / 3600

    def count(self, threshold: float, debounce_steps: int) -> PerHour:
        """Give the false accepts per hour at a threshold."""
        return per_hour(sum(len(events(s, threshold, debounce_steps)) for s in self.scores), self.hours)


@dataclass(frozen=True, slots=True)
class CorpusResult:
    """False accepts in one kind of sound."""

    kind: str
    items: int
    false_accepts: PerHour
    adversarial: bool

    def to_json(self) -> dict[str, object]:
        """Give counts, hours and interval."""
        return {"kind": self.kind, "items": self.items, "adversarial": self.adversarial,
                "false_accepts": self.false_accepts.to_json()}


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
    detector: Scorer, items: Iterable[EvalItem], *, threshold: float, debounce_steps: int, seed: int, worst: Worst
) -> Iterator[tuple[EvalItem, dict[str, Corpus]]]:
    """Stream everything and yield each item as it is taken in, with the corpora so far; exhaust it before reading.

    Items of an everyday kind follow each other without a pause, as one long recording in blocks of ten minutes.
    Adversarial clips are heard one by one, each between noise, so that one event does not hide the next.
    """
    corpora: dict[str, Corpus] = {}
    blocks: dict[str, _Block] = {}
    for item in items:
        corpus = corpora.setdefault(item.kind, Corpus(item.kind, item.kind in ADVERSARIAL))
        corpus.items += 1
        samples = item.load()
        if corpus.adversarial:
            _score_alone(detector, item, samples, corpus, threshold, debounce_steps, seed, worst)
        else:
            block = blocks.setdefault(item.kind, _Block())
            for piece in _pieces(samples):
                if block.seconds + piece.size / RATE_HZ > _BLOCK_S and block.seconds:
                    block.score(detector, corpus, threshold, debounce_steps, worst)
                block.add(item, piece)
        yield item, corpora
    for kind, block in blocks.items():
        block.score(detector, corpora[kind], threshold, debounce_steps, worst)


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


class _Block:
    """Items of one kind, end to end."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._parts: list[NDArray[np.int16]] = []
        self._starts: list[tuple[float, EvalItem]] = []
        self.seconds = 0.0

    def add(self, item: EvalItem, samples: NDArray[np.int16]) -> None:
        self._starts.append((self.seconds, item))
        self._parts.append(samples)
        self.seconds += samples.size / RATE_HZ

    def score(self, detector: Scorer, corpus: Corpus, threshold: float, debounce_steps: int, worst: Worst) -> None:
        """Score what is gathered, note it in the corpus, and begin anew."""
        if self._parts:
            samples = np.concatenate(self._parts)
            detector.reset()
            scores = np.asarray(detector.scores(samples), np.float32)
            corpus.samples += samples.size
            corpus.scores.append(scores)
            for step in _moments(scores, threshold, debounce_steps):
                offer_moment(worst, self._item_at(step), samples, scores, step, threshold)
        self._clear()

    def _item_at(self, step: int) -> EvalItem:
        place = int(np.searchsorted([start for start, _ in self._starts], (step + 1) * STEP_S, side="left")) - 1
        return self._starts[max(0, place)][1]


def offer_moment(
    worst: Worst, item: EvalItem, samples: NDArray[np.int16], scores: NDArray[np.float32], step: int, threshold: float
) -> None:
    """Offer the sound around a step to the worst false accepts (or near ones, below the threshold)."""
    peak = float(np.max(scores[step : step + 13]))  # the second from the event on
    what = "false accept" if scores[step] >= np.float32(threshold) else "near false accept"
    at = (step + 1) * STEP_S
    worst.offer(peak, lambda: cut(samples, scores, around_s=(at, at), what=what, name=item.id, groups=item.groups,
                                  threshold=threshold))


def _moments(scores: NDArray[np.float32], threshold: float, debounce_steps: int) -> list[int]:
    """Give the events, or where none fired the highest score: the nearest thing to one."""
    fired = [int(step) for step in events(scores, threshold, debounce_steps)]
    return fired or ([int(np.argmax(scores))] if scores.size else [])


def _score_alone(
    detector: Scorer, item: EvalItem, samples: NDArray[np.int16], corpus: Corpus, threshold: float,
    debounce_steps: int, seed: int, worst: Worst,
) -> None:
    clip = framed(samples, (0.0, max(samples.size, 1) / RATE_HZ), seed=seed, name=item.id)
    detector.reset()
    scores = np.asarray(detector.scores(clip.samples), np.float32)
    corpus.samples += clip.samples.size
    corpus.scores.append(scores)
    fired = events(scores, threshold, debounce_steps)
    corpus.fired_by_text.setdefault(item.groups.get("text", item.id), []).append(bool(fired.size))
    for step in fired:
        offer_moment(worst, item, clip.samples, scores, int(step), threshold)


def _pieces(samples: NDArray[np.int16]) -> Iterator[NDArray[np.int16]]:
    length = int(_BLOCK_S * RATE_HZ)
    for start in range(0, samples.size, length):
        yield samples[start : start + length]
