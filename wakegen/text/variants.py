"""Ways to write, and ways to pronounce, one and the same phrase."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from wakegen.espeak.ipa import is_vowel
from wakegen.text.distance import phoneme_distance
from wakegen.text.languages import script_of
from wakegen.text.phonemes import Words, flat
from wakegen.text.phrase import Phrase
from wakegen.text.sounds import Sounds

MARKS = ("", ".", "!", "?", ",")
_WIDE_MARKS = ("", "。", "！", "？", "、")
_WIDE_SCRIPTS = frozenset({"cjk", "hiragana", "katakana"})
MOST_NOISE = 1.5  # steps; two noticeable edits make another phrase


def spelling_variants(phrase: Phrase) -> tuple[str, ...]:
    """Give ways to write the phrase for a synthesiser, the plain one first, without repeats.

    End marks change the melody, a comma or a hyphen the pause between words, capitals the stress of some voices.
    A phrase given in IPA alone has none.
    """
    if not phrase.words:
        return ()
    marks = _WIDE_MARKS if script_of(phrase.text) in _WIDE_SCRIPTS else MARKS
    bodies = dict.fromkeys(_bodies(phrase))
    return tuple(dict.fromkeys(body + mark for mark in marks for body in bodies))


def _bodies(phrase: Phrase) -> Iterator[str]:
    plain = " ".join(phrase.words)
    yield plain
    yield plain[:1].upper() + plain[1:]
    if len(phrase.words) > 1:
        yield ", ".join(phrase.words)
        yield "-".join(phrase.words)
        yield " ".join(word[:1].upper() + word[1:] for word in phrase.words)


def accent_noise(
    phonemes: Words, rng: np.random.Generator, sounds: Sounds, *, p_vowel: float = 0.2, p_consonant: float = 0.08
) -> Words:
    """Swap vowels (each with `p_vowel`) and consonants (`p_consonant`) for near ones, as real speakers vary.

    Nothing is lost or added, stress stays, and the whole stays within 1.5 steps of what came in: a swap that
    would lead further is not made.
    """
    plain = list(flat(phonemes))
    heard = list(plain)
    for at, phoneme in enumerate(plain):
        if rng.random() < (p_vowel if is_vowel(phoneme) else p_consonant):
            heard[at] = sounds.near(phoneme, rng)
            if phoneme_distance(heard, plain) > MOST_NOISE:
                heard[at] = phoneme
    parts = iter(heard)
    return tuple(tuple(next(parts) for _ in word) for word in phonemes)
