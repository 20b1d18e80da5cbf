"""How risky a phrase is, before anything is made: what speaks against it, each reason with its evidence.

All of it is a rule of thumb from spelling, sounds and word lists. What a detector does is measured, not foretold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from wakegen.espeak.ipa import STRESS, bare
from wakegen.text.data_files import lines
from wakegen.text.distance import distances, is_weak, phoneme_distance, window_distances
from wakegen.text.how_often import Near, Rate, Word, heard_in, near_to, pull, said, times, words_of
from wakegen.text.lexicon import Lexicon
from wakegen.text.phonemes import Phonemize, flat, ipa_of, syllables
from wakegen.text.phrase import FEW_PHONEMES, Phrase

Level = Literal["low", "medium", "high"]
_POINTS: dict[Level, int] = {"low": 0, "medium": 1, "high": 3}

# Six phonemes and three syllables: Picovoice, "Tips for choosing a wake word" (2019).
_PHONEMES, _SYLLABLES = 6, 3
# A detector hears 1.98 s at once: seven syllables of a slow speaker (3.5 a second), nine of an ordinary one.
# "No longer than two seconds, four to seven syllables": Microsoft, "Guidelines for keyword recognition".
_MOST_SYLLABLES, _FAR_TOO_MANY = 7, 9
# Times an hour, (medium, high). A detector is allowed 0.5 false accepts an hour by default.
_SAID = (0.02, 0.2)
_HEARD = (0.05, 1.0)
_NEAR = (0.25, 2.0)  # of `pull`, summed: set so that phrases known to work (hey jarvis, okay nabu) stay below
_EVERYDAY_PER_HOUR = 0.28  # Zipf 4.5, from which `parse_phrase` calls a word common
# The softest sounds: relative power 1 (θ), 5 (f), 11 (ð), 12 (v), against 680 (ɔ): Fletcher (1953); h by judgement.
_SOFT = frozenset("θfðvhɸβɦ")
_SOFT_SHARE = 0.5
_ALIKE = 0.3  # steps between two syllables that sound the same
_RIVAL_NEAR = 1.5  # steps; as near as a negative may come
_RIVAL_HELD, _RIVAL_PHONEMES = 0.3, 4  # steps to a stretch; shorter rivals ("echo") are in too many words by chance
_SHOWN, _KEPT = 3, 20


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks against a phrase."""

    name: str  # "short", "long", "said", "heard", "near", "rival", "repeats" or "soft"
    level: Level
    text: str  # the evidence, a sentence or two


@dataclass(frozen=True, slots=True)
class Risk:
    """What can be said about a phrase without making anything."""

    level: Level  # that of the worst reason; "low": there is none
    points: int  # 1 for each medium reason, 3 for each high one: to compare phrases
    phonemes: int
    syllables: int
    words: tuple[Word, ...]
    rate: Rate  # of the whole phrase
    reasons: tuple[Reason, ...]  # the worst first
    heard: tuple[Near, ...]  # words that sound like it or hold it, the 20 most frequent
    near: tuple[Near, ...]  # words and pairs within two steps, the 20 that count most
    notes: tuple[str, ...]  # what could not be judged


def assess(phrase: Phrase, lexicon: Lexicon, phonemize: Phonemize) -> Risk:
    """Judge a phrase. `lexicon` is that of its language, with phonemes; empty if there is no word list."""
    words, parts = words_of(phrase, lexicon), syllables(phrase.flat)
    heard = heard_in(phrase, lexicon)
    near = near_to(phrase, lexicon, words, heard)
    rate = said(words) if lexicon.words else Rate(0.0, 0.0)
    found = [
        *_short(len(phrase.flat), len(parts)),
        *_long(len(parts)),
        *_said(words, rate),
        *_heard(heard, words),
        *_near(near),
        *_rivals(phrase, phonemize),
        *_repeats(parts),
        *_soft(phrase.flat),
    ]
    reasons = tuple(sorted(found, key=lambda reason: -_POINTS[reason.level]))
    return Risk(
        level=reasons[0].level if reasons else "low",
        points=sum(_POINTS[reason.level] for reason in reasons),
        phonemes=len(phrase.flat),
        syllables=len(parts),
        words=words,
        rate=rate,
        reasons=reasons,
        heard=heard[:_KEPT],
        near=near[:_KEPT],
        notes=_notes(phrase, lexicon),
    )


def _notes(phrase: Phrase, lexicon: Lexicon) -> tuple[str, ...]:
    if not lexicon.words:
        return ("There is no word list for this language: whether it is common, or near common words, was not judged.",)
    if not phrase.words:
        return ("The words were guessed from the sounds: give letters too, and they are known.",)
    return ()


