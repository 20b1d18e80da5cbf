"""Fluent speech without the phrase: sentences of 3 to 14 s, and utterances of a second or two."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput
from wakegen.text.avoid import Avoid
from wakegen.text.grammar import Grammar, english, fill, pick
from wakegen.text.languages import find_language
from wakegen.text.lexicon import FUNCTION_WORDS, Split, build_lexicon, has_word_list, split_of_word

# About 14 letters a second at an ordinary rate: 3 to 14 s.
SHORTEST_LETTERS, LONGEST_LETTERS = 45, 200
_FEWEST_WORDS, _MOST_WORDS = 4, 14
_FUNCTION_SHARE = 0.4  # of the words of a pseudo sentence; running text has about as many
_TAMED = 0.75  # exponent on word frequencies, so that rarer words come up too
_COMMAND_SHARE = 0.4  # of English short utterances
_ROUNDS = 60

_Maker = Callable[[np.random.Generator], str]
_FULL_STOPS = {"cjk": "。", "hiragana": "。", "devanagari": "।", "bengali": "।", "gurmukhi": "।", "oriya": "।"}


def draw_sentences(
    language: str, rng: np.random.Generator, count: int, split: Split, avoid: Avoid | None = None
) -> tuple[str, ...]:
    """Draw `count` different sentences of a split, none of which `avoid` objects to.

    English comes from a grammar; other languages get pseudo sentences, words drawn by frequency: wrong as grammar,
    right as sound. Content words of one split are in no other (but for the fixed words of English templates).

    Raises
    ------
    BadInput : no word list for the language (use `pseudo.draw_pseudo`), or `avoid` leaves next to nothing.
    """
    return _collect(_sentence_maker(language, split), rng, count, avoid)


def short_utterances(
    language: str, rng: np.random.Generator, count: int, split: Split, avoid: Avoid | None = None
) -> tuple[str, ...]:
    """Draw `count` different utterances of one to three random words, for English also short commands.

    Raises
    ------
    BadInput : as `draw_sentences`.
    """
    return _collect(_short_maker(language, split), rng, count, avoid)


def _collect(make: _Maker, rng: np.random.Generator, count: int, avoid: Avoid | None) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for _ in range(_ROUNDS):
        missing = count - len(found)
        if missing <= 0:
            return tuple(found)[:count]
        texts = list(dict.fromkeys(make(rng) for _ in range(missing + missing // 4 + 4)))
        found |= dict.fromkeys(avoid.keep(texts) if avoid else texts)
    raise BadInput(
        f"Only {len(found)} of {count} texts without the phrase could be made.",
        hint="The phrase is too short or too common a word: choose a longer one.",
    )


def _sentence_maker(language: str, split: Split) -> _Maker:
    tag = find_language(language).tag
    if tag.startswith("en-"):
        grammar = english(split)
        return lambda rng: _english_sentence(grammar, rng)
    return lambda rng: _pseudo_sentence(tag, split, rng)


def _short_maker(language: str, split: Split) -> _Maker:
    tag = find_language(language).tag
    if tag.startswith("en-"):
        grammar = english(split)
        return lambda rng: _english_short(grammar, tag, split, rng)
    return lambda rng: " ".join(_draw_words(tag, split, rng, int(rng.integers(1, 4)), function_share=0.1))


def _english_sentence(grammar: Grammar, rng: np.random.Generator) -> str:
    """One sentence, or two where one would be too short. Too long ones are drawn again."""
    while True:
        text = fill(pick(grammar.templates, rng), grammar, rng)
        if len(text) < SHORTEST_LETTERS or rng.random() < 0.15:
            text = f"{text} {fill(pick(grammar.templates, rng), grammar, rng)}"
        if len(text) <= LONGEST_LETTERS:
            return text


def _english_short(grammar: Grammar, tag: str, split: Split, rng: np.random.Generator) -> str:
    if rng.random() < _COMMAND_SHARE:
        return fill(pick(grammar.commands, rng), grammar, rng)
    return " ".join(_draw_words(tag, split, rng, int(rng.integers(1, 4)), function_share=0.1))


def _pseudo_sentence(tag: str, split: Split, rng: np.random.Generator) -> str:
    words = _draw_words(tag, split, rng, int(rng.integers(_FEWEST_WORDS, _MOST_WORDS + 1)), _FUNCTION_SHARE)
    script = find_language(tag).scripts[0]
    if len(words) > 7 and rng.random() < 0.5:
        words[len(words) // 2] += "、" if script in ("cjk", "hiragana") else ","
    text = " ".join(words)
    return text[0].upper() + text[1:] + _FULL_STOPS.get(script, "?" if rng.random() < 0.15 else ".")


def _draw_words(tag: str, split: Split, rng: np.random.Generator, count: int, function_share: float) -> list[str]:
    function, content = _pools(tag, split)
    chosen = []
    for is_function, place in zip(rng.random(count) < function_share, rng.random(count), strict=True):
        words, sums = function if is_function else content
        chosen.append(words[int(np.searchsorted(sums, place * sums[-1], side="right"))])
    return chosen


_Pool = tuple[tuple[str, ...], NDArray[np.float64]]  # words, running sums of their weights


@lru_cache(maxsize=32)
def _pools(tag: str, split: Split) -> tuple[_Pool, _Pool]:
    """The function words, shared, and the content words of the split."""
    if not has_word_list(tag):
        raise BadInput(
            f"There is no word list for {find_language(tag).name}, so no sentences.",
            hint="Negative speech of this language can be made of pseudo words only.",
        )
    lexicon = build_lexicon(tag, None)
    weights = lexicon.frequencies**_TAMED
    content = [at for at in range(FUNCTION_WORDS, len(lexicon.words)) if split_of_word(lexicon.words[at]) == split]
    function = range(min(FUNCTION_WORDS, len(lexicon.words)))
    return _pool(lexicon.words, weights, list(function)), _pool(lexicon.words, weights, content)


def _pool(words: tuple[str, ...], weights: NDArray[np.float64], chosen: list[int]) -> _Pool:
    return tuple(words[at] for at in chosen), np.cumsum(weights[chosen])
