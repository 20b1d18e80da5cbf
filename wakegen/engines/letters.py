"""What a voice reads: a text in the letters of its alphabet, or an error that names what it would have left out.

The small engines drop what they cannot read without a word: flite and Pico give near silence for Cyrillic, RHVoice
nothing at all, and festival ends on it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from string import ascii_lowercase

from wakegen.core.errors import BadInput, CannotSpeak
from wakegen.core.names import did_you_mean
from wakegen.engines.base import Voice
from wakegen.espeak.catalogue import readable

TEXT_MAX = 1000  # characters: a minute of speech; what is longer is no phrase

LATIN = frozenset(ascii_lowercase)
LATIN_1 = LATIN | frozenset("àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿß")
_RUSSIAN = frozenset("абвгдеёжзийклмнопрстуфхцчшщъыьэюя")
# Of languages (BCP 47, the first part). A letter beyond these is read as the one that it is made from: é as e.
ALPHABETS = {
    "de": LATIN_1,
    "en": LATIN,
    "eo": LATIN | frozenset("ĉĝĥĵŝŭ"),
    "es": LATIN_1,
    "fr": LATIN_1 | frozenset("œ"),
    "it": LATIN_1,
    "ka": frozenset("აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ"),
    "ky": _RUSSIAN | frozenset("ңөү"),
    "pt": LATIN | frozenset("áâãàçéêíóôõúü"),
    "ru": _RUSSIAN,
    "tt": _RUSSIAN | frozenset("әөүҗңһ"),
    "uk": frozenset("абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"),
}
# Letters that Unicode does not take apart, and marks of print that have a plain form.
_MADE_FROM = {"æ": "ae", "œ": "oe", "ø": "o", "ß": "ss", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
_MARKS = str.maketrans(
    {"’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-", "‑": "-"}
    | {"…": "...", "¡": None, "¿": None}
)


def spell(text: str, voice: Voice) -> str:
    """Give the text in the letters of the voice's language, digits and ASCII marks.

    Raises
    ------
    CannotSpeak : a character is none of these, nothing is left to say, or the text is longer than `TEXT_MAX`.
    """
    letters = ALPHABETS[voice.language.partition("-")[0]]
    plain = readable(text).translate(_MARKS)
    if len(plain) > TEXT_MAX:
        raise CannotSpeak(f"The text has {len(plain)} characters.", hint=f"Keep it within {TEXT_MAX}.")
    if not any(character.isalnum() for character in plain):
        raise CannotSpeak(f"There is nothing to say in {text!r}.", hint="Write it in words.")
    return "".join(_spelled(character, letters, text, voice) for character in plain)


def _spelled(character: str, letters: frozenset[str], text: str, voice: Voice) -> str:
    lower = character.lower()
    if lower in letters or (character.isascii() and not character.isalpha()):
        return character
    bases = "".join(c for c in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(c))
    made_from = _MADE_FROM.get(lower, bases)
    if not made_from or not letters.issuperset(made_from):
        raise CannotSpeak(
            f"The voice {voice.name} of {voice.engine} has no reading for '{character}' in '{text}'.",
            hint="Write it in the letters of the voice's language, or choose another --voice.",
        )
    return made_from.upper() if character.isupper() else made_from


def find_voice(name: str, voices: Iterable[Voice], engine: str) -> Voice:
    """Find a voice by name. Raises BadInput with the nearest name: the engines would speak with another voice."""
    known = {voice.name: voice for voice in voices}
    if name not in known:
        raise BadInput(f"{engine} has no voice '{name}'.", hint=did_you_mean(name, known))
    return known[name]
