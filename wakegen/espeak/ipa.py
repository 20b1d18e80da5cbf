"""How alike two IPA phonemes are: a feature table and one cost.

The features are those of the IPA chart (International Phonetic Association, 2020). The weights are judgement,
set so that pairs that listeners confuse (s/θ, m/n, ɪ/i: Miller and Nicely 1955; Peterson and Barney 1952) come out
below 0.4 and pairs that nobody confuses (a/k, s/o) at 1.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

STRESS = "ˈˌ"
_LENGTH = {"ː": 1.0, "ˑ": 0.5, "̆": -0.5}
# Marks that modify the sound before them, and what a difference in that mark costs.
_MARKS = {
    "ʲ": 0.15, "ʷ": 0.15, "ʰ": 0.1, "ʱ": 0.1, "ˤ": 0.2, "ˠ": 0.1, "ʼ": 0.1, "̃": 0.2, "̩": 0.05, "̯": 0.05, "̥": 0.1,
    "̊": 0.1, "̬": 0.1, "̪": 0.03, "̺": 0.03, "̻": 0.03, "̝": 0.05, "̞": 0.05, "̠": 0.05, "̟": 0.05, "̈": 0.1, "˞": 0.15,
    "̰": 0.1, "̤": 0.1, "̚": 0.05, "ⁿ": 0.15, "ˡ": 0.15, "̴": 0.1, "̹": 0.05, "̜": 0.05, "ᵊ": 0.05, "̍": 0.05, "ᵝ": 0.1,
    "˥": 0.1, "˦": 0.1, "˧": 0.1, "˨": 0.1, "˩": 0.1, "↓": 0.1, "↑": 0.1, "1": 0.1, "2": 0.1, "3": 0.1, "4": 0.1,
    "5": 0.1, "6": 0.1, "7": 0.1, "¹": 0.1, "²": 0.1, "³": 0.1, "⁴": 0.1, "⁵": 0.1, "⁶": 0.1, "⁷": 0.1, "͡": 0.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Vowel:
    """A vowel: height 0 close … 1 open, backness 0 front … 1 back."""

    height: float
    backness: float
    rounded: bool = False
    rhotic: bool = False


@dataclass(frozen=True, slots=True)
class Consonant:
    """A consonant: place 0 lips … 1 glottis."""

    manner: str
    place: float
    voiced: bool
    sibilant: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """One sound with its marks, as a phoneme decomposes into them."""

    sound: Vowel | Consonant
    length: float  # in long marks: 0 plain, 1 long, −0.5 extra short
    marks: frozenset[str]


# fmt: off
_PLACES = {
    "labial": 0.0, "labiodental": 0.1, "dental": 0.25, "alveolar": 0.3, "postalveolar": 0.4, "retroflex": 0.45,
    "palatal": 0.55, "velar": 0.7, "uvular": 0.8, "pharyngeal": 0.9, "glottal": 1.0,
}
_CONSONANTS = {  # manner: place: "voiceless voiced"; "-" where there is none
    "plosive": {"labial": "p b", "alveolar": "t d", "retroflex": "ʈ ɖ", "palatal": "c ɟ", "velar": "k ɡ",
                "uvular": "q ɢ", "pharyngeal": "ʡ -", "glottal": "ʔ -"},
    "implosive": {"labial": "ɓ̥ ɓ", "alveolar": "- ɗ", "retroflex": "- ᶑ", "palatal": "- ʄ", "velar": "- ɠ",
                  "uvular": "- ʛ"},
    "click": {"labial": "ʘ -", "dental": "ǀ -", "alveolar": "ǃ -", "postalveolar": "ǁ -", "palatal": "ǂ -"},
    "nasal": {"labial": "- m", "labiodental": "- ɱ", "alveolar": "- n", "retroflex": "- ɳ", "palatal": "- ɲ",
              "velar": "- ŋ", "uvular": "- ɴ"},
    "trill": {"labial": "- ʙ", "alveolar": "- r", "uvular": "- ʀ"},
    "tap": {"labiodental": "- ⱱ", "alveolar": "- ɾ", "retroflex": "- ɽ", "postalveolar": "- ɺ"},
    "fricative": {"labial": "ɸ β", "labiodental": "f v", "dental": "θ ð", "alveolar": "s z", "postalveolar": "ʃ ʒ",
                  "retroflex": "ʂ ʐ", "palatal": "ç ʝ", "velar": "x ɣ", "uvular": "χ -", "pharyngeal": "ħ ʕ",
                  "glottal": "h ɦ"},
    "lateral fricative": {"alveolar": "ɬ ɮ"},
    "approximant": {"labiodental": "- ʋ", "alveolar": "- ɹ", "retroflex": "- ɻ", "palatal": "- j", "velar": "- ɰ",
                    "uvular": "- ʁ"},
    "lateral": {"alveolar": "- l", "retroflex": "- ɭ", "palatal": "- ʎ", "velar": "- ʟ"},
}
_MORE_CONSONANTS = {
    "w": Consonant("approximant", 0.12, True), "ʍ": Consonant("approximant", 0.12, False),
    "ɥ": Consonant("approximant", 0.5, True), "ɕ": Consonant("fricative", 0.47, False, True),
    "ʑ": Consonant("fricative", 0.47, True, True), "ɫ": Consonant("lateral", 0.4, True),
    "ɧ": Consonant("fricative", 0.62, False), "ʜ": Consonant("fricative", 0.93, False),
    "ʢ": Consonant("fricative", 0.93, True),
}
_VOWELS = {  # height: symbols, each with backness and roundness
    0.0: "i0 y0r ɨ.5 ʉ.5r ɯ1 u1r", 0.17: "ɪ.15 ʏ.15r ᵻ.45 ʊ.85r ᵿ.7r", 0.33: "e0 ø0r ɘ.5 ɵ.5r ɤ1 o1r", 0.5: "ə.5",
    0.67: "ɛ0 œ0r ɜ.5 ɞ.5r ʌ.8 ɔ1r", 0.83: "æ0 ɐ.5", 1.0: "a.2 ɶ0r ɑ1 ɒ1r",
}
_MANNER_COST = {
    "fricative plosive": 0.45, "nasal plosive": 0.6, "approximant plosive": 0.7, "plosive tap": 0.25,
    "plosive trill": 0.4, "lateral plosive": 0.6, "implosive plosive": 0.1, "click plosive": 0.4,
    "approximant fricative": 0.45, "fricative nasal": 0.7, "fricative trill": 0.4, "fricative tap": 0.4,
    "fricative lateral": 0.55, "fricative lateral fricative": 0.2, "lateral lateral fricative": 0.3,
    "approximant nasal": 0.65, "approximant trill": 0.2, "approximant tap": 0.2, "approximant lateral": 0.35,
    "lateral nasal": 0.4, "nasal tap": 0.5, "nasal trill": 0.6, "lateral tap": 0.3, "lateral trill": 0.35,
    "tap trill": 0.1,
}
# fmt: on
_SIBILANTS = "szʃʒʂʐ"


def _table() -> dict[str, Vowel | Consonant]:
    table: dict[str, Vowel | Consonant] = {}
    for manner, row in _CONSONANTS.items():
        for place, pair in row.items():
            for symbol, voiced in zip(pair.split(), (False, True), strict=True):
                if symbol != "-":
                    table[symbol] = Consonant(manner, _PLACES[place], voiced, symbol in _SIBILANTS)
    for height, entries in _VOWELS.items():
        for entry in entries.split():
            table[entry[0]] = Vowel(height, float(entry[1:].rstrip("r")), entry.endswith("r"))
    table |= _MORE_CONSONANTS
    table |= {"ɚ": Vowel(0.5, 0.5, rhotic=True), "ɝ": Vowel(0.6, 0.5, rhotic=True), "g": table["ɡ"]}
    del table["ɓ̥"]  # two code points: the mark does that
    return table


FEATURES: dict[str, Vowel | Consonant] = _table()


def bare(phoneme: str) -> str:
    """Give the phoneme without its stress mark, in the normal form that this module reads."""
    parts = unicodedata.normalize("NFD", phoneme.strip(STRESS))
    return parts.replace("c\u0327", "\u00e7").replace("a\u0308", "a")


@lru_cache(maxsize=4096)
def segments(phoneme: str) -> tuple[Segment, ...]:
    """Split a phoneme (a diphthong, an affricate, a sound with marks) into its sounds; stress is dropped.

    Characters that are neither a sound nor a known mark are dropped too: see `unknown`.
    """
    out: list[Segment] = []
    for symbol in bare(phoneme):
        if symbol in FEATURES:
            out.append(Segment(FEATURES[symbol], 0.0, frozenset()))
        elif out and symbol in _LENGTH:
            out[-1] = Segment(out[-1].sound, out[-1].length + _LENGTH[symbol], out[-1].marks)
        elif out and symbol in _MARKS:
            out[-1] = Segment(out[-1].sound, out[-1].length, out[-1].marks | {symbol})
    return tuple(out)


def unknown(phoneme: str) -> str:
    """Give the characters of a phoneme that this table has no features for ("" when it knows all)."""
    known = FEATURES.keys() | _LENGTH.keys() | _MARKS.keys()
    return "".join(symbol for symbol in bare(phoneme) if symbol not in known)


def is_vowel(phoneme: str) -> bool:
    """Say whether the phoneme is a vowel or a diphthong (its first sound is a vowel)."""
    parts = segments(phoneme)
    return bool(parts) and isinstance(parts[0].sound, Vowel)


@lru_cache(maxsize=65536)
def phoneme_cost(a: str, b: str) -> float:
    """Give how different two phonemes are: 0 the same, 1 clearly different. Symmetric; stress does not count.

    Diphthongs and affricates are compared sound by sound, so that eɪ is near e and tʃ near both t and ʃ.
    """
    if bare(a) == bare(b):
        return 0.0
    left, right = segments(a), segments(b)
    if not left or not right:
        return 1.0
    return min(1.0, _aligned(left, right) / max(len(left), len(right)))


def _aligned(left: tuple[Segment, ...], right: tuple[Segment, ...]) -> float:
    """Edit distance over sounds; a sound that has no partner costs a half."""
    row = [0.5 * j for j in range(len(right) + 1)]
    for i, a in enumerate(left, start=1):
        above, row = row, [0.5 * i]
        for j, b in enumerate(right, start=1):
            row.append(min(above[j] + 0.5, row[j - 1] + 0.5, above[j - 1] + _segment_cost(a, b)))
    return row[-1]


def _segment_cost(a: Segment, b: Segment) -> float:
    marks = sum(_MARKS[mark] for mark in a.marks ^ b.marks)
    return min(1.0, _sound_cost(a.sound, b.sound) + 0.1 * abs(a.length - b.length) + marks)


def _sound_cost(a: Vowel | Consonant, b: Vowel | Consonant) -> float:
    if isinstance(a, Vowel) and isinstance(b, Vowel):
        shape = 0.75 * abs(a.height - b.height) + 0.5 * abs(a.backness - b.backness)
        return min(1.0, shape + 0.15 * (a.rounded != b.rounded) + 0.15 * (a.rhotic != b.rhotic))
    if isinstance(a, Consonant) and isinstance(b, Consonant):
        manner = 0.0 if a.manner == b.manner else _MANNER_COST.get(" ".join(sorted((a.manner, b.manner))), 0.8)
        place = 0.6 * math.sqrt(abs(a.place - b.place))
        return min(1.0, manner + place + 0.25 * (a.voiced != b.voiced) + 0.15 * (a.sibilant != b.sibilant))
    vowel, consonant = (a, b) if isinstance(a, Vowel) else (b, a)
    assert isinstance(vowel, Vowel)
    assert isinstance(consonant, Consonant)
    return _glide_cost(vowel, consonant)


def _glide_cost(vowel: Vowel, consonant: Consonant) -> float:
    """A glide is nearly the close vowel of its place: j and i, w and u; ɹ is near a rhotic vowel."""
    if consonant.manner != "approximant" or not consonant.voiced:
        return 1.0
    if vowel.rhotic:
        return 0.35 if 0.25 < consonant.place < 0.5 else 1.0
    at_lips = consonant.place == 0.12
    partner = Vowel(0.0, 1.0 if at_lips else 0.0, at_lips)
    return min(1.0, 0.3 + _sound_cost(vowel, partner)) if at_lips or consonant.place >= 0.5 else 1.0
