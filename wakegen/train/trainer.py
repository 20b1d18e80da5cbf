"""Trains one member: fixed number of steps, hard negatives mined twice, averaged weights at the end.

The recipe and what each part is worth were found by experiment; docs/notes/0003-recipe.md has the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput
from wakegen.core.seeds import stream
from wakegen.model.head import Member
from wakegen.model.small_head import SmallMember
from wakegen.train import network, small
from wakegen.train.material import Material, Rows

F32 = NDArray[np.float32]
_NONE: Rows = np.zeros(0, np.int64)
USUAL_S, EARLY_S = (0.1, 0.6), (0.0, 0.4)  # where positive windows end, behind the phrase
_MOST_SEEN = 120_000  # windows at one mining


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides a training run besides the material and the seed."""

    steps: int = 700
    batch: int = 128
    positive_share: float = 0.25
    near_share: float = 0.10
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    warm_up_steps: int = 100
    mixup_beta: float = 0.2  # both parameters of the Beta distribution
    feature_noise: float = 0.2  # standard deviation, in units of the standardised embedding
    dropout: float = 0.2
    mined: int = 6_000  # hardest windows kept at each mining
    mined_share: float = 1 / 3  # of each batch's negatives, once mined
    mine_at: tuple[float, ...] = (1 / 3, 2 / 3)
    average_from: float = 0.6  # exponential moving average of the weights over the rest
    average_decay: float = 0.995
    early: bool = False  # positive windows end soon after the phrase (EARLY_S instead of USUAL_S)


def going_on(recipe: Recipe) -> Recipe:
    """Give the recipe that trains a finished head on: a third of the steps, at a third of the rate.

    The average forgets thrice as fast, to be as young at the end as that of the whole recipe.
    """
    return replace(
        recipe,
        steps=max(1, round(recipe.steps / 3)),
        learning_rate=recipe.learning_rate / 3,
        warm_up_steps=recipe.warm_up_steps // 3,
        average_decay=recipe.average_decay**3,
    )


def train_member(
    material: Material,
    *,
    recipe: Recipe,
    seed: int,
    start: Member | None = None,
    on_step: Callable[[int], None] = lambda step: None,
) -> Member:
    """Train one member. The same material, recipe, seed and start give the same values.

    `start` is a trained member to go on from; without one, weights are drawn. `on_step` is called with the number of
    steps done, every 25 steps.

    Raises
    ------
    BadInput : there is no window of the phrase, or none of anything else.
    """
    from threadpoolctl import threadpool_limits

    _refuse_nothing(material)
    with threadpool_limits(1):  # sums of threads depend on their number
        member: Member = _train(material, recipe, seed, start, network, on_step)
        return member


def train_small(material: Material, *, recipe: Recipe, seed: int) -> SmallMember:
    """Train one head for a microcontroller. The same material, recipe and seed give the same values.

    Raises
    ------
    BadInput : there is no window of the phrase, or none of anything else.
    """
    from threadpoolctl import threadpool_limits

    _refuse_nothing(material)
    with threadpool_limits(1):
        member: SmallMember = _train(material, recipe, seed, None, small, lambda step: None)
        return member


def _refuse_nothing(material: Material) -> None:
    if not len(material.positive):
        raise BadInput(
            "No clip of the phrase is left to train on.",
            hint="See why in the summary of `wakegen gate`, or raise --count.",
        )
    if not len(material.near) + len(material.general):
        raise BadInput(
            "No clip of anything but the phrase is left to train on.", hint="Raise the counts in generation.negatives."
        )


def _train(
    material: Material,
    recipe: Recipe,
    seed: int,
    start: Member | None,
    architecture: ModuleType,
    on_step: Callable[[int], None],
) -> Any:
    """Train with the functions of `network` or of `small`."""
    from autograd import grad

    mean, scale = material.standardisation()
    if start is None:
        parameters = architecture.initial(stream(seed, "train", "initial"))
    else:
        parameters = architecture.from_member(start, mean=mean, scale=scale)
    optimiser = _AdamW(parameters, recipe, architecture.decays(parameters))
    average = [p.copy() for p in parameters]
    batches = _Batches(material, recipe, mean, scale, stream(seed, "train", "batches"), architecture.EXIT_WIDTH)
    gradient = grad(architecture.loss)
    mine_steps = {int(share * recipe.steps) for share in recipe.mine_at}
    for step in range(recipe.steps):
        if step in mine_steps:
            batches.mine(architecture.to_member(parameters, mean=mean, scale=scale))
        optimiser.step(parameters, gradient(parameters, *batches.draw()), step)
        if step < recipe.average_from * recipe.steps:
            average = [p.copy() for p in parameters]
        else:
            for kept, new in zip(average, parameters, strict=True):
                kept += np.float32(1 - recipe.average_decay) * (new - kept)
        if (step + 1) % 25 == 0 or step + 1 == recipe.steps:
            on_step(step + 1)
    return architecture.to_member(average, mean=mean, scale=scale)