def _short(phonemes: int, parts: int) -> Iterator[Reason]:
    if phonemes >= _PHONEMES and parts >= _SYLLABLES:
        return
    level: Level = "high" if phonemes < FEW_PHONEMES or parts == 1 else "medium"
    length = f"{_many(phonemes, 'phoneme')} and {_many(parts, 'syllable')}"
    yield Reason("short", level, f"It is short: {length}. Six and three are the least advised.")


def _long(parts: int) -> Iterator[Reason]:
    if parts > _MOST_SYLLABLES:
        level: Level = "high" if parts > _FAR_TOO_MANY else "medium"
        yield Reason(
            "long", level, f"It is long: {parts} syllables. A detector hears two seconds, slow speakers need more."
        )


def _said(words: Sequence[Word], rate: Rate) -> Iterator[Reason]:
    level = _level(rate.likely, _SAID)
    if level == "low" and rate.most >= _EVERYDAY_PER_HOUR:
        level = "medium"
    if level == "low":
        return
    if len(words) == 1:
        text = f"'{words[0].text}' is said about {times(rate.most)} times in an hour of speech."
    else:
        between = f"{times(rate.least)} (by chance) to {times(rate.most)} (at most) times in an hour of speech"
        text = f"Its words are everyday ones, and may come together: {between}."
    yield Reason("said", level, text)


def _heard(heard: Sequence[Near], words: Sequence[Word]) -> Iterator[Reason]:
    itself = {word.text.casefold() for word in words} if len(words) == 1 else set()
    others = [one for one in heard if one.text not in itself]
    together = sum(one.per_hour for one in others)
    level = _level(together, _HEARD)
    if level != "low":
        text = f"Other words sound like it or hold it: {_some(others)}; {times(together)} times in an hour of speech."
        yield Reason("heard", level, text)


def _near(near: Sequence[Near]) -> Iterator[Reason]:
    level = _level(sum(map(pull, near)), _NEAR)
    if level != "low":
        told = "; ".join(
            f"'{one.text}' {one.distance:.1f} steps off, {times(one.per_hour)} an hour" for one in near[:3]
        )
        yield Reason("near", level, f"Common speech is near it: {told}.")


def _rivals(phrase: Phrase, phonemize: Phonemize) -> Iterator[Reason]:
    texts = lines("rivals.txt")
    sounds = [flat(words) for words in phonemize(texts, "en-us")]
    apart = distances(sounds, phrase.flat)
    spelled = f" {' '.join(phrase.words).casefold()} "
    found = {
        text: float(apart[at])
        for at, text in enumerate(texts)
        if apart[at] < _RIVAL_NEAR or f" {text} " in spelled or _holds(sounds[at], phrase.flat)
    }
    if found:
        named = sorted(found, key=lambda text: found[text])
        yield Reason("rival", "medium", f"It shares its sound with what wakes other devices: {_list(named)}.")


def _holds(rival: Sequence[str], phrase: Sequence[str]) -> bool:
    """Say whether one of the two is in the other, by its sound."""
    shorter, longer = sorted((rival, phrase), key=len)
    if len(shorter) < _RIVAL_PHONEMES:
        return False
    return bool(window_distances([longer], shorter)[0] < _RIVAL_HELD)


def _repeats(parts: Sequence[tuple[str, ...]]) -> Iterator[Reason]:
    same = [(a, b) for a, b in combinations(parts, 2) if phoneme_distance(a, b) < _ALIKE]
    if same:
        first, second = (ipa_of([[phoneme.lstrip(STRESS) for phoneme in part]]) for part in same[0])
        text = f"A syllable comes twice ({first}, {second}): that adds length, not difference."
        yield Reason("repeats", "medium", text)


def _soft(phonemes: Sequence[str]) -> Iterator[Reason]:
    soft = [phoneme for phoneme in phonemes if is_weak(phoneme) or bare(phoneme)[:1] in _SOFT]
    if len(soft) >= _SOFT_SHARE * len(phonemes):
        kinds = ", ".join(dict.fromkeys(map(bare, soft)))
        yield Reason("soft", "medium", f"{len(soft)} of {len(phonemes)} sounds are soft ({kinds}): noise covers them.")


def _level(value: float, limits: tuple[float, float]) -> Level:
    medium, high = limits
    return "high" if value >= high else "medium" if value >= medium else "low"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _some(found: Sequence[Near]) -> str:
    return _list([one.text for one in found])


def _list(texts: Sequence[str]) -> str:
    """Name three, and say how many more there are."""
    named = ", ".join(f"'{text}'" for text in texts[:_SHOWN])
    more = len(texts) - _SHOWN
    return f"{named} and {more} more" if more > 0 else named
