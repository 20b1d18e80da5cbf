"""Between IPA and espeak-ng's own phoneme mnemonics, language by language.

Which mnemonics a language has stands in `espeak-ng-data/phontab`; what each sounds like is asked of the library
itself, by phonemizing [[mnemonic]] in a few surroundings and reading the IPA.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from wakegen.core.errors import CannotSpeak
from wakegen.espeak import ipa
from wakegen.espeak.catalogue import Language
from wakegen.espeak.phonemes import SEPARATOR, clean

_STRESS_TYPE, _VOWEL_TYPE, _LAST_TYPE = 1, 2, 8  # phoneme.h: 3 … 8 are the consonants
_FARTHEST = 0.6  # beyond that, "the nearest sound" would be another word
_TONE = re.compile(r"(?<=\D)\d+$")
_SUFFIXES = {"ː": ":", "ʲ": ";"}  # mnemonics of their own, which lengthen or soften the one before
_MARK = {"ˈ": "'", "ˌ": ","}

# Surroundings to ask a sound in, and which of the phonemes printed is then its own.
_VOWEL_PROBES = (("['{}|t|a]", 0), ("['a|t|{}|t|a]", 2), ("['a|t|{}]", 2))
_CONSONANT_PROBES = (("['a|{}|'a]", 1), ("[{}|'a]", 0), ("['a|{}]", 1))


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The sounds of one language: IPA to mnemonic, and the mnemonics of its tones."""

    language: str
    mnemonics: dict[str, str]
    tones: frozenset[str]


def read_phontab(data: bytes) -> dict[str, dict[str, int]]:
    """Read espeak-ng-data/phontab: for each table, the type of each mnemonic, those of its base tables included.

    Source: espeak-ng 1.52, synthdata.c (LoadPhData) and phoneme.h (PHONEME_TAB, 16 bytes).
    """
    tables: list[tuple[str, dict[int, tuple[str, int]]]] = []
    offset = 4
    for _ in range(data[0]):
        count, base = data[offset], data[offset + 1]
        name = data[offset + 4 : offset + 36].split(b"\0")[0].decode()
        offset += 36
        by_code = dict(tables[base - 1][1]) if base else {}
        for _ in range(count):
            mnemonic, _flags, _program, code, kind = struct.unpack_from("<4sIHBB", data, offset)
            by_code[code] = (mnemonic.rstrip(b"\0").decode("latin-1"), kind)
            offset += 16
        tables.append((name, by_code))
    return {name: dict(by_code.values()) for name, by_code in tables}


@lru_cache(maxsize=1)
def _tables(folder: Path) -> dict[str, dict[str, int]]:
    return read_phontab((folder / "phontab").read_bytes())


def table(language: Language, folder: Path) -> dict[str, int]:
    """Give the mnemonics of a language and their types (1 stress or tone, 2 vowel, 3 … 8 consonants)."""
    tables = _tables(folder)
    text = (folder / "lang" / language.identifier).read_text(encoding="utf-8", errors="replace")
    stated = re.search(r"^\s*phonemes\s+(\S+)", text, re.MULTILINE)
    names = [stated.group(1)] if stated else []
    names += [language.tag, language.tag.split("-")[0]]
    return next((tables[name] for name in names if name in tables), tables["base1"])


def tones(mnemonics: dict[str, int]) -> frozenset[str]:
    """Give the tone mnemonics among those of a language; none for most."""
    found = frozenset(name for name, kind in mnemonics.items() if kind == _STRESS_TYPE and name.isdigit())
    return found if len(found) >= 3 else frozenset()


def probes(mnemonics: dict[str, int]) -> list[tuple[str, int, str]]:
    """Give what to phonemize to learn the sounds: mnemonic, position of its phoneme, text."""
    out = []
    for name, kind in mnemonics.items():
        if _VOWEL_TYPE <= kind <= _LAST_TYPE and name.isascii() and not name.startswith(("_", "*")):
            surroundings = _VOWEL_PROBES if kind == _VOWEL_TYPE else _CONSONANT_PROBES
            out += [(name, position, f"[{pattern.format(name)}]") for pattern, position in surroundings]
    return [*out, *(("*", position, f"[{pattern.format('*')}]") for pattern, position in _CONSONANT_PROBES)]


def alphabet(
    language: str, asked: list[tuple[str, int, str]], heard: Sequence[tuple[str, str]], tone_names: frozenset[str]
) -> Alphabet:
    """Put together what the probes told: `heard` has, for each of them, its IPA and its mnemonics as printed.

    Of several mnemonics for a sound the plainest wins: one that stays itself wherever it stands, then the shortest.
    """
    best: dict[str, tuple[tuple[int, int, int, str], str]] = {}
    for order, ((name, position, _), (ipa_text, mnemonic_text)) in enumerate(zip(asked, heard, strict=True)):
        sounds, spelled = (_phones(text) for text in (ipa_text, mnemonic_text))
        if len(sounds) != len(spelled) or position >= len(sounds):
            continue
        sound = clean(sounds[position]).strip(ipa.STRESS)
        itself = spelled[position].strip("',=%") == name
        if not sound or ipa.unknown(sound) or not ipa.segments(sound):
            continue
        rank = (0 if itself else 1, len(name), order % 3, name)
        if sound not in best or rank < best[sound][0]:
            best[sound] = (rank, name)
    return Alphabet(language, {sound: name for sound, (_, name) in sorted(best.items())}, tone_names)


