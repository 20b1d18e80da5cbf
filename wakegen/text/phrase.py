"""The phrase that wakes: as typed, as words, as phonemes."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from wakegen.core.errors import BadInput
from wakegen.core.names import slug
from wakegen.text.languages import check_script, find_language
from wakegen.text.lexicon import zipf_of
from wakegen.text.phonemes import Phonemize, Words, flat, words_of_ipa

MOST_PHONEMES = 60
FEW_PHONEMES = 5
_COMMON_ZIPF = 4.5  # wordfreq's scale: 30 times in a million words


SplitIpa = Callable[[str, str], Words]  # IPA, language → words of phonemes


def _split_any(ipa: str, _: str) -> Words:
    return words_of_ipa(ipa)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A wake phrase in one language."""

    text: str  # as the user typed it, trimmed; of "katya /kˈatjə/" the part before the slashes
    language: str  # the tag, as the table of languages writes it
    ipa: str  # the IPA that the user gave, without slashes; "" if none
    words: tuple[str, ...]  # spelled words, without punctuation; empty if only IPA was given
    phonemes: Words
    warnings: tuple[str, ...] = ()

    @property
    def flat(self) -> tuple[str, ...]:
        """The phonemes without word borders."""
        return flat(self.phonemes)

    @property
    def slug(self) -> str:
        """The phrase as a file name."""
        return slug(self.text or self.ipa)

    @property
    def word_phonemes(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Spelled words with their phonemes; spelling "" where the two do not match one to one."""
        if len(self.words) == len(self.phonemes):
            return tuple(zip(self.words, self.phonemes, strict=True))
        return tuple(("", word) for word in self.phonemes)


def parse_phrase(text: str, language: str, phonemize: Phonemize, split_ipa: SplitIpa = _split_any) -> Phrase:
    """Read a phrase as typed: "hey katya", "/hˈeɪ kˈatjə/", or both, "hey katya /hˈeɪ kˈatjə/".

    `split_ipa` cuts the IPA into phonemes: `Espeak.split_ipa` knows those of the language; the default knows
    those of the IPA chart.

    Raises
    ------
    BadInput : unknown language; nothing to say; letters that the language does not read; IPA that is none;
        more than 60 phonemes.
    """
    tag = find_language(language).tag
    spelled, ipa = _split_slashes(unicodedata.normalize("NFC", text).strip())
    words = spelled_words(spelled)
    if not words and not ipa:
        raise BadInput(
            f"The phrase '{text}' has nothing to say." if text.strip() else "The phrase is empty.",
            hint='Give one to four words, such as "hey katya".',
        )
    check_script(spelled, tag)
    phonemes = split_ipa(ipa, tag) if ipa else phonemize([spelled], tag)[0]
    phonemes = tuple(word for word in phonemes if word)
    _check_length(spelled or ipa, phonemes)
    return Phrase(spelled, tag, ipa, words, phonemes, _warnings(words, phonemes, tag))


def spelled_words(text: str) -> tuple[str, ...]:
    """Give the words of a text: letters, digits and what is within words (apostrophes, hyphens, vowel signs)."""
    inside = "'’-\u200c\u200d"
    kept = "".join(symbol if _is_word_symbol(symbol) or symbol in inside else " " for symbol in text)
    stripped = (word.strip(inside) for word in kept.split())
    return tuple(word for word in stripped if any(unicodedata.category(symbol)[0] in "LN" for symbol in word))


def _split_slashes(text: str) -> tuple[str, str]:
    if not text.endswith("/") or text.count("/") < 2:
        return text, ""
    spelled, ipa = text[:-1].split("/", 1)
    return spelled.strip(), ipa.strip()


def _is_word_symbol(symbol: str) -> bool:
    return unicodedata.category(symbol)[0] in "LNM"


def _check_length(text: str, phonemes: Words) -> None:
    count = sum(map(len, phonemes))
    if count == 0:
        raise BadInput(f"'{text}' has no sound.", hint="Write the words out in letters, or give IPA: /hˈeɪ kˈatjə/.")
    if count > MOST_PHONEMES:
        raise BadInput(
            f"The phrase is {count} phonemes long; a detector hears at most {MOST_PHONEMES}.",
            hint="Choose a phrase of two to five syllables.",
        )


def _warnings(words: tuple[str, ...], phonemes: Words, tag: str) -> tuple[str, ...]:
    found = []
    count = sum(map(len, phonemes))
    if count < FEW_PHONEMES:
        found.append(
            f"The phrase has only {count} phoneme{'s' * (count > 1)}: expect many false alarms; longer phrases work better."
        )
    if len(words) == 1 and zipf_of(words[0], tag) >= _COMMON_ZIPF:
        found.append(f"'{words[0]}' is a common word: the detector will also fire when people say it in passing.")
    return tuple(found)
