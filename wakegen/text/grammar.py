"""English sentences from templates with slots. Templates and content words each belong to one split."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from wakegen.text.data_files import items, lines, sections
from wakegen.text.lexicon import Split, split_of, split_of_word, word_list

_SLOT = re.compile(r"\{(\w+)\}")
_VOWEL_SOUND = re.compile(r"\b([Aa]) (?=[aeiou]|hono|hour|heir)(?!use|uni|one\b|once|euro|usual|ukr)", re.IGNORECASE)
# Closed sets, as little content as function words: all splits draw from the whole list.
SHARED_SLOTS = frozenset(["weekday", "month", "ordinal", "clock", "color", "material", "weather", "device", "room"])
_FORMS = {"act": ("act", "acts", "acted", "acting"), "go": ("go", "goes", "went", "going")}
_PLURALS = {"noun": "nouns", "animal": "animals", "person": "people"}
_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["-", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


@dataclass(frozen=True, slots=True)
class Grammar:
    """What one split may say."""

    templates: tuple[str, ...]
    commands: tuple[str, ...]
    slots: dict[str, tuple[str, ...]]  # of each slot that is a list, the words


@lru_cache(maxsize=3)
def english(split: Split) -> Grammar:
    """Give the English grammar of a split: no template and no content word of a slot is in two splits.

    The fixed words of templates and the closed sets (weekdays, rooms, colours …) are shared.
    """
    every = [line for group in sections("sentences_en.txt").values() for line in group]
    templates = tuple(line for line in every if split_of("template", line) == split)
    commands = tuple(line for line in lines("commands_en.txt") if split_of("command", line) == split)
    slots: dict[str, tuple[str, ...]] = {}
    for name in sections("words_en.txt"):
        entries = items("words_en.txt", name)
        mine = [one for one in entries if name in SHARED_SLOTS or split_of_word(one.split("/")[0]) == split]
        slots |= _slots_of(name, mine)
    words = word_list("en-us")[2000:12000]  # past the everyday words, before the odd ones
    slots["word"] = tuple(word for word in words if split_of_word(word) == split)
    return Grammar(templates, commands, slots)


def fill(template: str, grammar: Grammar, rng: np.random.Generator) -> str:
    """Put words into the slots of a template and write it as a sentence begins: with a capital."""

    def one(match: re.Match[str]) -> str:
        name = match.group(1)
        return _MADE[name](rng) if name in _MADE else pick(grammar.slots[name], rng)

    text = _VOWEL_SOUND.sub(r"\1n ", _SLOT.sub(one, template))
    start = next((at for at, symbol in enumerate(text) if symbol.isalpha()), 0)
    return text[:start] + text[start].upper() + text[start + 1 :]


def pick(choices: Sequence[str], rng: np.random.Generator) -> str:
    """Draw one, all alike likely."""
    return choices[int(rng.integers(len(choices)))]


def number_words(number: int) -> str:
    """Write 0 … 999,999 in English words: 342 is "three hundred forty-two"."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    unit, name = (100, "hundred") if number < 1000 else (1000, "thousand")
    many, rest = divmod(number, unit)
    return f"{number_words(many)} {name}" + (f" {number_words(rest)}" if rest else "")


def _slots_of(name: str, entries: list[str]) -> dict[str, tuple[str, ...]]:
    if name in _FORMS:
        forms = zip(*(entry.split("/") for entry in entries), strict=True)
        return dict(zip(_FORMS[name], map(tuple, forms), strict=True))
    found = {name: tuple(entry.split("/")[0] for entry in entries)}
    if name in _PLURALS:
        found[_PLURALS[name]] = tuple(map(_plural, entries))
    return found


def _plural(entry: str) -> str:
    single, _, plural = entry.partition("/")
    if plural:
        return plural
    if re.search(r"[^aeiou]y$", single):
        return single[:-1] + "ies"
    return single + ("es" if re.search(r"(s|x|z|ch|sh)$", single) else "s")


def _number(rng: np.random.Generator) -> str:
    """Small numbers are the most frequent, as in speech."""
    return number_words(int(2 + 998 * rng.random() ** 3))


def _few(rng: np.random.Generator) -> str:
    return number_words(int(rng.integers(2, 60)))


def _year(rng: np.random.Generator) -> str:
    century, rest = divmod(int(rng.integers(1705, 2000)), 100)
    return (
        f"{number_words(century)} {number_words(rest) if rest > 9 else 'hundred' if not rest else 'oh ' + _ONES[rest]}"
    )


def _digits(rng: np.random.Generator) -> str:
    return " ".join(_ONES[int(digit)] for digit in rng.integers(0, 10, int(rng.integers(3, 7))))


def _price(rng: np.random.Generator) -> str:
    whole, cents = _number(rng), int(rng.integers(0, 20)) * 5
    return f"{whole} dollars" + (f" and {number_words(cents)} cents" if cents else "")


def _percent(rng: np.random.Generator) -> str:
    return f"{number_words(int(rng.integers(2, 98)))} percent"


def _date(rng: np.random.Generator) -> str:
    month = pick(items("words_en.txt", "month"), rng)
    ordinal = pick(items("words_en.txt", "ordinal"), rng)
    return f"{month} {ordinal}" if rng.random() < 0.5 else f"the {ordinal} of {month}"


_MADE: dict[str, Callable[[np.random.Generator], str]] = {
    "number": _number, "few": _few, "year": _year, "digits": _digits, "price": _price, "percent": _percent, "date": _date,
}  # fmt: skip
