"""Trains the heads of a detector side by side, and chooses per phrase what depends on the phrase.

One head is trained for each candidate recipe. The candidate that hears most of the phrase as an engine says it that
took no part in training, at the wanted rate of false accepts in held-out streams, trains the other heads. Where no such
engine is there, nothing is chosen: another voice of a training engine says little about people (docs/notes/0005-voices.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.config.presets import TRAIN
from wakegen.core.executor import Executor
from wakegen.core.seeds import derive
from wakegen.engines import table
from wakegen.metrics.events import STEP_S, smoothed_threshold_for
from wakegen.model.head import Head, Member
from wakegen.pipeline.head_tasks import HeadTask, parked, train_all
from wakegen.pipeline.project import Project
from wakegen.train.calibrate import Phrase, Stream, best_logit, score_of, smooth_logits
from wakegen.train.material import Material
from wakegen.train.trainer import Recipe, going_on

SMOOTHING_STEPS = 5
_FEWEST = 30  # clips by other engines, below which nothing is chosen
F64 = NDArray[np.float64]
# Chosen between at two rates: one alone hangs on a handful of events.
_RATES = (0.5, 2.0)
_CLEARLY = 1.5  # standard errors of the paired difference


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """What training has not seen: streams by kind, clips of the phrase, and which engine says each."""

    streams: Mapping[str, Sequence[Stream]]
    phrases: Sequence[Phrase]
    engines: Sequence[str]
    others_share: float = 0.0  # of the streams' time: how much engines that never train speak

    @property
    def hours(self) -> float:
        """Hours of streams."""
        return sum(steps for parts in self.streams.values() for _, steps in parts) * STEP_S / 3600

    def by_others(self) -> list[Phrase]:
        """Give the clips by engines that never train."""
        pairs = zip(self.phrases, self.engines, strict=True)
        return [phrase for phrase, engine in pairs if not trains(engine)]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A recipe to try, as a change of the usual one."""

    name: str
    near_share: float


CANDIDATES = (
    Candidate("some near texts", 0.10),  # the usual one: it is kept unless another is clearly better
    Candidate("no near texts", 0.0),
    Candidate("many near texts", 0.25),
)


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """The heads, and how their recipe was chosen."""

    members: tuple[Member, ...]
    name: str = ""  # "" where there was no choice
    heard: Mapping[str, float] = field(default_factory=dict)  # candidate → share of the phrase heard
    clips: int = 0  # that it was chosen by

    @property
    def text(self) -> str:
        """The choice in a few words."""
        return f", with {self.name}" if self.name else ""

    def to_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"name": self.name, "heard": dict(self.heard), "clips": self.clips} if self.name else {}


def train_heads(project: Project, material: Material, recipe: Recipe, held_out: HeldOut, executor: Executor) -> Chosen:
    """Choose the recipe if the effort asks for it and there is something to choose by, and train the heads."""
    settings = project.settings
    seeds = [derive(settings.seed, "head", i) for i in range(settings.train.heads)]
    others = held_out.by_others()
    choosing = TRAIN[settings.train.preset].chooses and len(others) >= _FEWEST
    recipes = [replace(recipe, near_share=one.near_share) for one in CANDIDATES] if choosing else [recipe]
    total = len(seeds) + len(recipes) - 1
    with parked(project, material) as place:
        first = train_all(project, place, [HeadTask(one, seeds[0]) for one in recipes], executor, total)
        heard = [hits(Head((member,)), held_out, others) for member in first] if choosing else []
        best = _best(heard) if choosing else 0
        rest = [HeadTask(recipes[best], seed) for seed in seeds[1:]]
        members = (first[best], *train_all(project, place, rest, executor, total))
    if not choosing:
        return Chosen(members)
    shares = {one.name: round(float(heard_by.mean()), 4) for one, heard_by in zip(CANDIDATES, heard, strict=True)}
    return Chosen(members, CANDIDATES[best].name, shares, len(others))


def train_on(
    project: Project, material: Material, recipe: Recipe, starts: Sequence[Member], executor: Executor, *, batch: int
) -> tuple[Member, ...]:
    """Train heads on from where they are, on material to which clips were added; `batch` numbers the additions."""
    seeds = [derive(project.settings.seed, "head", i, "added", batch) for i in range(len(starts))]
    tasks = [HeadTask(going_on(recipe), seed, start) for seed, start in zip(seeds, starts, strict=True)]
    with parked(project, material) as place:
        return tuple(train_all(project, place, tasks, executor, len(tasks)))


def chosen_recipe(recipe: Recipe, name: str) -> Recipe:
    """Give the recipe of a candidate by its name; where nothing was chosen, the usual one."""
    shares = {one.name: one.near_share for one in CANDIDATES}
    return replace(recipe, near_share=shares.get(name, recipe.near_share))


def hits(head: Head, held_out: HeldOut, phrases: Sequence[Phrase]) -> F64:
    """Say of each clip of the phrase at how many of the rates it is heard, as a share: shape (clips,)."""
    parts = (stream for streams in held_out.streams.values() for stream in streams)
    scores = [score_of(smooth_logits(head, rows, steps, SMOOTHING_STEPS)) for rows, steps in parts]
    best = np.array([score_of(best_logit(head, phrase, SMOOTHING_STEPS)) for phrase in phrases])
    thresholds = [smoothed_threshold_for(scores, held_out.hours, rate).threshold for rate in _RATES]
    return np.asarray(np.mean([best >= threshold for threshold in thresholds], axis=0), np.float64)


def _best(heard: Sequence[F64]) -> int:
    """Give the candidate to use: the usual one, unless another is clearly better."""
    best = 0
    for at in range(1, len(heard)):
        gain = heard[at] - heard[best]
        if gain.mean() > _CLEARLY * gain.std() / np.sqrt(len(gain)):
            best = at
    return best


def trains(engine: str) -> bool:
    """Say whether an engine may be heard in training; recordings and noise may."""
    return engine not in table.names(hidden=True) or table.row(engine).trains
