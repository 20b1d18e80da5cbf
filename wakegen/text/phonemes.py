"""Words of phonemes: reading and writing them as IPA, cutting them into syllables."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from wakegen.core.errors import BadInput
from wakegen.espeak.ipa import STRESS, is_vowel, segments, unknown

Words = tuple[tuple[str, ...], ...]  # per word, its phonemes; a stressed vowel starts with ˈ or ˌ
Phonemize = Callable[[Sequence[str], str], list[Words]]  # texts, language → per text, words of phonemes

_PLAIN = {"'": "ˈ", ",": "ˌ", ":": "ː", "g": "ɡ"}  # what keyboards have for IPA letters
_TIES = "͜͡"
_AFFRICATES = frozenset({"tʃ", "dʒ", "ts", "dz", "tɕ", "dʑ", "tʂ", "dʐ"})


def flat(words: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Give the phonemes of words without the borders."""
    return tuple(phoneme for word in words for phoneme in word)


def stress_of(phoneme: str) -> str:
    """Give the stress mark that a phoneme carries, or ""."""
    return phoneme[:1] if phoneme[:1] in tuple(STRESS) else ""


def syllables(phonemes: Sequence[str]) -> list[tuple[str, ...]]:
    """Cut phonemes into syllables: each has one vowel, and at most one consonant before it but at the start.

    That is rougher than any language's own rule, and enough to make pieces that can be spoken.
    Without a vowel all is one syllable.
    """
    vowels = [at for at, phoneme in enumerate(phonemes) if is_vowel(phoneme)]
    cuts = [0, *(max(at - 1, before + 1) for before, at in pairwise(vowels)), len(phonemes)]
    return [tuple(phonemes[a:b]) for a, b in pairwise(cuts)]


def words_of_ipa(ipa: str) -> Words:
    """Split IPA into words (at spaces) and phonemes; a stress mark goes to the next vowel.

    Two vowels side by side are one diphthong if the second is ɪ, ʊ or ə; other pairs and all consonants stand
    alone but for affricates (tʃ dʒ ts dz tɕ dʑ). A dot or a hyphen keeps phonemes apart.

    Raises
    ------
    BadInput : a character that is not IPA, or no phoneme at all.
    """
    decomposed = unicodedata.normalize("NFD", ipa).replace("c\u0327", "ç")  # a letter of its own in IPA
    words = tuple(_word_of_ipa(word) for word in decomposed.split())
    if not any(words):
        raise BadInput("There is no phoneme between the slashes.", hint="Write IPA such as /hˈeɪ kˈatjə/.")
    return tuple(word for word in words if word)


def ipa_of(words: Sequence[Sequence[str]]) -> str:
    """Write words of phonemes as one line of IPA, with spaces between words."""
    return " ".join("".join(word) for word in words)


def _word_of_ipa(text: str) -> tuple[str, ...]:
    """Phonemes of one word. Works on decomposed text, so that marks stand after their letter."""
    phonemes: list[str] = []
    stress, apart = "", True
    for letter in _letters_of_ipa(text):
        if letter in STRESS or letter in ".-":
            stress, apart = letter if letter in STRESS else stress, True
            continue
        letter = unicodedata.normalize("NFC", letter)
        if not apart and phonemes and _one_sound(phonemes[-1], letter):
            phonemes[-1] += letter
        elif is_vowel(letter):
            phonemes.append(stress + letter)
            stress = ""
        else:
            phonemes.append(letter)
        apart = False
    return tuple(phonemes)


def _letters_of_ipa(text: str) -> list[str]:
    """Letters, each with the marks that follow it. Keyboard stand-ins become IPA; ties are dropped."""
    letters: list[str] = []
    for symbol in text:
        symbol = _PLAIN.get(symbol, symbol)
        if symbol in _TIES:
            continue
        if symbol in STRESS or symbol in ".-":
            letters.append(symbol)
        elif unknown(symbol):
            raise BadInput(f"'{symbol}' is not an IPA letter.", hint="Write IPA such as /hˈeɪ kˈatjə/.")
        elif letters and not _stands_alone(symbol):
            letters[-1] += symbol
        else:
            letters.append(symbol)
    return letters


def _stands_alone(symbol: str) -> bool:
    return bool(segments(symbol))


def _one_sound(before: str, letter: str) -> bool:
    if is_vowel(before) and is_vowel(letter):
        return letter in {"ɪ", "ʊ", "ə"} and len(before.lstrip(STRESS)) == 1
    return before + letter in _AFFRICATES