def _phones(text: str) -> list[str]:
    return [token for token in text.replace(" ", SEPARATOR).split(SEPARATOR) if token.strip("_|:;!,'=%" + ipa.STRESS)]


def split_ipa(word: str, known: Sequence[str] | frozenset[str]) -> tuple[str, ...]:
    """Split IPA without separators ("ˈkɑtjə") into phonemes; the longest known ones win, stress moves to its vowel.

    Raises
    ------
    CannotSpeak : a character is neither an IPA sound nor a mark of the table.
    """
    text = ipa.bare(word.translate({ord("'"): "ˈ", ord(","): "ˌ", ord("."): None, ord("‿"): None}).replace("g", "ɡ"))
    if strange := ipa.unknown(text.translate({ord(mark): None for mark in ipa.STRESS})):
        raise CannotSpeak(
            f"'{strange[0]}' in /{word}/ is not an IPA symbol that wakegen knows.", hint="Write IPA: /heɪ kɑtjə/."
        )
    stress, out, at = "", [], 0
    if word[:1] in ipa.STRESS:
        stress = word[0]
    for_length = {ipa.bare(phoneme): phoneme for phoneme in known}
    longest = max(map(len, for_length), default=1)
    while at < len(text):
        if text[at] in ipa.STRESS:
            stress, at = text[at], at + 1
            continue
        taken = next((text[at : at + n] for n in range(longest, 1, -1) if text[at : at + n] in for_length), text[at])
        end = at + len(taken)
        while end < len(text) and text[end] not in ipa.FEATURES and text[end] not in ipa.STRESS:
            end += 1  # its marks
        phoneme = for_length.get(text[at:end], text[at:end])
        if ipa.is_vowel(phoneme):
            phoneme, stress = stress + phoneme, ""
        out.append(phoneme)
        at = end
    return tuple(out)


def spell(words: Sequence[Sequence[str]], letters: Alphabet, *, nearest: bool) -> list[str]:
    """Give each word of IPA phonemes as mnemonics of a language; | keeps two from being read as one.

    Raises
    ------
    CannotSpeak : the language lacks a sound and `nearest` is false, or none is near; the message names the nearest.
    """
    return ["|".join(_spell_phoneme(phoneme, letters, nearest=nearest) for phoneme in word) for word in words]


def _spell_phoneme(phoneme: str, letters: Alphabet, *, nearest: bool) -> str:
    mark = _MARK.get(phoneme[:1], "")
    sound = phoneme.strip(ipa.STRESS)
    tone = _TONE.search(sound)
    if tone is not None and sound not in letters.mnemonics:
        sound = sound[: tone.start()]
        if tone.group() in letters.tones:
            return f"{mark}{'|'.join(_mnemonics(sound, letters, nearest=nearest))}|{tone.group()}"
    return mark + "|".join(_mnemonics(sound, letters, nearest=nearest))


def _mnemonics(sound: str, letters: Alphabet, *, nearest: bool) -> list[str]:
    """One mnemonic, or those of its parts: a language without the phoneme aɪ may well have a and ɪ."""
    sound = {"g": "ɡ"}.get(sound, sound)
    if sound in letters.mnemonics:
        return [letters.mnemonics[sound]]
    if sound[-1:] in _SUFFIXES and sound[:-1] in letters.mnemonics:
        return [letters.mnemonics[sound[:-1]], _SUFFIXES[sound[-1]]]
    whole = _nearest(sound, letters)
    parts = split_ipa(sound, ())
    near_parts = [_nearest(part, letters) for part in parts]
    parts_cost = sum(cost for cost, _ in near_parts) / max(1, len(parts))
    if parts and (parts_cost == 0 or (nearest and len(parts) > 1 and parts_cost < whole[0])):
        return [letters.mnemonics[found] for _, found in near_parts]
    if not nearest or whole[0] > _FARTHEST:
        raise CannotSpeak(
            f"The language '{letters.language}' has no sound /{sound}/; its nearest is /{whole[1]}/.",
            hint=f"Write /{whole[1]}/ instead, or choose another --language.",
        )
    return [letters.mnemonics[whole[1]]]


def _nearest(sound: str, letters: Alphabet) -> tuple[float, str]:
    return min((ipa.phoneme_cost(sound, known), known) for known in letters.mnemonics)
