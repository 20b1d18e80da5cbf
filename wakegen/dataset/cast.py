"""Who says what: the engines' shares of each kind of clip, and the drawing of an engine, a style and a voice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wakegen.config import EngineChoice, Settings
from wakegen.config.engines import DEFAULT
from wakegen.dataset.splits import VoicePool
from wakegen.engines.base import Voice

# What kinds of voices say the phrase: plain text by native voices, native voices with blurred phonemes (people
# differ from the dictionary), other languages' voices, and another synthesis method. docs/notes/0003-recipe.md.
POSITIVE_STYLES = {"text": 0.34, "blurred": 0.29, "foreign": 0.26, "klatt": 0.11}
# Held-out clips stand for people as most are; training goes further than they do, on purpose.
HELD_OUT_STYLES = {"text": 0.6, "blurred": 0.1, "foreign": 0.2, "klatt": 0.1}
# A voice of another language that reads the spelling, not the sounds, strays far from the phrase.
_FOREIGN_READING = 0.2

SPOKEN_S = {"phrase": 1.0, "confusable": 1.0, "sentence": 4.5, "word": 1.2}  # about: only to plan what takes how long
# How an engine's time is divided: the phrase matters most, and training more than what is held out.
_KIND_CPU = {"phrase": 0.5, "confusable": 0.2, "sentence": 0.2, "word": 0.1}
# Who reads the streams that set and check the threshold, where there is an engine that never trains: espeak-ng's odd
# timbres sound nearer to a phrase than people do, festival's diphones less so (docs/notes/0005-voices.md).
_STREAM_READERS = {"validators": 0.6, DEFAULT: 0.3, "others": 0.1}
_SPLIT_CPU = {"train": 0.7, "val": 0.15, "test": 0.15}
# An engine whose time allows less than this part of its share is left out: a handful of clips teaches its sound alone.
_LEAST_OF_SHARE = 0.3
# Engines that read no IPA say spelled near texts more often, because most near texts have no spelling.
_SPELLED_BONUS = 3.0


@dataclass(frozen=True, slots=True)
class Speakers:
    """An engine as the plan sees it."""

    choice: EngineChoice
    version: str
    licence: str
    controls: frozenset[str]  # of SpeechRequest, as the engine's row declares them
    pools: Mapping[str, VoicePool]  # by split
    cpu_per_s: float = 0.003  # CPU seconds for a second of speech
    trains: bool = True  # False: heard in validation alone

    @property
    def reads_ipa(self) -> bool:
        """Whether it can be told sounds instead of letters."""
        return "ipa" in self.controls

    def has_voice(self, split: str, *, accent: bool = False) -> bool:
        """Whether it has a voice of the language in a split; with `accent`, one of another that may read there."""
        pool = self.pools[split]
        return bool(pool.native or (accent and not self.trains and pool.foreign))


class Cast:
    """The speakers with their shares. With `automatic`, no engine but the default takes more CPU time than allowed."""

    def __init__(
        self, settings: Settings, speakers: Sequence[Speakers], wanted: Mapping[str, Mapping[str, int]]
    ) -> None:
        self._settings = settings
        self.speakers = tuple(speakers)
        self._shares = {
            (kind, split): self._planned(kind, split, count)
            for kind, by_split in wanted.items()
            for split, count in by_split.items()
        }

    def share(self, engine: str, kind: str, split: str) -> float:
        """Give an engine's share of the clips of a kind in a split."""
        return self._shares[kind, split].get(engine, 0.0)

    def draw_engine(self, kind: str, split: str, rng: np.random.Generator, *, spelled: bool, ipa: bool) -> Speakers:
        """Draw who says a text that exists as letters (`spelled`), as sounds (`ipa`), or both."""
        shares = self._shares[kind, split]
        able = [one for one in self.speakers if shares.get(one.choice.type) and (spelled or (ipa and one.reads_ipa))]
        able = able or [one for one in self.speakers if spelled or one.reads_ipa] or list(self.speakers)
        weights = np.array([self._weight(one, shares, kind, spelled) for one in able])
        return able[int(rng.choice(len(able), p=weights / weights.sum()))]

    def draw_style(self, speaker: Speakers, split: str, rng: np.random.Generator) -> str:
        """Draw how an engine says the phrase, or sounds like it: a key of POSITIVE_STYLES."""
        variation = self._settings.generation.variation
        shares = dict(POSITIVE_STYLES if split == "train" else HELD_OUT_STYLES)
        shares["foreign"] = (
            min(shares["foreign"], variation.accents) if split != "train" else variation.accents * (1 - shares["klatt"])
        )
        if not variation.spelling:
            shares["blurred"] = 0.0
        if not speaker.reads_ipa:
            shares["blurred"] = 0.0
            shares["foreign"] = min(_FOREIGN_READING, variation.accents)
        if not any(pool.foreign for pool in speaker.pools.values()):
            shares["foreign"] = 0.0
        total = sum(shares.values())
        return str(rng.choice(list(shares), p=[share / total for share in shares.values()]))

    def draw_voice(self, speaker: Speakers, split: str, style: str, rng: np.random.Generator) -> Voice:
        """Draw a voice of the split. An engine that has none of the wanted kind there lends one of another split."""
        pools = (speaker.pools[split], *speaker.pools.values())
        fitting = [pool for pool in pools if (pool.foreign if style == "foreign" else pool.native)]
        for pool in fitting or pools:
            voice = pool.draw(rng, style)
            if voice is not None:
                return voice
        raise AssertionError("an engine without voices is refused before planning")

    def _weight(self, one: Speakers, shares: Mapping[str, float], kind: str, spelled: bool) -> float:
        bonus = _SPELLED_BONUS if kind == "confusable" and spelled and not one.reads_ipa else 1.0
        return bonus * shares.get(one.choice.type, 0.0) or 1e-9

    def _planned(self, kind: str, split: str, count: int) -> dict[str, float]:
        """Give shares that sum to 1: the weights asked for, of engines that have a voice in this split."""
        streams = split != "train" and kind in ("sentence", "word") and self._settings.automatic
        present = [one for one in self.speakers if one.has_voice(split, accent=streams)] or list(self.speakers)
        weights = _readers(present) if streams else {one.choice.type: one.choice.weight for one in present}
        whole = sum(weights.values())
        shares = {name: weight / whole for name, weight in weights.items()}
        if not self._settings.automatic or DEFAULT not in shares or not count:
            return shares
        cpu_s = self._settings.generation.engine_cpu_s * _KIND_CPU[kind] * _SPLIT_CPU[split]
        for one in present:
            if one.choice.type != DEFAULT and one.trains:  # what is held out rests on those that only validate
                affordable = cpu_s / (one.cpu_per_s * SPOKEN_S[kind] * count)
                asked = shares[one.choice.type]
                shares[one.choice.type] = min(asked, affordable) if affordable > _LEAST_OF_SHARE * asked else 0.0
        shares[DEFAULT] = 1.0 - sum(share for name, share in shares.items() if name != DEFAULT)
        return shares


def _readers(present: Sequence[Speakers]) -> dict[str, float]:
    """Give the weights of the engines in held-out streams."""
    groups = {
        "validators": [one.choice.type for one in present if not one.trains],
        DEFAULT: [one.choice.type for one in present if one.choice.type == DEFAULT],
        "others": [one.choice.type for one in present if one.trains and one.choice.type != DEFAULT],
    }
    if not groups["validators"]:
        return {one.choice.type: one.choice.weight for one in present}
    return {name: _STREAM_READERS[group] / len(names) for group, names in groups.items() for name in names}
