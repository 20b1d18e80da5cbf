"""IPA as neural voices read it: from a fixed set of symbols, and everything else is dropped without a word.

So whatever a voice is to read passes through here first, and nothing that can be heard is lost.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from wakegen.core.errors import CannotSpeak
from wakegen.espeak import ipa
from wakegen.espeak.catalogue import Language, check_script

# Other ways to write a sound: ligatures as two sounds, and letters that look alike.
_SAME = {
    "ʤ": "dʒ", "ʧ": "tʃ", "ʦ": "ts", "ʣ": "dz", "ʨ": "tɕ", "ʥ": "dʑ", "g": "ɡ", "ɡ": "g", "ɫ": "l",
    "ʱ": "ʰ", "ε": "ɛ", "ᵻ": "ɪ", "ᵿ": "ʊ",
}  # fmt: skip
# What a listener takes for the same sound in another accent (wakegen.espeak.ipa: pairs below 0.4 are confused).
_NEAR = 0.35
# The shortest that a sound can be at rate 1. Of 150 words and sentences the shortest, with the silence around it, takes
# 76 ms a sound from Piper's joe; people speak up to twice as fast, but not thrice.
_SHORTEST_S = 0.025


def fitted(symbols: Iterable[str], known: frozenset[str]) -> list[str]:
    """Put IPA into the symbols of a voice.

    A symbol that the voice lacks becomes another way to write it (ʤ: dʒ), else the nearest sound that it has, as a
    speaker with that accent would say it; a mark or tone that it lacks is left off its sound, and so are
    punctuation and tie bars.

    Parameters
    ----------
    symbols : IPA, composed (NFC) or not (NFD) as the voice learned it: ç is one symbol, or c and its mark
    known : the voice's own symbols

    Raises
    ------
    CannotSpeak : a symbol is no sound of IPA, or none of the voice's sounds is near it; the message names it.
    """
    return [one for symbol in symbols for one in _known(symbol, known)]


@lru_cache(maxsize=4096)
def _known(symbol: str, known: frozenset[str]) -> tuple[str, ...]:
    if symbol in known:
        return (symbol,)
    if symbol in _SAME and known.issuperset(_SAME[symbol]):
        return tuple(_SAME[symbol])
    parts = unicodedata.normalize("NFD", symbol)
    if len(parts) > 1:
        return tuple(one for part in parts for one in _known(part, known))
    if symbol in ipa.FEATURES:
        return (_nearest(symbol, known),)
    if ipa.unknown(symbol) and unicodedata.category(symbol)[0] not in "PZ":
        raise CannotSpeak(
            f"This voice has no sound for '{symbol}' (U+{ord(symbol):04X}).", hint="Write it in other IPA symbols."
        )
    return ()


def _nearest(symbol: str, known: frozenset[str]) -> str:
    choices = sorted(one for one in known if one in ipa.FEATURES)
    best = min(choices, key=lambda one: ipa.phoneme_cost(symbol, one), default="")
    if not best or ipa.phoneme_cost(symbol, best) > _NEAR:
        raise CannotSpeak(
            f"This voice has no sound like '{symbol}'" + (f": the nearest is '{best}'." if best else "."),
            hint="Choose another --voice, or write the phrase with other sounds.",
        )
    return best


def as_espeak_writes(sounds: str) -> str:
    """Put IPA as espeak-ng, which the voices learned from, writes it.

    Stress stands before the vowel (ˈkɑtjə: kˈɑtjə), and there are no dots between syllables: those would end a sentence.
    """
    out, waiting = "", ""
    for symbol in unicodedata.normalize("NFC", sounds):
        if symbol in ipa.STRESS:
            waiting = symbol
        elif symbol.isspace():
            out, waiting = out + symbol, ""
        elif unicodedata.category(symbol)[0] != "P":
            out, waiting = (out + waiting + symbol, "") if ipa.is_vowel(symbol) else (out + symbol, waiting)
    return out


def count_sounds(symbols: Iterable[str]) -> int:
    """Count the symbols that are sounds or letters: neither marks nor punctuation."""
    return sum(unicodedata.category(symbol[0]) in ("Ll", "Lu", "Lt", "Lo") for symbol in symbols)


def check_letters(text: str, *, language: str) -> None:
    """Let pass a text that espeak-ng reads in this language. Raises CannotSpeak for letters of another script."""
    check_script(text, Language(language.lower(), language.lower(), "", "this voice's language", ()))


def check_length(seconds: float, *, sounds: int, rate: float, text: str, voice: str) -> None:
    """Let pass a clip that can hold its sounds. Raises CannotSpeak: the voice left most of them out."""
    if not sounds or seconds * rate < sounds * _SHORTEST_S:
        raise CannotSpeak(
            f"The voice {voice} says nothing, or not all, of '{text}': {seconds:.2f} s.",
            hint="Give the sounds as IPA between slashes: /heɪ kɑtjə/, or choose another --voice.",
        )
