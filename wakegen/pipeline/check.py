"""A phrase before anything is made of it: how risky it is, how engines say it, and what to say instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from wakegen.core.errors import BadInput, EngineError
from wakegen.espeak import Espeak
from wakegen.pipeline.check_voices import Spoken, speak_with_each
from wakegen.pipeline.material import lexicon_of
from wakegen.report.check_text import text
from wakegen.text.data_files import items, sections
from wakegen.text.languages import find_language, native_voices
from wakegen.text.phonemes import ipa_of
from wakegen.text.phrase import Phrase, parse_phrase, spelled_words
from wakegen.text.risk import Level, Risk, assess
from wakegen.text.variants import spelling_variants

_OFFERS = 3

_Judge = Callable[[Phrase], Risk]


@dataclass(frozen=True, slots=True)
class Reading:
    """How varieties of the language read the phrase."""

    ipa: str
    varieties: tuple[str, ...]  # language tags, the asked-for one first


@dataclass(frozen=True, slots=True)
class Spelling:
    """Another way to write the phrase, which is read differently."""

    text: str
    ipa: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A less risky phrase, made with another first word."""

    text: str
    level: Level
    points: int
    reasons: tuple[str, ...]  # what still speaks against it: names of reasons


@dataclass(frozen=True, slots=True)
class Checked:
    """All that can be said about a phrase before it is made."""

    phrase: str
    language: str
    ipa: str
    paste: str  # the phrase with its sounds, as every command takes it: edit the sounds where they are wrong
    risk: Risk
    readings: tuple[Reading, ...]  # of its letters by espeak-ng; none of IPA alone
    spellings: tuple[Spelling, ...]
    offers: tuple[Offer, ...]  # none for a phrase of low risk
    engines: tuple[Spoken, ...]
    exit_code: int = 0

    def without_files(self) -> Checked:
        """Forget where the samples are, once they are gone."""
        return replace(self, engines=tuple(replace(one, file=None) for one in self.engines))

    def to_json(self) -> dict[str, Any]:
        """Give all of it as JSON knows it."""
        document = asdict(self)
        del document["exit_code"]
        document["engines"] = [one | {"file": one["file"] and str(one["file"])} for one in document["engines"]]
        document["risk"]["rate"]["likely"] = self.risk.rate.likely
        return document

    def to_text(self) -> str:
        """Give what a person wants to read first."""
        return text(self.to_json())


def check_phrase(phrase: str, *, language: str = "en", out: Path | None = None) -> Checked:
    """Say how risky a phrase is, how it is pronounced, and what would be less risky.

    Parameters
    ----------
    phrase : as `make` takes it: "hey katya", "/hˈeɪ kˈatjə/", or both, "hey katya /hˈeɪ kˈatjə/"
    out : the folder for one WAV by each engine that can be used now; None: nothing is spoken

    Raises
    ------
    BadInput : unknown language; nothing to say; letters that the language does not read; IPA that is none.
    StorageError : `out` cannot be written.
    """
    with Espeak() as espeak:
        parsed = parse_phrase(phrase, language, espeak.phonemes, espeak.split_ipa)
        lexicon = lexicon_of(parsed.language, espeak)

        def judge(one: Phrase) -> Risk:
            return assess(one, lexicon, espeak.phonemes)

        risk, ipa = judge(parsed), ipa_of(parsed.phonemes)
        return Checked(
            phrase=parsed.text or parsed.ipa,
            language=parsed.language,
            ipa=ipa,
            paste=f"{parsed.text} /{ipa}/".lstrip(),
            risk=risk,
            readings=_readings(parsed, espeak),
            spellings=_spellings(parsed, espeak),
            offers=_offers(parsed, risk, espeak, judge),
            engines=speak_with_each(parsed, out),
        )


def _readings(phrase: Phrase, espeak: Espeak) -> tuple[Reading, ...]:
    """Let each variety of the language read the letters, and put those together that read alike."""
    found: dict[str, list[str]] = {}
    for variety in native_voices(phrase.language) if phrase.words else ():
        for ipa in _read(phrase.text, variety, espeak):
            found.setdefault(ipa, []).append(variety)
    return tuple(Reading(ipa, tuple(varieties)) for ipa, varieties in found.items())


def _spellings(phrase: Phrase, espeak: Espeak) -> tuple[Spelling, ...]:
    """Give the other ways to write it that change its sounds; a pause or a hyphen alone changes none."""
    variants = spelling_variants(phrase)
    heard: dict[str, Spelling] = {}
    for variant in variants:
        for ipa in _read(variant, phrase.language, espeak):
            heard.setdefault(ipa.replace(" ", ""), Spelling(variant, ipa))
    return tuple(one for one in heard.values() if one.text != variants[0])


def _read(letters: str, variety: str, espeak: Espeak) -> Iterator[str]:
    """Give how a variety reads a text; nothing where it cannot."""
    try:
        yield ipa_of(espeak.phonemes([letters], variety)[0])
    except EngineError:
        return


def _offers(phrase: Phrase, risk: Risk, espeak: Espeak, judge: _Judge) -> tuple[Offer, ...]:
    """Put each greeting of the language first, and give the least risky phrases of those that are less risky."""
    if risk.level == "low":
        return ()
    found = []
    for longer in _with_openers(phrase, espeak):
        try:
            other = judge(parse_phrase(longer, phrase.language, espeak.phonemes, espeak.split_ipa))
        except BadInput:  # with one word more it may be too long
            continue
        if other.points < risk.points:
            found.append(Offer(longer, other.level, other.points, tuple(reason.name for reason in other.reasons)))
    return tuple(sorted(found, key=lambda offer: offer.points)[:_OFFERS])


def _with_openers(phrase: Phrase, espeak: Espeak) -> list[str]:
    """Give the phrase with each greeting before it. One that begins with a greeting gets another in its place."""
    base = find_language(phrase.language).base
    openers = items("greetings.txt", base) if base in sections("greetings.txt") else ()
    letters, ipa = phrase.text, phrase.ipa
    own = _opener_of(phrase.words, openers)
    if own and ipa:
        return []  # which of its sounds are the greeting's is not known
    if own:
        letters = " ".join(phrase.words[len(spelled_words(own)) :])
    if not letters and not ipa:
        return []
    others = [opener for opener in openers if opener != own]
    return [_joined(opener, letters, ipa, phrase.language, espeak) for opener in others]


def _opener_of(words: Sequence[str], openers: Sequence[str]) -> str:
    spelled = " ".join(words).casefold() + " "
    return next((opener for opener in openers if spelled.startswith(f"{opener} ")), "")


def _joined(opener: str, letters: str, ipa: str, language: str, espeak: Espeak) -> str:
    if not ipa:
        return f"{opener} {letters}"
    sounds = f"/{ipa_of(espeak.phonemes([opener], language)[0])} {ipa}/"
    return f"{opener} {letters} {sounds}" if letters else sounds
