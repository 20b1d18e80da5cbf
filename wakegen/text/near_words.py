"""Real words, and pairs of them, that sound like the phrase without being it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wakegen.text.distance import distances
from wakegen.text.lexicon import Lexicon
from wakegen.text.phonemes import Words, flat, syllables
from wakegen.text.phrase import Phrase

_SINGLE_WORDS = 400  # how many of the nearest words are worth saying
_WORDS_PER_PART = 30
_FURTHEST_PART = 0.7  # steps per phoneme: beyond that a word is no longer like the part it stands for


def near_texts(phrase: Phrase, lexicon: Lexicon) -> list[tuple[str, Words]]:
    """Give words and word pairs near the phrase, the nearest first: spelled text and sounds.

    They come unjudged: the nearest may be the phrase itself. Without phonemes in the lexicon there are none.
    """
    if not lexicon.phonemes:
        return []
    nearest = _nearest(lexicon, phrase.flat, _SINGLE_WORDS)
    found: dict[str, Words] = {lexicon.words[at]: (lexicon.phonemes[at],) for at in nearest}
    for left, right in _cuts(phrase):
        found |= _pairs(lexicon, left, right)
    return list(found.items())


def _cuts(phrase: Phrase) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The phrase in two parts, cut at word borders, or between syllables if it is one word."""
    pieces: Sequence[tuple[str, ...]] = phrase.phonemes
    if len(pieces) == 1:
        pieces = syllables(pieces[0])
    halves = ((pieces[:at], pieces[at:]) for at in range(1, len(pieces)))
    return [(flat(left), flat(right)) for left, right in halves]


def _pairs(lexicon: Lexicon, left: tuple[str, ...], right: tuple[str, ...]) -> dict[str, Words]:
    firsts, seconds = (_nearest(lexicon, part, _WORDS_PER_PART) for part in (left, right))
    return {
        f"{lexicon.words[a]} {lexicon.words[b]}": (lexicon.phonemes[a], lexicon.phonemes[b])
        for a in firsts
        for b in seconds
    }


def _nearest(lexicon: Lexicon, target: tuple[str, ...], count: int) -> list[int]:
    apart = distances(lexicon.phonemes, target)
    order = np.argsort(apart, kind="stable")[:count]
    return [int(at) for at in order if apart[at] <= max(1.0, _FURTHEST_PART * len(target))]
