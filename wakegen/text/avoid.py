"""Keeping the phrase, and the words of it, out of everything that is meant not to wake the detector."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np

from wakegen.text.distance import distances, window_distances
from wakegen.text.languages import find_language
from wakegen.text.lexicon import Lexicon, spoken_words
from wakegen.text.phonemes import Phonemize, flat
from wakegen.text.phrase import Phrase, spelled_words

_FEWEST_PHONEMES = 3  # shorter words ("hey", "ok") are in half of all speech; alone they wake nothing
_HOLDS = 0.15  # a word holds another if a stretch of it is that near: the same but for stress
_SAME = 0.2  # function words are forbidden only if they sound the same, or no sentence would be left
_ANYWHERE_FROM = 5  # letters from which the phrase is looked for inside words too


class Avoid:
    """Judges texts of one language: may they be said where the phrase must not be?

    Forbidden are the phrase itself (as letters, and as sounds across word borders), its content words, and words
    that sound like one of them (nearer than one phoneme; nearer than that for short words). A content word has at
    least three phonemes and is not among the 150 most frequent words; of a one-word phrase that word always counts.
    With `phonemize`, words outside the lexicon are judged by their sound too (and dropped if they have none), else
    by their letters alone.
    """

    def __init__(self, phrase: Phrase, lexicon: Lexicon, phonemize: Phonemize | None = None) -> None:
        self._language = phrase.language
        self._phonemize = phonemize
        self._phrase = phrase.flat
        self._function = lexicon.function_words
        self._has_spaces = find_language(phrase.language).has_spaces
        self._joined = "".join(_fold(word) for word in phrase.words)
        spoken = _content_words(phrase, lexicon)
        self._targets = tuple(sounds for _, sounds in spoken)
        self._letters = frozenset(_squeeze(word) for word, _ in spoken if word)
        self._sounds: dict[str, tuple[str, ...]] = {}
        self._forbidden: set[str] = set()
        self._learn(lexicon.words, lexicon.phonemes)

    @property
    def forbidden(self) -> frozenset[str]:
        """The words found so far that may not be said."""
        return frozenset(self._forbidden)

    def clean(self, text: str) -> bool:
        """Say whether the text may be said."""
        return bool(self.keep([text]))

    def keep(self, texts: Sequence[str]) -> list[str]:
        """Give the texts that may be said, in order. Judging many at once is far faster than one by one."""
        tokens = [[_fold(word) for word in spelled_words(text)] for text in texts]
        self._meet({word for words in tokens for word in words})
        passed = [at for at, words in enumerate(tokens) if self._letters_pass(words)]
        sounds = [flat(self._sounds.get(word, ()) for word in tokens[at]) for at in passed]
        far = self.far(sounds)
        return [texts[at] for at, is_far in zip(passed, far, strict=True) if is_far]

    def far(self, sounds: Sequence[Sequence[str]]) -> list[bool]:
        """Say for each string of phonemes whether no stretch of it sounds like the phrase."""
        return [bool(far) for far in window_distances(sounds, self._phrase) >= _limit(self._phrase)]

    def _letters_pass(self, words: list[str]) -> bool:
        if any(word in self._forbidden or _squeeze(word) in self._letters for word in words):
            return False
        if any(self._sounds.get(word) == () for word in words):  # the voice refuses it, so nothing is known
            return False
        return not (self._joined and self._holds_phrase(words))

    def _holds_phrase(self, words: list[str]) -> bool:
        if not self._has_spaces or len(self._joined) >= _ANYWHERE_FROM:
            return self._joined in "".join(words)
        return any("".join(words[a : a + n]) == self._joined for a in range(len(words)) for n in (1, 2, 3))

    def _meet(self, words: Iterable[str]) -> None:
        """Learn how words sound that the lexicon does not have."""
        new = sorted(word for word in words if word not in self._sounds)
        if new and self._phonemize is not None:
            self._learn(new, spoken_words(new, self._language, self._phonemize))

    def _learn(self, words: Sequence[str], sounds: Sequence[tuple[str, ...]]) -> None:
        folded = [_fold(word) for word in words]
        self._sounds.update(zip(folded, sounds, strict=False))  # a lexicon without phonemes has none to give
        if not sounds:
            return
        for target in self._targets:
            limit = np.array([_SAME if word in self._function else _limit(target) for word in folded])
            near = (distances(sounds, target) < limit) | (window_distances(sounds, target) < _HOLDS)
            self._forbidden.update(folded[at] for at in np.flatnonzero(near))


def _content_words(phrase: Phrase, lexicon: Lexicon) -> list[tuple[str, tuple[str, ...]]]:
    """The words of the phrase, spelling and sound, that are forbidden by themselves."""
    pairs = [(_fold(word), sounds) for word, sounds in phrase.word_phonemes]
    if len(pairs) == 1:
        return pairs
    common = lexicon.function_words | {""}
    sounds_common = set(lexicon.phonemes[: len(lexicon.function_words)])
    return [
        (word, sounds)
        for word, sounds in pairs
        if len(sounds) >= _FEWEST_PHONEMES and (word not in common if word else sounds not in sounds_common)
    ]


def _limit(target: Sequence[str]) -> float:
    """From here on two words are told apart: one phoneme, less for words of few phonemes."""
    return min(1.0, 0.2 * len(target))


def _fold(word: str) -> str:
    return unicodedata.normalize("NFKC", word).casefold().replace("’", "'")


def _squeeze(word: str) -> str:
    """Letters only, each run of one letter once: "jarviss" is "jarvis"."""
    letters = [symbol for symbol in word if unicodedata.category(symbol)[0] in "LMN"]
    return "".join(b for a, b in zip(["", *letters], letters, strict=False) if a != b)
