"""The sounds of a language as its words use them: to put other phonemes, syllables and words into a phrase."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from wakegen.espeak.ipa import FEATURES, STRESS, bare, is_vowel, phoneme_cost
from wakegen.text.distance import substitution
from wakegen.text.lexicon import Lexicon
from wakegen.text.phonemes import flat, stress_of, syllables

_WIDESPREAD = ("p", "t", "k", "m", "n", "s", "l", "a", "e", "i", "o", "u")  # in most languages of the world
_WORDS = 5000  # the most frequent words lend syllables; rarer ones are often foreign names
_RARE = 0.001  # share of the phonemes; rarer ones come from foreign names
_DISTANT = 0.9  # steps; see `distance`
_NEAR_VOWEL, _NEAR_CONSONANT = 0.4, 0.3  # on the phoneme table: what speakers vary by (b/d and m/n are at 0.33)
_SEEN = 2  # words in which neighbours must be found: one may be an abbreviation


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Phonemes to draw from."""

    phonemes: tuple[str, ...]
    sums: NDArray[np.float64]  # running sums of their weights

    def draw(self, rng: np.random.Generator) -> str:
        """Draw one by its weight."""
        return self.phonemes[int(np.searchsorted(self.sums, rng.random() * self.sums[-1], side="right"))]


@dataclass(frozen=True, slots=True, eq=False)
class Sounds:
    """What a random piece of speech may be made of."""

    vowels: tuple[str, ...]  # without stress marks, the most frequent first
    consonants: tuple[str, ...]
    weights: dict[str, float]  # how frequent each is
    stressed: frozenset[str]  # the vowels that take stress
    pairs: frozenset[tuple[str, str]]  # neighbours within words; empty: unknown, all may meet
    words: tuple[tuple[str, ...], ...]  # may be empty

    @classmethod
    def of(cls, lexicon: Lexicon, phrase: Iterable[Sequence[str]] = ()) -> Sounds:
        """Gather the phonemes that a lexicon uses, and the neighbours in a phrase, which may be a foreign name.

        Without words: the phonemes of the phrase and widespread ones.
        """
        words = lexicon.phonemes[:_WORDS]
        phrase = tuple(tuple(word) for word in phrase)
        if not words:
            return cls.from_inventory([*flat(phrase), *_WIDESPREAD])
        every = Counter(phoneme for word in words for phoneme in word)
        total = sum(every.values())
        counts = Counter(dict.fromkeys(map(_plain, every), 0))
        for phoneme, many in every.items():
            counts[_plain(phoneme)] += many
        common = {one: many / total for one, many in counts.most_common() if many >= _RARE * total}
        stressed = frozenset(_plain(one) for one, many in every.items() if stress_of(one) and many >= _RARE * total)
        seen = Counter(pair for word in lexicon.phonemes for pair in set(_pairs(word)))
        pairs = {pair for pair, many in seen.items() if many >= _SEEN} | {
            pair for word in phrase for pair in _pairs(word)
        }
        spoken = tuple(word for word in words if len(word) > 1 and any(map(is_vowel, word)))
        return cls(*_by_kind(common), common, stressed, frozenset(pairs), spoken)

    @classmethod
    def from_inventory(cls, phonemes: Sequence[str]) -> Sounds:
        """Take the phonemes given, all alike frequent; there are no words then."""
        plain = dict.fromkeys((_plain(phoneme) for phoneme in phonemes), 1.0)
        vowels, consonants = _by_kind(plain)
        return cls(vowels, consonants, plain, frozenset(vowels), frozenset(), ())

    def lax(self) -> Sounds:
        """The same sounds, where any may stand beside any."""
        return replace(self, pairs=frozenset())

    def can_be(self, word: Sequence[str]) -> bool:
        """Say whether the language could have this word: each two neighbours are found in real words."""
        return not self.pairs or all(pair in self.pairs for pair in _pairs(word))

    def distant(self, phoneme: str) -> Pool:
        """Give the clearly different phonemes of the same kind (vowel for vowel), with the stress of this one."""
        pool = self._same_kind(phoneme)
        far = [one for one in pool if substitution(stress_of(phoneme) + one, phoneme) >= _DISTANT]
        # A weak vowel is at no distance from its kind, by definition of the measure: any other will do.
        far = far or [one for one in pool if phoneme_cost(one, phoneme) > _NEAR_VOWEL] or pool or [_plain(phoneme)]
        return self._pool(far, stress_of(phoneme))

    def near(self, phoneme: str, rng: np.random.Generator) -> str:
        """Draw another phoneme that a listener might take for this one; itself if there is none. Stress stays.

        No sound is added, and none is dropped but a glide (eɪ as e) or an ɹ (ɑːɹ as ɑː).
        """
        most = _NEAR_VOWEL if is_vowel(phoneme) else _NEAR_CONSONANT
        pool = [one for one in self._same_kind(phoneme) if 0 < phoneme_cost(one, phoneme) <= most]
        close = [one for one in pool if _loses_little(phoneme, one)]
        return self._pool(close, stress_of(phoneme)).draw(rng) if close else phoneme

    def syllable(self, rng: np.random.Generator) -> tuple[str, ...]:
        """Draw a syllable: one of a random word, or a consonant and a vowel where there are no words."""
        if self.words:
            parts = syllables(self.word(rng))
            return parts[int(rng.integers(len(parts)))]
        kinds = [kind for kind in (self.consonants, self.vowels) if kind]
        return tuple(self._pool(kind).draw(rng) for kind in kinds)

    def word(self, rng: np.random.Generator) -> tuple[str, ...]:
        """Draw a word, all alike likely; two syllables where there are no words."""
        if self.words:
            return self.words[int(rng.integers(len(self.words)))]
        return self.syllable(rng) + self.syllable(rng)

    def _same_kind(self, phoneme: str) -> list[str]:
        """What can stand where the phoneme stands: vowel for vowel, stressed for stressed."""
        if not is_vowel(phoneme):
            return list(self.consonants)
        return [one for one in self.vowels if one in self.stressed or not stress_of(phoneme)]

    def _pool(self, phonemes: Sequence[str], stress: str = "") -> Pool:
        """Weigh by the root of the frequency: common ones come up more often, rare ones too."""
        weights = np.sqrt([self.weights.get(one, 1.0) for one in phonemes])
        return Pool(tuple(stress + one for one in phonemes), np.cumsum(weights))


def _by_kind(phonemes: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    every = tuple(phonemes)
    return tuple(p for p in every if is_vowel(p)), tuple(p for p in every if bare(p) and not is_vowel(p))


def _pairs(word: Sequence[str]) -> list[tuple[str, str]]:
    """Neighbours; what begins or ends a word is marked, so that "mn" inside words allows no word that begins so."""
    plain = [_plain(phoneme) for phoneme in word]
    if plain:
        plain[0], plain[-1] = f"^{plain[0]}", f"{plain[-1]}$"
    return list(pairwise(plain))


def _loses_little(phoneme: str, other: str) -> bool:
    before, after = _letters(phoneme), _letters(other)
    alike = all(phoneme_cost(a, b) <= _NEAR_VOWEL for a, b in zip(before, after, strict=False))
    lost = before[len(after) :]
    return alike and len(after) <= len(before) and all(one == "ɹ" or is_vowel(one) for one in lost)


def _letters(phoneme: str) -> list[str]:
    return [letter for letter in bare(phoneme) if letter in FEATURES]


def _plain(phoneme: str) -> str:
    return phoneme.lstrip(STRESS)
