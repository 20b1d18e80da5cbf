"""The sounds of a language as its words use them: to put other phonemes, syllables and words into a phrase."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wakegen.espeak.ipa import STRESS, bare, is_vowel, phoneme_cost
from wakegen.text.distance import substitution
from wakegen.text.lexicon import Lexicon
from wakegen.text.phonemes import stress_of, syllables

_WIDESPREAD = ("p", "t", "k", "m", "n", "s", "l", "a", "e", "i", "o", "u")  # in most languages of the world
_WORDS = 5000  # of the most frequent words, those that lend syllables
_RARE = 0.001  # share of the phonemes; rarer ones come from foreign names
_DISTANT = 0.9  # steps; see `distance`
_NEAR = 0.45  # on the phoneme table: what listeners confuse


@dataclass(frozen=True, slots=True, eq=False)
class Sounds:
    """What a random piece of speech may be made of."""

    vowels: tuple[str, ...]  # without stress marks, the most frequent first
    consonants: tuple[str, ...]
    weights: dict[str, float]  # how frequent each is
    words: tuple[tuple[str, ...], ...]  # may be empty

    @classmethod
    def of(cls, lexicon: Lexicon, extra: Iterable[str] = ()) -> Sounds:
        """Gather the phonemes that the words of a lexicon use; without words, `extra` and widespread ones."""
        words = lexicon.phonemes[:_WORDS]
        if not words:
            return cls.from_inventory([*extra, *_WIDESPREAD])
        counts = Counter(_plain(phoneme) for word in words for phoneme in word)
        total = sum(counts.values())
        common = {one: many / total for one, many in counts.most_common() if many >= _RARE * total}
        return cls(*_by_kind(common), common, tuple(word for word in words if len(word) > 1))

    @classmethod
    def from_inventory(cls, phonemes: Sequence[str]) -> Sounds:
        """Take the phonemes given, all alike frequent; there are no words then."""
        plain = dict.fromkeys((_plain(phoneme) for phoneme in phonemes), 1.0)
        return cls(*_by_kind(plain), plain, ())

    def distant(self, phoneme: str, rng: np.random.Generator) -> str:
        """Draw a clearly different phoneme of the same kind (vowel for vowel); its stress stays."""
        stress = stress_of(phoneme)
        pool = self.vowels if is_vowel(phoneme) else self.consonants
        far = [one for one in pool if substitution(stress + one, phoneme) >= _DISTANT]
        # A weak vowel is at no distance from its kind, by definition of the measure: any other will do.
        far = far or [one for one in pool if phoneme_cost(one, phoneme) >= _NEAR] or list(pool)
        return stress + self._draw(far, rng)

    def near(self, phoneme: str, rng: np.random.Generator) -> str:
        """Draw another phoneme that a listener might take for this one; itself if there is none. Stress stays."""
        kind = is_vowel(phoneme)
        pool = self.vowels if kind else self.consonants
        close = [one for one in pool if 0 < phoneme_cost(one, phoneme) <= _NEAR]
        return stress_of(phoneme) + self._draw(close, rng) if close else phoneme

    def syllable(self, rng: np.random.Generator) -> tuple[str, ...]:
        """Draw a syllable: one of a random word, or a consonant and a vowel where there are no words."""
        if self.words:
            parts = syllables(self.word(rng))
            return parts[int(rng.integers(len(parts)))]
        onset = (self._draw(self.consonants, rng),) if self.consonants else ()
        return (*onset, self._draw(self.vowels, rng)) if self.vowels else onset

    def word(self, rng: np.random.Generator) -> tuple[str, ...]:
        """Draw a word, all alike likely; two syllables where there are no words."""
        if self.words:
            return self.words[int(rng.integers(len(self.words)))]
        return self.syllable(rng) + self.syllable(rng)

    def _draw(self, pool: Sequence[str], rng: np.random.Generator) -> str:
        """Draw by the root of the frequency: common ones more often, rare ones too."""
        weights: NDArray[np.float64] = np.sqrt([self.weights[one] for one in pool])
        return pool[int(rng.choice(len(pool), p=weights / weights.sum()))]


def _by_kind(phonemes: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    every = tuple(phonemes)
    return tuple(p for p in every if is_vowel(p)), tuple(p for p in every if bare(p) and not is_vowel(p))


def _plain(phoneme: str) -> str:
    return phoneme.lstrip(STRESS)
