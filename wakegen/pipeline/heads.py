"""Trains the heads of a detector side by side, and chooses per phrase what depends on the phrase.

One head is trained by the usual recipe and one for each change of it. The changes that hear clearly more of the phrase,
as an engine says it that took no part in training, at the wanted rate of false accepts in held-out streams, are made
for all heads: together, if together they hear as much as the best of them alone. Where no such engine is there, nothing is
chosen: another voice of a training engine says little about people (docs/notes/0005-voices.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.config.presets import TRAIN
from wakegen.core.executor import Executor
from wakegen.core.seeds import derive
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
    validators: frozenset[str] = frozenset()  # engines that took no part in training
    unwanted: Sequence[Stream] = ()  # clips that the user added because they must not wake it

    @property
    def hours(self) -> float:
        """Hours of streams."""
        return sum(steps for parts in self.streams.values() for _, steps in parts) * STEP_S / 3600

    def by_others(self) -> list[Phrase]:
        """Give the clips by validators."""
        pairs = zip(self.phrases, self.engines, strict=True)
        return [phrase for phrase, engine in pairs if engine in self.validators]


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the usual recipe that is tried; of those about one thing, one at most is made."""

    about: str
    name: str
    values: Mapping[str, Any]  # of the recipe


USUAL = "the usual recipe"  # kept unless a change is clearly better
CHANGES = (
    Change("near texts", "no near texts", {"near_share": 0.0}),
    Change("near texts", "many near texts", {"near_share": 0.25}),
    Change("window", "early windows", {"early": True}),
    Change("weights", "the phrase more often", {"positive_share": 0.4}),
)
_AND = " and "


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """The heads, and how their recipe was chosen."""

    members: tuple[Member, ...]
    name: str = ""  # "" where there was no choice
    heard: Mapping[str, float] = field(default_factory=dict)  # recipe → share of the phrase heard
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
    choosing = TRAIN[settings.train.preset].chooses and len(held_out.by_others()) >= _FEWEST
    total = len(seeds) + len(CHANGES) * choosing
    with parked(project, material) as place:
        train = partial(train_all, project, place, executor=executor, total=total)
        if not choosing:
            return Chosen(tuple(train([HeadTask(recipe, seed) for seed in seeds])))
        name, first, heard = _chosen(train, recipe, seeds[0], held_out)
        rest = train([HeadTask(chosen_recipe(recipe, name), seed) for seed in seeds[1:]])
    shares = {one: round(float(heard_by.mean()), 4) for one, heard_by in heard.items()}
    return Chosen((first, *rest), name, shares, len(held_out.by_others()))


def _chosen(
    train: Callable[[list[HeadTask]], list[Member]], recipe: Recipe, seed: int, held_out: HeldOut
) -> tuple[str, Member, dict[str, F64]]:
    """Try the recipes with one seed; give the name of the best, its head, and what each hears."""
    others = held_out.by_others()
    heads: dict[str, Member] = {}
    heard: dict[str, F64] = {}

    def hear(*names: str) -> None:
        heads.update(zip(names, train([HeadTask(chosen_recipe(recipe, name), seed) for name in names]), strict=True))
        heard.update({name: hits(Head((heads[name],)), held_out, others) for name in names})

    hear(USUAL, *(change.name for change in CHANGES))
    names = better(heard) or [USUAL]
    if len(names) > 1:
        names.insert(0, _AND.join(names))
        hear(names[0])
    best = max(names, key=lambda name: float(heard[name].mean()))
    return best, heads[best], heard


def train_on(
    project: Project, material: Material, recipe: Recipe, starts: Sequence[Member], executor: Executor, *, batch: int
) -> tuple[Member, ...]:
    """Train heads on from where they are, on material to which clips were added; `batch` numbers the additions."""
    seeds = [derive(project.settings.seed, "head", i, "added", batch) for i in range(len(starts))]
    tasks = [HeadTask(going_on(recipe), seed, start) for seed, start in zip(seeds, starts, strict=True)]
    with parked(project, material) as place:
        return tuple(train_all(project, place, tasks, executor, len(tasks)))


def chosen_recipe(recipe: Recipe, name: str) -> Recipe:
    """Give the recipe with the changes that a choice is named after; where nothing was chosen, the usual one."""
    names = name.split(_AND)
    for change in CHANGES:
        if change.name in names:
            recipe = replace(recipe, **change.values)
    return recipe


def hits(head: Head, held_out: HeldOut, phrases: Sequence[Phrase]) -> F64:
    """Say of each clip of the phrase at how many of the rates it is heard, as a share: shape (clips,)."""
    parts = (stream for streams in held_out.streams.values() for stream in streams)
    scores = [score_of(smooth_logits(head, rows, steps, SMOOTHING_STEPS)) for rows, steps in parts]
    best = np.array([score_of(best_logit(head, phrase, SMOOTHING_STEPS)) for phrase in phrases])
    thresholds = [smoothed_threshold_for(scores, held_out.hours, rate).threshold for rate in _RATES]
    return np.asarray(np.mean([best >= threshold for threshold in thresholds], axis=0), np.float64)


def better(heard: Mapping[str, F64]) -> list[str]:
    """Give the changes to make: about each thing the best of those that are clearly better than the usual recipe."""
    best: dict[str, Change] = {}
    for change in CHANGES:
        gain = heard[change.name] - heard[USUAL]
        rival = best.get(change.about)
        clear = gain.mean() > _CLEARLY * gain.std() / np.sqrt(len(gain))
        if clear and (rival is None or heard[change.name].mean() > heard[rival.name].mean()):
            best[change.about] = change
    return [change.name for change in CHANGES if change in best.values()]
