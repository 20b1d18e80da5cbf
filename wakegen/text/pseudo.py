"""Speech of a language without a word list: pseudo words of its phonemes, as IPA."""

from __future__ import annotations

import numpy as np

from wakegen.core.errors import BadInput
from wakegen.text.avoid import Avoid
from wakegen.text.lexicon import Split, split_of_word
from wakegen.text.phonemes import Words, flat, ipa_of
from wakegen.text.sounds import Sounds

_ROUNDS = 30


def draw_pseudo(
    sounds: Sounds,
    rng: np.random.Generator,
    count: int,
    split: Split,
    avoid: Avoid | None = None,
    *,
    words_range: tuple[int, int] = (4, 14),
) -> tuple[Words, ...]:
    """Draw `count` utterances of pseudo words (two to four syllables), each word in one split only.

    `sounds` is `Sounds.from_inventory(Espeak.inventory(language))` where there is no lexicon.

    Raises
    ------
    BadInput : nothing can be made of so few sounds without the phrase.
    """
    found: dict[str, Words] = {}
    for _ in range(_ROUNDS):
        missing = count - len(found)
        if missing <= 0:
            return tuple(found.values())[:count]
        drawn = [_utterance(sounds, rng, split, words_range) for _ in range(missing)]
        far = avoid.far([flat(words) for words in drawn]) if avoid else [True] * len(drawn)
        found |= {ipa_of(words): words for words, is_far in zip(drawn, far, strict=True) if is_far}
    raise BadInput(
        f"Only {len(found)} of {count} pseudo sentences could be made.",
        hint="Choose a longer phrase, or another language.",
    )


def _utterance(sounds: Sounds, rng: np.random.Generator, split: Split, words_range: tuple[int, int]) -> Words:
    least, most = words_range
    return tuple(_word(sounds, rng, split) for _ in range(int(rng.integers(least, most + 1))))


def _word(sounds: Sounds, rng: np.random.Generator, split: Split) -> tuple[str, ...]:
    """A word of the split: one in five words drawn is, so that a hundred tries always find one."""
    word: tuple[str, ...] = ()
    for _ in range(100):
        word = flat(sounds.syllable(rng) for _ in range(int(rng.integers(2, 5))))
        if split_of_word("".join(word)) == split:
            break
    return word
