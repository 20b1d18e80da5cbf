"""Which languages and variants espeak-ng has, under which names, and which scripts a language reads.

espeak-ng itself speaks on in another voice when a name is unknown, so every name is looked up here first.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

from wakegen.core.errors import BadInput, CannotSpeak
from wakegen.core.names import did_you_mean

# Scripts by language, as the first word of their characters' Unicode names; those not listed read LATIN.
_SCRIPTS = {
    "CYRILLIC": "ba be bg cv kk ky mk nog ru ru-cl ru-lv sr tt uk",
    "ARABIC": "ar fa ur sd ug", "HEBREW": "he", "GREEK": "el grc", "ARMENIAN": "hy hyw", "GEORGIAN": "ka",
    "ETHIOPIC": "am ti", "DEVANAGARI": "hi mr ne kok", "BENGALI": "bn as bpy", "GUJARATI": "gu", "GURMUKHI": "pa",
    "ORIYA": "or", "TAMIL": "ta", "TELUGU": "te", "KANNADA": "kn", "MALAYALAM": "ml", "SINHALA": "si", "THAI": "th",
    "MYANMAR": "my shn", "CHEROKEE": "chr", "HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja",
    "CJK": "cmn yue cmn-latn-pinyin yue-latn-jyutping", "SHAVIAN": "en-shaw",
    "LATIN": "sr cmn-latn-pinyin yue-latn-jyutping",
}  # fmt: skip

_TITLES = {"CJK": "Chinese characters"}


@dataclass(frozen=True, slots=True)
class Language:
    """A language of espeak-ng."""

    name: str  # the name of its file in lower case, "en-us": unique
    tag: str  # its first BCP 47 tag, "en-gb" for the language named "en"
    identifier: str  # what the library knows it by, "gmw/en-US"
    title: str  # "English (America)"
    tags: tuple[tuple[int, str], ...]  # all its tags, each with a priority: smaller is more typical

    @property
    def scripts(self) -> frozenset[str]:
        """The scripts it reads, as first words of Unicode character names."""
        found = frozenset(script for script, names in _SCRIPTS.items() if self.name in names.split())
        return found or frozenset(("LATIN",))


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant voice: another timbre for any language."""

    name: str  # "f3"
    gender: str  # "male", "female" or "unknown"
    kind: str  # "formant" or "klatt"
    toy: bool


# Effects and jokes rather than people.
_TOYS = "whisper whisperf demonic unirobot anikarobot robosoft fast croak announcer"


def languages(greeting: dict[str, Any]) -> tuple[Language, ...]:
    """Read the library's list of voices, sorted by name."""
    found = []
    for entry in greeting["voices"]:
        tags = tuple((priority, tag.lower()) for priority, tag in entry["tags"])
        name = entry["identifier"].rsplit("/", 1)[-1].lower()
        found.append(Language(name, tags[0][1], entry["identifier"], entry["name"].strip(), tags))
    return tuple(sorted(found, key=lambda language: language.name))


def find_language(name: str, known: tuple[Language, ...]) -> Language:
    """Find a language by its name or a BCP 47 tag ("en-GB", "pt_br", "zh"); of several, the most typical one.

    Raises
    ------
    BadInput : no language has that name or tag; the hint names the nearest.
    """
    wanted = name.lower().replace("_", "-")
    by_name = {language.name: language for language in known}
    if wanted in by_name:
        return by_name[wanted]
    tagged = [(priority, language.name) for language in known for priority, tag in language.tags if tag == wanted]
    if tagged:
        return by_name[min(tagged)[1]]
    names = {*by_name, *(tag for language in known for _, tag in language.tags)}
    raise BadInput(f"espeak-ng has no language '{name}'.", hint=did_you_mean(name, names))


def variants(greeting: dict[str, Any], files: dict[str, str]) -> tuple[Variant, ...]:
    """Read the library's list of variants; `files` holds the text of each variant's file by name."""
    names = sorted(entry["identifier"].split("/", 1)[1] for entry in greeting["variants"])
    return tuple(_variant(name, files.get(name, "")) for name in names)


def _variant(name: str, text: str) -> Variant:
    words = {key: rest.split() for key, _, rest in (line.strip().partition(" ") for line in text.splitlines())}
    stated = words.get("gender", [""])[:1]
    gender = stated[0].lower() if stated and stated[0].lower() in ("male", "female") else "unknown"
    toy = name.lower().rstrip("0123456789") in _TOYS.split()
    return Variant(name, gender, "klatt" if "klatt" in words else "formant", toy)


def check_script(text: str, language: Language) -> None:
    """Let pass what the language can read.

    Raises
    ------
    CannotSpeak : nothing to say (no letter, no digit), or a letter of a foreign script, which espeak-ng would spell
        by its name ("Chinese letter") or read as English.
    """
    if not any(unicodedata.category(character)[0] in "LN" for character in text):
        raise CannotSpeak(f"There is nothing to say in {text!r}: no letter and no digit.", hint="Write it in words.")
    scripts = language.scripts
    for character in text:
        if unicodedata.category(character) in ("Lu", "Ll", "Lt", "Lo") and _script(character) not in scripts | {""}:
            reads = " and ".join(sorted(_TITLES.get(script, script.capitalize()) for script in scripts))
            raise CannotSpeak(
                f"'{text}' holds '{character}', which {language.title} ({language.name}) does not read: it reads {reads}.",
                hint="Choose the --language of that script, or give the sounds as IPA between slashes: /heɪ kɑtjə/.",
            )


def _script(character: str) -> str:
    name = unicodedata.name(character, "UNNAMED")
    return name.replace("-", " ").split(" ", 1)[0]


def readable(text: str) -> str:
    """Give the text as the library should see it: composed, plain forms, no control characters."""
    folded = unicodedata.normalize("NFC", text)
    return " ".join("".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Cn", "Co") else c for c in folded).split())
