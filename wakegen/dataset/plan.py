"""The plan: every clip that will be spoken, as rows. A pure function of settings, phrase and voices.

Each row draws from a random stream of its own name, so adding rows of one kind changes no other row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from wakegen.config import Settings
from wakegen.core.seeds import derive, stream
from wakegen.dataset.cast import POSITIVE_STYLES, SPOKEN_S, Cast, Speakers
from wakegen.dataset.store import SPEECH, Clip
from wakegen.engines import table
from wakegen.engines.base import SpeechRequest, Voice
from wakegen.text.lexicon import SPLITS
from wakegen.text.negatives import NegativeText
from wakegen.text.phonemes import ipa_of
from wakegen.text.phrase import Phrase
from wakegen.text.sounds import Sounds
from wakegen.text.variants import accent_noise, spelling_variants

_HELD_OUT_SHARE = 0.6  # of the range of every control
FOREIGN_READERS = 0.15  # share of sentences and words that voices of other languages read
_SENTENCE_RATE = (0.69, 1.37)  # 120 … 240 words a minute
PROBE = "probe"  # the split of training voices that say what they are never trained on; only compared with
PROBE_SENTENCES = 100
_OFTEN = 50  # failures after which an engine is not asked to stand in for another
_GAP_S = 2.5  # room tone around a sentence of a stream


@dataclass(frozen=True, slots=True)
class Said:
    """A text, and its sounds when voices of another language are to read it (they cannot read the spelling)."""

    text: str
    ipa: str = ""


@dataclass(frozen=True, slots=True)
class Texts:
    """What is said besides the phrase, by split."""

    sounds: Sounds  # of the language, for near pronunciations of the phrase
    confusables: Mapping[str, Sequence[NegativeText]]
    sentences: Mapping[str, Sequence[Said]]
    words: Mapping[str, Sequence[Said]]


def counts(settings: Settings) -> dict[str, dict[str, int]]:
    """Give how many clips of each kind are spoken, by split."""
    ratio = settings.export.split_ratio
    negatives, hours = settings.generation.negatives, settings.evaluation
    spoken_s = SPOKEN_S["sentence"] + _GAP_S

    def divided(total: int) -> dict[str, int]:
        val, test = round(total * ratio[1]), round(total * ratio[2])
        return {"train": total - val - test, "val": val, "test": test}

    def continuous(train: int) -> dict[str, int]:
        return {
            "train": train,
            "val": max(1, round(hours.val_hours * 3600 / spoken_s)),
            "test": max(1, round(hours.test_hours * 3600 / spoken_s)),
        }

    return {
        "phrase": divided(settings.generation.count),
        "confusable": divided(negatives.confusables),
        "sentence": continuous(negatives.sentences),
        "word": divided(negatives.words),
    }


def plan_speech(settings: Settings, phrase: Phrase, speakers: Sequence[Speakers], texts: Texts) -> Iterator[Clip]:
    """Give the rows of everything that is spoken, numbered from 1."""
    drafts = _drafts(settings, phrase, speakers, texts)
    for number, draft in enumerate(drafts, start=1):
        yield replace(draft, id=number)


def _drafts(settings: Settings, phrase: Phrase, speakers: Sequence[Speakers], texts: Texts) -> Iterator[Clip]:
    wanted = counts(settings)
    cast = Cast(settings, speakers, wanted)
    for split in SPLITS:
        for i in range(wanted["phrase"][split]):
            rng = stream(settings.seed, "phrase", split, i)
            yield _positive(settings, phrase, cast, split, texts.sounds, rng)
    for split in SPLITS:
        for i, negative in enumerate(texts.confusables[split]):
            rng = stream(settings.seed, "confusable", split, i)
            yield _confusable(settings, phrase, cast, split, negative, rng)
    for kind, by_split in (("sentence", texts.sentences), ("word", texts.words)):
        for split in SPLITS:
            for i, said in enumerate(by_split[split]):
                rng = stream(settings.seed, kind, split, i)
                yield _fluent(settings, phrase, cast, split, kind, said, rng)
    for i, said in enumerate(texts.sentences["test"][:PROBE_SENTENCES]):
        rng = stream(settings.seed, "probe sentence", i)
        yield replace(_fluent(settings, phrase, cast, "train", "sentence", said, rng), split=PROBE)


def plan_stand_ins(
    settings: Settings,
    phrase: Phrase,
    speakers: Sequence[Speakers],
    texts: Texts,
    failed: Sequence[Clip],
    *,
    first_id: int,
) -> Iterator[Clip]:
    """Give a row for each clip that an engine could not speak, by another engine; none where there is no other.

    An engine that failed often stands in for nobody. Probes have no stand-ins: there are enough of them.
    """
    failed = [clip for clip in failed if clip.split != PROBE]
    times = Counter(clip.engine for clip in failed)
    casts = {
        engine: Cast(
            settings,
            [one for one in speakers if one.choice.type != engine and times[one.choice.type] < _OFTEN],
            counts(settings),
        )
        for engine in times
    }
    number = 0
    for clip in failed:
        cast = casts[clip.engine]
        if not any(one.pools[clip.split].native for one in cast.speakers):
            continue
        rng = stream(settings.seed, "stand-in", clip.id)
        yield replace(_again(settings, phrase, cast, clip, texts.sounds, rng), id=first_id + number)
        number += 1


def _again(
    settings: Settings, phrase: Phrase, cast: Cast, clip: Clip, sounds: Sounds, rng: np.random.Generator
) -> Clip:
    if clip.kind == "phrase":
        return _positive(settings, phrase, cast, clip.split, sounds, rng)
    if clip.kind in ("sentence", "word"):
        said = Said("", clip.text) if clip.parameters["ipa"] else Said(clip.text)
        return _fluent(settings, phrase, cast, clip.split, clip.kind, said, rng)
    negative = NegativeText(clip.text, bool(clip.parameters["ipa"]), clip.kind, 0.0, ())
    return _confusable(settings, phrase, cast, clip.split, negative, rng)


def _positive(
    settings: Settings,
    phrase: Phrase,
    cast: Cast,
    split: str,
    sounds: Sounds,
    rng: np.random.Generator,
) -> Clip:
    speaker = cast.draw_engine("phrase", split, rng, spelled=not phrase.ipa, ipa=True)
    style = cast.draw_style(speaker, split, rng)
    voice = cast.draw_voice(speaker, split, style, rng)
    texts = spelling_variants(phrase)[: None if settings.generation.variation.spelling else 1]
    said, ipa = texts[int(rng.integers(len(texts)))] if texts else "", False
    if phrase.ipa or (speaker.reads_ipa and style in ("blurred", "foreign")):
        words = phrase.phonemes
        if style == "blurred":
            words = accent_noise(words, rng, sounds)
        said, ipa = ipa_of(words), True
    share = 1.0 if split == "train" else _HELD_OUT_SHARE
    request = _request(settings, speaker, voice, said, ipa, rng, words=len(said.split()), share=share)
    return _draft(speaker, voice, request, phrase, split, label="positive", kind="phrase", accent=style)


def _confusable(
    settings: Settings,
    phrase: Phrase,
    cast: Cast,
    split: str,
    negative: NegativeText,
    rng: np.random.Generator,
) -> Clip:
    speaker = cast.draw_engine("confusable", split, rng, spelled=not negative.ipa, ipa=negative.ipa)
    style = cast.draw_style(speaker, split, rng) if negative.ipa else "text"
    voice = cast.draw_voice(speaker, split, style, rng)
    request = _request(settings, speaker, voice, negative.text, negative.ipa, rng, words=len(negative.text.split()))
    return _draft(speaker, voice, request, phrase, split, label="negative", kind=negative.kind, accent=style)


def _fluent(
    settings: Settings,
    phrase: Phrase,
    cast: Cast,
    split: str,
    kind: str,
    said: Said,
    rng: np.random.Generator,
) -> Clip:
    """A sentence or some words, by the same voices as the phrase: else a head learns who speaks, not what."""
    speaker = cast.draw_engine(kind, split, rng, spelled=bool(said.text), ipa=bool(said.ipa))
    foreign = bool(said.ipa) and speaker.reads_ipa
    style = "foreign" if foreign else "klatt" if rng.random() < POSITIVE_STYLES["klatt"] else "text"
    voice = cast.draw_voice(speaker, split, style, rng)
    spoken = said.ipa if foreign else said.text
    request = _request(settings, speaker, voice, spoken, foreign, rng, words=1, rate=_SENTENCE_RATE)
    return _draft(speaker, voice, request, phrase, split, label="negative", kind=kind, accent=style)


def _request(
    settings: Settings,
    speaker: Speakers,
    voice: Voice,
    text: str,
    ipa: bool,
    rng: np.random.Generator,
    *,
    words: int,
    rate: tuple[float, float] | None = None,
    share: float = 1.0,
) -> SpeechRequest:
    """Draw the controls that the engine declares, from `share` of their ranges; the others stay neutral."""
    v = settings.generation.variation
    low, high = rate or v.rate
    drawn: dict[str, Any] = {
        "rate": float(np.exp(share * rng.uniform(np.log(low), np.log(high)))),
        "pitch_semitones": float(share * rng.uniform(*v.pitch)),
        "pitch_range": float(1 + share * (rng.uniform(*v.pitch_range) - 1)),
        "volume": float(rng.uniform(0.6, 1.4)),
        "emphasis": int(rng.integers(words)) if v.emphasis and words > 1 and rng.random() < 0.3 else -1,
        "pause_s": float(rng.uniform(*v.pauses)) if words > 1 and rng.random() < 0.5 else 0.0,
    }
    used = {key: _within_reach(speaker, key, value) for key, value in drawn.items() if key in speaker.controls}
    rounded: dict[str, Any] = {
        key: round(value, 3) if isinstance(value, float) else value for key, value in used.items()
    }
    return SpeechRequest(
        text, voice.name, ipa, seed=derive(settings.seed, "speech", int(rng.integers(2**31))), **rounded
    )


def _within_reach(speaker: Speakers, control: str, value: Any) -> Any:
    """Hold a drawn control to what the engine can do, so that a wide range asked for costs no clips."""
    if control == "emphasis":
        return value
    low, high = table.reach(speaker.choice.type, control)
    return min(max(value, low), high)


def _draft(
    speaker: Speakers,
    voice: Voice,
    request: SpeechRequest,
    phrase: Phrase,
    split: str,
    *,
    label: str,
    kind: str,
    accent: str,
) -> Clip:
    return Clip(
        id=0,
        stage=SPEECH,
        label=label,
        kind=kind,
        phrase=phrase.text or phrase.ipa,
        text=request.text,
        split=split,
        engine=voice.engine,
        engine_version=speaker.version,
        voice=voice.name,
        speaker=voice.speaker,
        gender=voice.gender,
        language=phrase.language,
        accent=voice.language if accent == "foreign" else accent,
        parameters=asdict(request),
        licence=voice.licence or speaker.licence,
        source=voice.engine,
    )
