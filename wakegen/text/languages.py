"""What a language tag means here: the espeak-ng voice, the accents, the scripts it reads."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from wakegen.core.errors import BadInput
from wakegen.core.names import did_you_mean, nearest
from wakegen.text.data_files import lines

_NO_SPACES = frozenset({"cmn", "yue", "ja", "th", "my", "shn"})
# Scripts whose Unicode character names start otherwise than the script is called.
_RENAMED = {"fullwidth": "latin", "halfwidth": "katakana", "ideographic": "cjk", "myanmar": "myanmar"}


@dataclass(frozen=True, slots=True)
class Language:
    """A language or a variety of one, as a phrase may name it."""

    tag: str  # also the name of the espeak-ng voice that speaks it by default
    base: str  # the tag up to the first hyphen: "en" of "en-us"
    name: str
    scripts: tuple[str, ...]  # as `script_of` names them
    other_tags: tuple[str, ...]
    lends_accent: bool  # its voice is used for a foreign accent of other languages

    @property
    def voice(self) -> str:
        """The espeak-ng voice that speaks this language by default."""
        return self.tag

    @property
    def has_spaces(self) -> bool:
        """Whether the written language puts spaces between words."""
        return self.base not in _NO_SPACES


@lru_cache(maxsize=1)
def all_languages() -> tuple[Language, ...]:
    """Give every language of the table, by tag."""
    return tuple(_row(line) for line in lines("languages.txt"))


def find_language(tag: str) -> Language:
    """Give the language of a tag; case and `_` for `-` do not matter.

    Raises
    ------
    BadInput : no such language; the hint names the nearest.
    """
    wanted = tag.strip().lower().replace("_", "-")
    known = _by_tag()
    if wanted in known:
        return known[wanted]
    base = wanted.split("-")[0]
    names = {one.name.split(" (")[0].lower(): one.tag for one in reversed(all_languages())}
    meant = [names[name] for name in nearest(wanted, names)] if base not in known else [base]
    hint = f"Did you mean '{meant[0]}' ({known[meant[0]].name})?" if meant else did_you_mean(wanted, known)
    raise BadInput(f"There is no language '{tag}' here.", hint=f"{hint} `wakegen voices list` shows them all.")


def native_voices(tag: str) -> tuple[str, ...]:
    """Give the espeak-ng voices that speak the language natively, the asked-for variety first.

    Other varieties count when they read the same scripts, so Persian in Latin letters is not one of Persian.
    """
    language = find_language(tag)
    others = (one.tag for one in all_languages() if one.base == language.base and one.scripts == language.scripts)
    return tuple(dict.fromkeys((language.voice, *others)))


def accent_voices(tag: str) -> tuple[str, ...]:
    """Give the voices of other languages that can speak phonemes of this one with a foreign accent."""
    base = find_language(tag).base
    return tuple(one.voice for one in all_languages() if one.lends_accent and one.base != base)


def script_of(text: str) -> str:
    """Guess the script of a text: that of most of its letters, in lower case ("latin", "cjk"); "" without letters."""
    counts = Counter(script for script in map(_script, text) if script)
    return counts.most_common(1)[0][0] if counts else ""


def scripts_of(text: str) -> set[str]:
    """Give the scripts of all letters of a text."""
    return {script for script in map(_script, text) if script}


def check_script(text: str, tag: str) -> None:
    """Refuse a text that the language does not read, before a voice spells it out or says it in English.

    Raises
    ------
    BadInput : a letter is of a script that the language is not written in.
    """
    language = find_language(tag)
    foreign = sorted(scripts_of(text) - set(language.scripts))
    if foreign:
        raise BadInput(
            f"'{text}' has letters of the {foreign[0]} script, which {language.name} is not written in.",
            hint=f"Write it in {' or '.join(language.scripts)} letters, give another --language, or give IPA: /…/.",
        )


@lru_cache(maxsize=4096)
def _script(symbol: str) -> str:
    if not symbol.isalpha():
        return ""
    first = unicodedata.name(symbol, "").split(" ")[0].split("-")[0].lower()
    if first in {"modifier", "feminine", "masculine", "superscript"}:
        return ""
    return _RENAMED.get(first, first)


@lru_cache(maxsize=1)
def _by_tag() -> dict[str, Language]:
    return {tag: one for one in all_languages() for tag in (*one.other_tags, one.tag)}


def _row(line: str) -> Language:
    tag, name, scripts, others, accent = (part.strip() for part in line.split("|"))
    other_tags = () if others == "-" else tuple(others.split())
    return Language(tag, tag.split("-")[0], name, tuple(scripts.split()), other_tags, accent == "accent")
