"""Who speaks in which split. A speaker (a timbre) is in one split only, whatever language he speaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from wakegen.core.errors import BadInput
from wakegen.core.seeds import share
from wakegen.engines.base import Voice
from wakegen.text.languages import find_language
from wakegen.text.lexicon import SPLITS


def speaker_splits(engine: str, speakers: Iterable[str], *, ratio: Sequence[float], seed: int) -> dict[str, str]:
    """Put each speaker of an engine into a split.

    Speakers are ordered by a number that belongs to their name, and the order is cut by `ratio`; with three
    speakers or more every split gets one. An engine with one or two speakers only trains.
    """
    ordered = sorted(set(speakers), key=lambda name: share(seed, "speaker", engine, name))
    count = len(ordered)
    if count < 3:
        return dict.fromkeys(ordered, "train")
    val = max(1, round(count * ratio[1]))
    test = max(1, round(count * ratio[2]))
    train = max(1, count - val - test)
    return {
        name: SPLITS[0] if i < train else SPLITS[1] if i < train + val else SPLITS[2] for i, name in enumerate(ordered)
    }


@dataclass(frozen=True, slots=True)
class VoicePool:
    """The voices of one engine and one split that can speak the phrase."""

    native: tuple[Voice, ...]  # of the phrase's language
    foreign: tuple[Voice, ...]  # of other languages: accents
    klatt: tuple[Voice, ...]  # native ones of another synthesis method

    def draw(self, rng: np.random.Generator, style: str) -> Voice | None:
        """Draw a language first and then a voice, so that languages with many voices do not crowd out others."""
        voices = {"foreign": self.foreign, "klatt": self.klatt}.get(style, self.native) or self.native
        if not voices:
            return None
        languages = sorted({voice.language for voice in voices})
        language = languages[rng.integers(len(languages))]
        same = [voice for voice in voices if voice.language == language]
        return same[rng.integers(len(same))]


def voice_pools(
    engine: str,
    voices: Iterable[Voice],
    *,
    native: Sequence[str],
    accents: Sequence[str],
    only: Sequence[str],
    ratio: Sequence[float],
    seed: int,
) -> Mapping[str, VoicePool]:
    """Sort an engine's voices by split.

    Parameters
    ----------
    native, accents : language tags of the phrase's own varieties and of the accents to lend
    only : voices asked for by name; empty means all that are no toys
    """
    chosen = [voice for voice in voices if (voice.name in only if only else not voice.toy)]
    splits = speaker_splits(engine, (voice.speaker for voice in chosen), ratio=ratio, seed=seed)
    natives, foreigners = frozenset(native), frozenset(accents) - frozenset(native)
    pools: dict[str, VoicePool] = {}
    for split in SPLITS:
        mine = [voice for voice in chosen if splits[voice.speaker] == split]
        at_home = [voice for voice in mine if _language(voice) in natives or only]
        pools[split] = VoicePool(
            native=tuple(voice for voice in at_home if voice.kind != "klatt") or tuple(at_home),
            foreign=tuple(voice for voice in mine if _language(voice) in foreigners and voice.kind != "klatt"),
            klatt=tuple(voice for voice in at_home if voice.kind == "klatt"),
        )
    return pools


def _language(voice: Voice) -> str:
    """Give the language as the phrase's is named: engines write "en", "en-us" or "en_US" for the same."""
    return _known_as(voice.language)


@cache
def _known_as(tag: str) -> str:
    try:
        return find_language(tag).tag
    except BadInput:
        return tag  # a language that no phrase can have
