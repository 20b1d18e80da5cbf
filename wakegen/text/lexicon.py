"""The words of a language: spelling, frequency, phonemes, and which split may say them."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import CannotSpeak
from wakegen.core.seeds import share
from wakegen.text.data_files import lines
from wakegen.text.languages import find_language, scripts_of
from wakegen.text.phonemes import Phonemize, flat

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

FUNCTION_WORDS = 150  # the most frequent words of a language: every split may use them
_TRAIN_BELOW, _VAL_BELOW = 0.6, 0.8
_WHOLE_LIST = 1_000_000  # more than any list holds
_CHUNK = 500  # words phonemized at once
_WORDFREQ_CODES = {"cmn": "zh", "hr": "sh", "sr": "sh", "bs": "sh"}  # where its tags differ from espeak-ng's bases
_SHORT_WORD = 2  # shorter words are letters and particles, but for scripts that write a syllable or more per sign
_DENSE_SCRIPTS = frozenset({"cjk", "hangul", "hiragana", "katakana"})


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """Words of one language, the most frequent first."""

    language: str
    words: tuple[str, ...]
    frequencies: NDArray[np.float64]  # shape (words,), share of running text, not summing to 1
    phonemes: tuple[tuple[str, ...], ...]  # one per word; () throughout when they were not asked for

    @property
    def function_words(self) -> frozenset[str]:
        """The most frequent words, which carry grammar rather than content."""
        return frozenset(self.words[:FUNCTION_WORDS])


def has_word_list(language: str) -> bool:
    """Say whether there is a word list for the language (wordfreq has about 40)."""
    return _list_code(find_language(language).base) is not None


def word_list(language: str, count: int = 20_000) -> tuple[str, ...]:
    """Give the `count` most frequent usable words, or () for a language without a list.

    Callers must then do with what the phrase itself gives (confusables, partials) and with pseudo words.
    Usable: letters of the language's scripts only, two at least, and none of the words of `offensive.txt`.
    """
    return _word_list(find_language(language).tag, count)


def build_lexicon(language: str, phonemize: Phonemize | None, count: int = 20_000) -> Lexicon:
    """Gather the words of a language; with `phonemize`, their phonemes too (about 3 s for 20,000 words).

    Words that `phonemize` gives no phonemes for are left out. Without a word list the lexicon is empty.
    """
    tag = find_language(language).tag
    words = word_list(tag, count)
    if phonemize is None or not words:
        return Lexicon(tag, words, _frequencies(tag, words), ())
    spoken = spoken_words(words, tag, phonemize)
    kept = [(word, said) for word, said in zip(words, spoken, strict=True) if said]
    words = tuple(word for word, _ in kept)
    return Lexicon(tag, words, _frequencies(tag, words), tuple(said for _, said in kept))


def lexicon_to_json(lexicon: Lexicon) -> str:
    """Write a lexicon with its phonemes, to be kept for the next run."""
    values = {
        "language": lexicon.language,
        "words": lexicon.words,
        "frequencies": lexicon.frequencies.tolist(),
        "phonemes": [" ".join(word) for word in lexicon.phonemes],
    }
    return json.dumps(values, ensure_ascii=False)


def lexicon_from_json(text: str) -> Lexicon:
    """Read what `lexicon_to_json` wrote."""
    values = json.loads(text)
    phonemes = tuple(tuple(word.split(" ")) for word in values["phonemes"])
    return Lexicon(values["language"], tuple(values["words"]), np.array(values["frequencies"]), phonemes)


def split_of_word(word: str) -> Split:
    """Give the split that a content word belongs to: 60 % train, 20 % val, 20 % test, for ever."""
    return split_of("word", _fold(word))


def split_of(*name: str) -> Split:
    """Give the split of anything that has a name."""
    place = share(0, "split", *name)
    return "train" if place < _TRAIN_BELOW else "val" if place < _VAL_BELOW else "test"


def zipf_of(word: str, language: str) -> float:
    """Give how common a word is on wordfreq's Zipf scale (3 = once in a million words); 0 if unknown."""
    code = _list_code(find_language(language).base)
    if code is None:
        return 0.0
    from wordfreq import get_frequency_dict

    frequency = get_frequency_dict(code, "best").get(_fold(word), 0.0)
    return 9.0 + math.log10(frequency) if frequency else 0.0


def spoken_words(words: Sequence[str], tag: str, phonemize: Phonemize) -> list[tuple[str, ...]]:
    """Give the phonemes of each word; () for the few that the voice refuses, which are found by halving."""
    if len(words) > _CHUNK:
        chunks = (words[at : at + _CHUNK] for at in range(0, len(words), _CHUNK))
        return [said for chunk in chunks for said in spoken_words(chunk, tag, phonemize)]
    try:
        return [flat(said) for said in phonemize(words, tag)]
    except CannotSpeak:
        if len(words) == 1:
            return [()]
    half = len(words) // 2
    return spoken_words(words[:half], tag, phonemize) + spoken_words(words[half:], tag, phonemize)


@lru_cache(maxsize=8)
def _word_list(tag: str, count: int) -> tuple[str, ...]:
    language = find_language(tag)
    code = _list_code(language.base)
    if code is None:
        return ()
    from wordfreq import top_n_list

    unwanted = frozenset(lines("offensive.txt"))
    raw = top_n_list(code, _WHOLE_LIST, wordlist="best")
    good: Iterator[str] = (word for word in raw if word not in unwanted and _usable(word, language.scripts))
    if language.base == "en":
        good = filter(_has_vowel, good)
    return tuple(islice(good, count))


def _usable(word: str, scripts: tuple[str, ...]) -> bool:
    shortest = 1 if _DENSE_SCRIPTS.intersection(scripts) else _SHORT_WORD
    letters = all(unicodedata.category(symbol)[0] in "LM" or symbol in "'’" for symbol in word)
    letters = letters and not any(symbol in "ºª" for symbol in word)  # category L, yet no letters to a reader
    return letters and len(word) >= shortest and scripts_of(word) <= set(scripts)


def _has_vowel(word: str) -> bool:
    """Abbreviations such as "dvd" are letter names when spoken; they are no words to learn from."""
    return any(symbol in "aeiouyáéèêëïôöü" for symbol in word)


def _frequencies(tag: str, words: tuple[str, ...]) -> NDArray[np.float64]:
    code = _list_code(find_language(tag).base)
    if code is None or not words:
        return np.zeros(0)
    from wordfreq import get_frequency_dict

    table = get_frequency_dict(code, "best")
    return np.array([table.get(word, 1e-9) for word in words])


@lru_cache(maxsize=64)
def _list_code(base: str) -> str | None:
    from wordfreq import available_languages

    code = _WORDFREQ_CODES.get(base, base)
    return code if code in available_languages("best") else None


def _fold(word: str) -> str:
    return unicodedata.normalize("NFC", word).lower()
