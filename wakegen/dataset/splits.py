"""Who speaks in which split. A speaker (a timbre) is in one split only, whatever language or engine he speaks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from wakegen.core.errors import BadInput
from wakegen.core.seeds import share
from wakegen.engines.base import Voice
from wakegen.text.languages import find_language
from wakegen.text.lexicon import SPLITS

TRAIN, VAL, TEST = SPLITS
# Of an engine with fewer speakers each one is worth more in training than held out; another engine is held out then.
_MANY_SPEAKERS = 30
MIXED = "+"  # a speaker made of two is named after both


def speaker_splits(engine: str, speakers: Iterable[str], *, ratio: Sequence[float], seed: int) -> dict[str, str]:
    """Put each speaker of an engine into a split.

    Speakers are ordered by a number that belongs to their name, and the order is cut by `ratio`; with three
    speakers or more every split gets one. An engine with one or two speakers only trains.
    """
    ordered = sorted(set(speakers), key=lambda name: share(seed, "speaker", engine, name))
    count = len(ordered)
    if count < 3:
        return dict.fromkeys(ordered, TRAIN)
    val = max(1, round(count * ratio[1]))
    test = max(1, round(count * ratio[2]))
    train = max(1, count - val - test)
    return {
        name: SPLITS[0] if i < train else SPLITS[1] if i < train + val else SPLITS[2] for i, name in enumerate(ordered)
    }


def cast_speakers(
    speakers: Mapping[str, Collection[str]],
    *,
    natives: Collection[str],
    validators: Collection[str],
    ratio: Sequence[float],
    seed: int,
) -> dict[str, dict[str, str]]:
    """Give each engine's speakers their splits: engine → speaker → split. Who is left out is in none.

    The engine with most speakers is divided among the splits, and so is any with thirty or more; the others only
    train. Natives of the phrase's language are divided among themselves, so that no split is left to foreigners while
    another has all of them. Validators never train: their speakers are shared between validation and test. A person whom two engines
    know trains if he does in one of them, and is left out elsewhere. A mixture of speakers trains if its parts do.
    """
    whole = {engine: {name for name in names if MIXED not in name} for engine, names in speakers.items()}
    trainers = [engine for engine in speakers if engine not in validators]
    largest = max(trainers, key=lambda engine: (len(whole[engine]), engine), default=None)
    splits: dict[str, dict[str, str]] = {}
    for engine in trainers:
        if engine == largest or len(whole[engine]) >= _MANY_SPEAKERS:
            parts = (whole[engine].intersection(natives), whole[engine].difference(natives))
            splits[engine] = {
                name: split
                for part in parts
                for name, split in speaker_splits(engine, part, ratio=ratio, seed=seed).items()
            }
        else:
            splits[engine] = dict.fromkeys(sorted(whole[engine]), TRAIN)
    assigned = _assigned(splits)
    for engine in sorted(set(speakers) - set(trainers)):
        free = sorted(whole[engine] - assigned.keys(), key=lambda name: share(seed, "speaker", engine, name))
        splits[engine] = {name: (VAL, TEST)[i % 2] for i, name in enumerate(free)}
        assigned = _assigned(splits)
    for engine, names in speakers.items():
        mine = {name: split for name, split in splits[engine].items() if split == assigned[name]}
        trained = [name for name in sorted(names) if {assigned.get(part) for part in name.split(MIXED)} == {TRAIN}]
        splits[engine] = mine | {name: TRAIN for name in trained if MIXED in name}
    return splits


def _assigned(splits: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Give each person one split: training if he trains anywhere, else what the first engine says."""
    found: dict[str, str] = {}
    for mine in splits.values():
        for name, split in mine.items():
            found[name] = TRAIN if split == TRAIN else found.get(name, split)
    return found


@dataclass(frozen=True, slots=True)
class VoicePool:
    """The voices of one engine and one split that can speak the phrase."""

    native: tuple[Voice, ...]  # of the phrase's language
    foreign: tuple[Voice, ...]  # of other languages: accents
    klatt: tuple[Voice, ...]  # native ones of another synthesis method

    def draw(self, rng: np.random.Generator, style: str) -> Voice | None:
        """Draw a language first and then a voice, so that languages with many voices do not crowd out others."""
        voices = {"foreign": self.foreign, "klatt": self.klatt}.get(style) or self.native or self.foreign
        if not voices:
            return None
        languages = sorted({voice.language for voice in voices})
        language = languages[rng.integers(len(languages))]
        same = [voice for voice in voices if voice.language == language]
        return same[rng.integers(len(same))]


def chosen_voices(voices: Iterable[Voice], only: Sequence[str]) -> tuple[Voice, ...]:
    """Give the voices asked for by name; else all that are no toys and may be used for anything."""
    return tuple(v for v in voices if (v.name in only if only else not v.toy and v.commercial))


def voice_pools(
    voices: Iterable[Voice],
    splits: Mapping[str, str],
    *,
    native: Sequence[str],
    accents: Sequence[str],
    anyone_native: bool = False,
) -> Mapping[str, VoicePool]:
    """Sort an engine's chosen voices by split.

    Parameters
    ----------
    splits : of its speakers
    native, accents : language tags of the phrase's own varieties and of the accents to lend
    anyone_native : voices that were asked for by name speak whatever their language
    """
    natives, foreigners = frozenset(native), frozenset(accents) - frozenset(native)
    pools: dict[str, VoicePool] = {}
    for split in SPLITS:
        mine = [voice for voice in voices if splits.get(voice.speaker) == split]
        at_home = [voice for voice in mine if anyone_native or language_of(voice) in natives]
        pools[split] = VoicePool(
            native=tuple(voice for voice in at_home if voice.kind != "klatt") or tuple(at_home),
            foreign=tuple(voice for voice in mine if language_of(voice) in foreigners and voice.kind != "klatt"),
            klatt=tuple(voice for voice in at_home if voice.kind == "klatt"),
        )
    return pools


def language_of(voice: Voice) -> str:
    """Give the language as the phrase's is named: engines write "en", "en-us" or "en_US" for the same."""
    return _known_as(voice.language)


@cache
def _known_as(tag: str) -> str:
    base, _, region = tag.replace("_", "-").partition("-")
    for name in (tag, base if len(region) == 2 else tag):  # "de-de" is "de" here, "en-shaw" is no "en"
        try:
            return find_language(name).tag
        except BadInput:
            continue
    return tag  # a language that no phrase can have
