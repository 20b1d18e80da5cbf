"""Texts near the phrase that must not wake the detector: confusables, parts, swaps, near words, rivals.

The mix follows a recipe measured on real voices: a fifth each of beginnings and endings, half phrases with other
syllables, some swaps, and phrases with distant phonemes put in. Texts within one noticeable edit of the phrase ruin
a detector, because real speakers vary by as much: nothing here is nearer than two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from wakegen.espeak.ipa import STRESS, is_vowel
from wakegen.text.avoid import Avoid
from wakegen.text.data_files import lines
from wakegen.text.distance import distances, edit_counts, window_edits
from wakegen.text.lexicon import Lexicon
from wakegen.text.near_words import near_texts
from wakegen.text.phonemes import Phonemize, Words, flat, ipa_of, stress_of, syllables
from wakegen.text.phrase import Phrase
from wakegen.text.sounds import Sounds

LEAST_EDITS = 2
LEAST_DISTANCE = 1.5  # so that two edits which are both faint do not pass
_EDITS_PER_PHONEME = 0.2  # long phrases need more edits before a listener minds
_MOST_OF_PREFIX, _MOST_OF_SUFFIX = 0.5, 0.6  # of the phonemes; more of a beginning is nearly the phrase
SHARES = {"confusable": 0.35, "partial": 0.33, "swap": 0.05, "near_word": 0.20, "rival": 0.07}


@dataclass(frozen=True, slots=True)
class NegativeText:
    """Something to say that is not the phrase."""

    text: str  # spelled, or IPA with spaces between words when `ipa` is set
    ipa: bool
    kind: str  # a key of SHARES
    distance: float  # to the phrase, in clearly different phonemes
    phonemes: Words  # how it sounds


_Candidate = tuple[str, Words]  # spelled text, or "" when only the sounds are known; sounds
_Draw = Callable[[Phrase, np.random.Generator, int, Sounds], list[_Candidate]]


def draw_negatives(
    phrase: Phrase, rng: np.random.Generator, count: int, lexicon: Lexicon, phonemize: Phonemize
) -> tuple[NegativeText, ...]:
    """Draw up to `count` different negatives, mixed as SHARES says and shuffled.

    Swaps, near words and rivals are few; confusables and partials make up for what they lack. Very short phrases
    may not allow `count` of them: then fewer come back. Without a word list (an empty lexicon) there are no near
    words, and syllables are made of the phrase's own phonemes and of widespread ones.
    """
    sounds = Sounds.of(lexicon, phrase.phonemes)
    found: dict[str, NegativeText] = {}
    wanted = {kind: round(count * share) for kind, share in SHARES.items()}
    finite = {"rival": _rivals(phrase, lexicon, phonemize), "near_word": near_texts(phrase, lexicon)}
    for kind, candidates in finite.items():
        good = _judged(phrase, kind, candidates)
        order = rng.permutation(len(good))[: wanted[kind]]
        found |= {good[at].text: good[at] for at in order}
    for kind, draw in _DRAWN.items():
        short = _draw_kind(phrase, rng, wanted[kind], sounds, kind, draw, found)
        if kind == "confusable":  # phrases with rare neighbours have few that the language could have
            _draw_kind(phrase, rng, short, sounds.lax(), kind, draw, found)
    missing = count - len(found)
    missing = missing // 2 + _draw_kind(phrase, rng, missing - missing // 2, sounds, "partial", _partials, found)
    _draw_kind(phrase, rng, missing, sounds.lax(), "confusable", _confusables, found)
    every = list(found.values())
    return tuple(every[at] for at in rng.permutation(len(every)))[:count]


def least_edits(phrase: Phrase) -> int:
    """Give the noticeable edits that a negative must be away from the phrase: two, more for long phrases."""
    return max(LEAST_EDITS, math.ceil(_EDITS_PER_PHONEME * len(phrase.flat)))


def _draw_kind(
    phrase: Phrase,
    rng: np.random.Generator,
    count: int,
    sounds: Sounds,
    kind: str,
    draw: _Draw,
    found: dict[str, NegativeText],
) -> int:
    """Add `count` new texts of a kind to `found`, as far as ten rounds give them; return how many are missing."""
    target = len(found) + count
    for _ in range(10):
        missing = target - len(found)
        if missing <= 0:
            break
        for one in _judged(phrase, kind, draw(phrase, rng, 3 * missing + 8, sounds)):
            if len(found) < target:
                found.setdefault(one.text, one)
    return max(0, target - len(found))


def _judged(phrase: Phrase, kind: str, candidates: Sequence[_Candidate]) -> list[NegativeText]:
    """Keep the candidates that are far enough from the phrase and do not hold it; tell their distance."""
    sounds = [flat(words) for _, words in candidates]
    least = least_edits(phrase)
    far = (edit_counts(sounds, phrase.flat) >= least) & (window_edits(sounds, phrase.flat) >= least)
    apart = distances(sounds, phrase.flat)
    return [
        NegativeText(text or ipa_of(words), not text, kind, round(float(apart[at]), 3), words)
        for at, (text, words) in enumerate(candidates)
        if far[at] and apart[at] >= LEAST_DISTANCE and sounds[at]
    ]


def _rivals(phrase: Phrase, lexicon: Lexicon, phonemize: Phonemize) -> list[_Candidate]:
    """The rivals' phrases, by their English sound; spelled only for phrases in English, which voices read right."""
    texts = lines("rivals.txt")
    spoken = phonemize(texts, "en-us")
    is_english = phrase.language.startswith("en-")
    allowed = set(Avoid(phrase, lexicon).keep(texts) if is_english else texts)
    return [(text if is_english else "", words) for text, words in zip(texts, spoken, strict=True) if text in allowed]