class _AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019), warm-up and cosine decay."""

    def __init__(self, parameters: network.Parameters, recipe: Recipe, decays: list[bool]) -> None:
        self._recipe = recipe
        self._first = [np.zeros_like(p) for p in parameters]
        self._second = [np.zeros_like(p) for p in parameters]
        self._decays = decays

    def step(self, parameters: network.Parameters, gradients: network.Parameters, step: int) -> None:
        """Change `parameters` in place."""
        rate = self._rate(step)
        for i, (p, g) in enumerate(zip(parameters, gradients, strict=True)):
            g32 = np.asarray(g, np.float32)
            self._first[i] = np.float32(0.9) * self._first[i] + np.float32(0.1) * g32
            self._second[i] = np.float32(0.999) * self._second[i] + np.float32(0.001) * g32 * g32
            first = self._first[i] / np.float32(1 - 0.9 ** (step + 1))
            second = self._second[i] / np.float32(1 - 0.999 ** (step + 1))
            decay = self._recipe.weight_decay if self._decays[i] else 0.0
            p -= np.float32(rate) * (first / (np.sqrt(second) + np.float32(1e-8)) + np.float32(decay) * p)

    def _rate(self, step: int) -> float:
        r = self._recipe
        if step < r.warm_up_steps:
            return r.learning_rate * (step + 1) / r.warm_up_steps
        done = (step - r.warm_up_steps) / max(1, r.steps - r.warm_up_steps)
        return r.learning_rate * 0.5 * (1 + float(np.cos(np.pi * done)))


class _Batches:
    """Draws batches: positives, near and general negatives in fixed shares, mined ones among the negatives."""

    def __init__(
        self, material: Material, recipe: Recipe, mean: F32, scale: F32, rng: np.random.Generator, exit_width: int
    ) -> None:
        self._exit_width = exit_width
        self._material, self._recipe, self._mean, self._scale, self._rng = material, recipe, mean, scale, rng
        self._positive = material.early if recipe.early and len(material.early) else material.positive
        self._mined: Rows = _NONE

    def draw(self) -> tuple[F32, F32, F32]:
        """Give inputs [n, 16, 96] (standardised), targets [n] and the dropout mask [n, exit width]."""
        r, rng = self._recipe, self._rng
        starts, target = self._choose()
        x = (self._material.windows(starts) - self._mean) / self._scale
        share = rng.beta(r.mixup_beta, r.mixup_beta, r.batch).astype(np.float32)
        other = rng.permutation(r.batch)
        x = share[:, None, None] * x + (1 - share)[:, None, None] * x[other]
        target = share * target + (1 - share) * target[other]
        x += np.float32(r.feature_noise) * rng.standard_normal(x.shape, np.float32)
        keep = rng.random((r.batch, self._exit_width), np.float32) >= r.dropout
        return x, target, keep.astype(np.float32) / np.float32(1 - r.dropout)

    def mine(self, member: Member | SmallMember) -> None:
        """Keep the hardest windows of a random third of all negatives (of 120,000 at most: eight seconds)."""
        near = self._material.near.starts if self._recipe.near_share else _NONE
        pool = np.concatenate([near, self._material.general.starts])
        if len(pool) == 0:
            return
        some = np.sort(self._rng.choice(pool, min(_MOST_SEEN, max(1, len(pool) // 3)), replace=False))
        parts = [some[at : at + 2048] for at in range(0, len(some), 2048)]
        logits = np.concatenate([member.logit(self._material.windows(part)) for part in parts])
        hardest = np.argsort(-logits, kind="stable")[: self._recipe.mined]
        self._mined = np.concatenate([self._mined, some[hardest]])

    def _choose(self) -> tuple[Rows, F32]:
        r, rng = self._recipe, self._rng
        positives = round(r.batch * r.positive_share)
        mined = round((r.batch - positives) * r.mined_share) if len(self._mined) else 0
        near = round(r.batch * r.near_share) if len(self._material.near) else 0
        general = r.batch - positives - mined - near
        if not len(self._material.general):
            near, general = near + general, 0
        pools = ((self._material.near, near), (self._material.general, general))
        chosen = [self._positive.draw(rng, positives)]
        chosen += [rng.choice(self._mined, mined)] if mined else []
        chosen += [pool.draw(rng, count) for pool, count in pools if count]
        target = np.zeros(r.batch, np.float32)
        target[:positives] = 1
        return np.concatenate(chosen), target
