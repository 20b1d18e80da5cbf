"""How far apart two strings of phonemes are, for one pair or for tens of thousands at once.

The unit is one clearly different phoneme. A lost or added phoneme costs 1, a substitution what the pair costs on
the phoneme table, a change of stress 0.1. Whatever concerns only a weak vowel (unstressed and reduced, as in the
second syllable of "jarvis") costs 0.3 of that: speakers vary there anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wakegen.espeak.ipa import bare, is_vowel, phoneme_cost

Phonemes = Sequence[str]

# Pairs at 0.6 of the table's scale are rarely confused (p/k 0.45, s/f 0.47, ɪ/ɛ 0.38, m/b 0.6), so they count as one whole step.
_CLEAR_COST = 0.6
_STRESS_COST = 0.1
_WEAK = 0.3
_REDUCED = frozenset("əɐᵻᵿɪʊɨɚiɯʌɵ")
# A substitution at or above this many steps is an edit that a listener counts. m/n and l/ɹ (0.55, 0.58) are below.
_COUNTS_FROM = 0.6

Measure = Literal["cost", "edits"]
_Row = NDArray[np.float32]


def is_weak(phoneme: str) -> bool:
    """Say whether a phoneme is an unstressed, reduced vowel."""
    plain = bare(phoneme)
    return not is_stressed(phoneme) and (plain in _REDUCED or plain[:1] == "ə")  # ə with ɹ or l is one phoneme too


def is_stressed(phoneme: str) -> bool:
    """Say whether a phoneme carries a stress mark."""
    return phoneme[:1] in ("ˈ", "ˌ")


@lru_cache(maxsize=65536)
def substitution(a: str, b: str) -> float:
    """Give the cost of hearing `b` for `a`: 0 the same, 1 clearly different. Symmetric."""
    if a == b:
        return 0.0
    cost = min(1.0, phoneme_cost(a, b) / _CLEAR_COST)
    if _gives_way(a, b) or _gives_way(b, a):
        cost *= _WEAK
    if a[:1] != b[:1] and (is_stressed(a) or is_stressed(b)):
        cost += _STRESS_COST
    return min(1.0, max(cost, 0.01))  # different symbols are never at 0, so that 0 means equal


def indel(phoneme: str) -> float:
    """Give the cost of losing or adding a phoneme."""
    return _WEAK if is_weak(phoneme) else 1.0


def phoneme_distance(a: Phonemes, b: Phonemes) -> float:
    """Give the weighted edit distance of two strings of phonemes, in clearly different phonemes. Symmetric."""
    return float(distances([a], b)[0])


def edits(a: Phonemes, b: Phonemes) -> int:
    """Count the edits between `a` and `b` that a listener would notice: those on consonants and full vowels.

    Weak vowels, changes of stress and near substitutions (s for z) count nothing.
    """
    return int(edit_counts([a], b)[0])


def best_window_distance(sentence: Phonemes, phrase: Phonemes) -> float:
    """Give the distance of `phrase` to the stretch of `sentence` that is most like it."""
    return float(window_distances([sentence], phrase)[0])


def distances(words: Sequence[Phonemes], target: Phonemes) -> _Row:
    """Give `phoneme_distance(word, target)` for many words at once. Returns float32, shape (words,)."""
    return _align(words, target, measure="cost", anywhere=False)


def edit_counts(words: Sequence[Phonemes], target: Phonemes) -> NDArray[np.int64]:
    """Give `edits(word, target)` for many words at once. Returns int64, shape (words,)."""
    return _align(words, target, measure="edits", anywhere=False).round().astype(np.int64)


def window_distances(sentences: Sequence[Phonemes], phrase: Phonemes) -> _Row:
    """Give `best_window_distance` for many sentences at once. Returns float32, shape (sentences,)."""
    return _align(sentences, phrase, measure="cost", anywhere=True)


def window_edits(sentences: Sequence[Phonemes], phrase: Phonemes) -> NDArray[np.int64]:
    """Give the fewest edits that make any stretch of each sentence the phrase. Returns int64, shape (sentences,)."""
    return _align(sentences, phrase, measure="edits", anywhere=True).round().astype(np.int64)


def _align(rows: Sequence[Phonemes], target: Phonemes, *, measure: Measure, anywhere: bool) -> _Row:
    """Edit distance by dynamic programming, one step at a time over all rows.

    `anywhere` lets the match start and end at any place of a row (semi-global alignment).
    """
    if not rows:
        return np.zeros(0, np.float32)
    symbols, codes, lengths = _encode(rows)
    swap = np.array([[_swap(a, b, measure) for b in symbols] for a in target], np.float32).reshape(
        len(target), len(symbols)
    )
    lose_target = [_single(a, measure) for a in target]
    lose_row = np.array([_single(b, measure) for b in (*symbols, "")], np.float32)[codes]
    count, width = codes.shape
    column: _Row = np.tile(np.cumsum([0.0, *lose_target], dtype=np.float32)[:, None], count)  # (target + 1, rows)
    best: _Row = column[-1].copy()
    for at in range(width):
        column = _step(column, swap[:, codes[:, at]], lose_target, lose_row[:, at], anywhere=anywhere)
        alive = lengths > at
        best[alive] = np.minimum(best, column[-1])[alive] if anywhere else column[-1][alive]
    return best


def _step(column: _Row, swap: _Row, lose_target: list[float], lose_row: _Row, *, anywhere: bool) -> _Row:
    """Advance the table by one phoneme of every row."""
    new = np.empty_like(column)
    new[0] = 0.0 if anywhere else column[0] + lose_row
    new[1:] = np.minimum(column[:-1] + swap, column[1:] + lose_row)
    for i, cost in enumerate(lose_target, start=1):
        np.minimum(new[i], new[i - 1] + np.float32(cost), out=new[i])
    return new


def _gives_way(weak: str, other: str) -> bool:
    return is_weak(weak) and is_vowel(other) and not is_stressed(other)


def _encode(rows: Sequence[Phonemes]) -> tuple[list[str], NDArray[np.int32], NDArray[np.int64]]:
    symbols: dict[str, int] = {}
    lengths = np.array([len(row) for row in rows])
    codes = np.zeros((len(rows), int(lengths.max(initial=0))), np.int32)
    for i, row in enumerate(rows):
        codes[i, : len(row)] = [symbols.setdefault(symbol, len(symbols)) for symbol in row]
    return list(symbols), codes, lengths


def _swap(a: str, b: str, measure: Measure) -> float:
    if measure == "cost":
        return substitution(a, b)
    if (is_weak(a) and is_vowel(b)) or (is_weak(b) and is_vowel(a)):
        return 0.0  # whatever vowel a speaker makes of a weak one, stressed or not
    return float(substitution(a, b) >= _COUNTS_FROM)


def _single(phoneme: str, measure: Measure) -> float:
    cost = indel(phoneme)
    return cost if measure == "cost" else float(cost >= _COUNTS_FROM)