def _confusables(phrase: Phrase, rng: np.random.Generator, count: int, sounds: Sounds) -> list[_Candidate]:
    """The phrase with a few phonemes replaced by distant ones of their kind."""
    least = least_edits(phrase)
    most = max(least, min(least + 2, len(phrase.flat) // 2))
    pools = [sounds.distant(phoneme) for phoneme in phrase.flat]
    found: list[_Candidate] = []
    for _ in range(count):
        changes = int(rng.integers(least, most + 1))
        places = set(rng.choice(len(phrase.flat), min(changes, len(phrase.flat)), replace=False).tolist())
        changed = iter([pools[at].draw(rng) if at in places else one for at, one in enumerate(phrase.flat)])
        found.append(("", tuple(tuple(next(changed) for _ in word) for word in phrase.phonemes)))
    return [one for one in found if all(map(sounds.can_be, one[1]))]


def _partials(phrase: Phrase, rng: np.random.Generator, count: int, sounds: Sounds) -> list[_Candidate]:
    """Beginnings, endings and single words of the phrase, alone or with other syllables or another word."""
    makers = [_beginning, _ending]
    if len(phrase.phonemes) > 1:
        makers.append(_one_word)
    found = [makers[int(rng.integers(len(makers)))](phrase, rng, sounds) for _ in range(count)]
    return [one for one in found if all(_can_be_said(word, phrase, sounds) for word in one[1])]


def _can_be_said(word: tuple[str, ...], phrase: Phrase, sounds: Sounds) -> bool:
    return word in phrase.phonemes or (any(map(is_vowel, word)) and sounds.can_be(word))


def _beginning(phrase: Phrase, rng: np.random.Generator, sounds: Sounds) -> _Candidate:
    least = max(2, _first_vowel(phrase.flat) + 1)
    most = max(least, int(_MOST_OF_PREFIX * len(phrase.flat)))
    piece = _first(phrase.phonemes, int(rng.integers(least, most + 1)))
    if rng.random() < 0.3:
        return "", piece
    return "", (*piece[:-1], piece[-1] + _more(piece[-1], rng, sounds))


def _ending(phrase: Phrase, rng: np.random.Generator, sounds: Sounds) -> _Candidate:
    least = max(2, _first_vowel(phrase.flat[::-1]) + 1)
    most = max(least, int(_MOST_OF_SUFFIX * len(phrase.flat)))
    piece = _last(phrase.phonemes, int(rng.integers(least, most + 1)))
    if rng.random() < 0.3:
        return "", piece
    return "", (_more(piece[0], rng, sounds) + piece[0], *piece[1:])


def _first_vowel(phonemes: Sequence[str]) -> int:
    return next((at for at, phoneme in enumerate(phonemes) if is_vowel(phoneme)), 0)


def _more(piece: tuple[str, ...], rng: np.random.Generator, sounds: Sounds) -> tuple[str, ...]:
    """One or two random syllables, unstressed if the piece that they join has the stress already."""
    syllable = flat(sounds.syllable(rng) for _ in range(int(rng.integers(1, 3))))
    return tuple(one.lstrip(STRESS) for one in syllable) if any(map(stress_of, piece)) else syllable


def _one_word(phrase: Phrase, rng: np.random.Generator, sounds: Sounds) -> _Candidate:
    """One word of the phrase: alone one time in five, else with a random word in the place of the others."""
    at = int(rng.integers(len(phrase.phonemes)))
    word = phrase.phonemes[at]
    if rng.random() < 0.2:
        return "", (word,)
    other = sounds.word(rng)
    return "", (word, other) if at == 0 else (other, word)


def _swaps(phrase: Phrase, rng: np.random.Generator, count: int, _: Sounds) -> list[_Candidate]:
    """The words in another order; of a single word, its syllables."""
    pieces: Words = phrase.phonemes
    if len(pieces) == 1:
        pieces = tuple(syllables(pieces[0]))
    if len(pieces) > 5:  # 120 orders are enough
        pieces = pieces[:5]
    orders = [order for order in permutations(pieces) if order != pieces]
    drawn = [orders[at] for at in rng.permutation(len(orders))[:count]]
    if len(phrase.phonemes) == 1:
        return [("", (flat(order),)) for order in drawn]
    return [("", order) for order in drawn]


def _first(words: Words, count: int) -> Words:
    """The first `count` phonemes, word borders kept."""
    taken: list[tuple[str, ...]] = []
    for word in words:
        taken.append(word[:count])
        count -= len(word)
        if count <= 0:
            break
    return tuple(taken)


def _last(words: Words, count: int) -> Words:
    """The last `count` phonemes, word borders kept."""
    mirrored = _first(tuple(word[::-1] for word in words[::-1]), count)
    return tuple(word[::-1] for word in mirrored[::-1])


_DRAWN: dict[str, _Draw] = {"swap": _swaps, "partial": _partials, "confusable": _confusables}
