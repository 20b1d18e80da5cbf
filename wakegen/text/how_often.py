"""How often words are said in an hour of speech, and what in a language sounds like a phrase.

Frequencies are those of wordfreq's lists, which count books, subtitles, news, the web and encyclopedias: writing for
the most part. What a household says differs, so a figure here is good to a factor of three or so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wakegen.text.distance import distances, window_distances
from wakegen.text.lexicon import Lexicon, zipf_of
from wakegen.text.near_words import near_texts
from wakegen.text.phonemes import flat
from wakegen.text.phrase import Phrase

WORDS_PER_HOUR = 9_000  # 150 words a minute, as an unhurried reader speaks; talk without a pause is a third faster
FURTHEST = 2.0  # steps: from two clearly different phonemes on, a detector can be taught the difference
_BUT_FOR_STRESS = 0.15  # steps
_SAME, _SAME_SHARE = (
    1.0,
    0.2,
)  # nearer than one clear phoneme, or than a fifth of a short phrase, is heard as the phrase


@dataclass(frozen=True, slots=True)
class Rate:
    """How often words are said one after the other, in an hour of speech. For one word both bounds are one."""

    least: float  # if they meet by chance only
    most: float  # if the rarest of them is never said without the others

    @property
    def likely(self) -> float:
        """Two thirds of the way from the least to the most, on a scale of powers of ten.

        A rule of thumb: no list counts pairs. It puts "good morning" at 0.2 an hour and "view glass" at 0.03.
        """
        return min(self.most, float((self.least * self.most**2) ** (1 / 3)))  # a root may round up


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a phrase, and how common it is."""

    text: str
    zipf: float  # wordfreq's scale; 0: in no list
    per_hour: float


@dataclass(frozen=True, slots=True)
class Near:
    """What sounds like the phrase without being it."""

    text: str
    distance: float  # steps: clearly different phonemes
    per_hour: float  # likely
    per_hour_most: float


def per_hour(zipf: float) -> float:
    """Give the times a word is said in an hour of speech.

    Zipf z is 10^(z − 3) times in a million words, and an hour has 9,000 words: z = 3 is 0.009 an hour, z = 4.5 is
    0.28 and z = 6 is 9. A word that no list has (z = 0) counts as never said.
    """
    return 10 ** (zipf - 3) * WORDS_PER_HOUR / 1e6 if zipf > 0 else 0.0


def times(per_hour: float) -> str:
    """Give a rate as people read it: two digits, and nothing finer than a thousandth."""
    if per_hour < 0.001:
        return "<0.001" if per_hour else "0"
    return f"{per_hour:.0f}" if per_hour >= 10 else f"{per_hour:.2g}"


def words_of(phrase: Phrase, lexicon: Lexicon) -> tuple[Word, ...]:
    """Give the words of a phrase with how common they are; those of IPA alone are the commonest that sound so.

    What is in no list, or has no word of its sound, is at 0.
    """
    spelled = phrase.words or tuple(_word_of(sounds, lexicon) for sounds in phrase.phonemes)
    found = ((word, zipf_of(word, phrase.language)) for word in spelled)
    return tuple(Word(word, round(zipf, 2), per_hour(zipf)) for word, zipf in found)


def rate_of(shares: Sequence[float]) -> Rate:
    """Give how often words are said together, from the share of running text that each has."""
    if not shares:
        return Rate(0.0, 0.0)
    return Rate(math.prod(shares) * WORDS_PER_HOUR, min(shares) * WORDS_PER_HOUR)


def said(words: Sequence[Word]) -> Rate:
    """Give how often a phrase of these words is said."""
    return rate_of([word.per_hour / WORDS_PER_HOUR for word in words])


def heard_in(phrase: Phrase, lexicon: Lexicon) -> tuple[Near, ...]:
    """Give the words that sound like the phrase or hold it ("election" holds "alexa"), the most frequent first.

    The phrase itself is one of them if it is a word. Without phonemes in the lexicon there are none.
    """
    if not lexicon.phonemes:
        return ()
    apart = window_distances(lexicon.phonemes, phrase.flat)
    limit = min(_SAME, _SAME_SHARE * len(phrase.flat))
    rates = lexicon.frequencies * WORDS_PER_HOUR
    held = sorted(np.flatnonzero(apart < limit), key=lambda at: -rates[at])
    return tuple(Near(lexicon.words[at], round(float(apart[at]), 2), float(rates[at]), float(rates[at])) for at in held)


def near_to(phrase: Phrase, lexicon: Lexicon, words: Sequence[Word], heard: Sequence[Near]) -> tuple[Near, ...]:
    """Give words and pairs of words within two steps of the phrase, those that count most first (see `pull`).

    Left out are the phrase's own `words` and what `heard` says already. Of those that sound the same, the commonest
    stays.
    """
    known = {one.text for one in heard}
    itself = " ".join(word.text for word in words).casefold()
    texts = [(text, flat(words)) for text, words in near_texts(phrase, lexicon)]
    texts = [(text, sounds) for text, sounds in texts if text != itself and known.isdisjoint(text.split())]
    shares = dict(zip(lexicon.words, lexicon.frequencies.tolist(), strict=True))
    found: dict[tuple[str, ...], Near] = {}
    for (text, sounds), apart in zip(texts, distances([sounds for _, sounds in texts], phrase.flat), strict=True):
        one = _near(text, float(apart), shares)
        if apart <= FURTHEST and (sounds not in found or found[sounds].per_hour < one.per_hour):
            found[sounds] = one
    return tuple(sorted(found.values(), key=lambda one: (-pull(one), one.text)))


def pull(near: Near) -> float:
    """Say how much a likeness counts: its rate, and a tenth of it for every step away."""
    return near.per_hour * 10**-near.distance


def _word_of(sounds: Sequence[str], lexicon: Lexicon) -> str:
    """Give the commonest word of these sounds (but for stress), or the sounds themselves."""
    apart = distances(lexicon.phonemes, sounds)
    same = np.flatnonzero(apart < _BUT_FOR_STRESS)
    return lexicon.words[same[0]] if same.size else "".join(sounds)


def _near(text: str, apart: float, shares: Mapping[str, float]) -> Near:
    rate = rate_of([shares[word] for word in text.split()])
    return Near(text, round(apart, 2), rate.likely, rate.most)
