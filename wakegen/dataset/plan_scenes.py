"""The second plan: which clip is heard in which scene. A pure function of settings and of what was spoken.

Clips of the phrase and of what sounds like it get several scenes in training, everything else one. Validation and
test clips get one scene, whose rooms and noises are not those of training.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wakegen.config import Settings
from wakegen.core.seeds import stream
from wakegen.dataset.plan import PROBE
from wakegen.dataset.recordings import is_added
from wakegen.dataset.store import PLANNED, SCENE, Clip
from wakegen.profiles import DeviceProfile
from wakegen.scenes import Recipe, Scene, Sizes, draw
from wakegen.scenes.scene import BYSTANDERS, CLEAN, EVERYDAY, ROLES

NOISE_S = 8.0
_PROBES = 200  # clips of the phrase that training has, heard once more in everyday scenes
SCARCE = frozenset(("phrase", "confusable", "partial", "swap", "near_word", "rival"))
_FLUENT = ("sentence", "word")
_ADDED_COPIES = 4  # scenes of a clip that was added: there are few of them, and they are the user's own


@dataclass(frozen=True, slots=True)
class Company:
    """Clips that may be heard beside another: fluent speech of the same split."""

    ids: Sequence[int]

    def draw(self, rng: np.random.Generator, count: int) -> list[int]:
        """Draw `count` clips."""
        return [int(self.ids[i]) for i in rng.integers(len(self.ids), size=count)] if self.ids else []


def plan_scenes(
    settings: Settings, spoken: Sequence[Clip], profile: DeviceProfile, sizes: Sizes, *, first_id: int
) -> Iterator[Clip]:
    """Give the rows of all scenes, numbered from `first_id`; `spoken` are the clips that passed the gate."""
    company = _company(spoken)
    recipes = _recipes(settings)
    number = first_id
    for row in plan_scenes_of(spoken, settings, spoken, profile, sizes, first_id=first_id):
        yield row
        number = row.id + 1
    for clip in [clip for clip in spoken if _is_probe(clip)][:_PROBES]:
        rng = stream(settings.seed, "probe", clip.id)
        heard = replace(clip, split=PROBE)
        yield _scene_row(heard, number, rng, profile, sizes, recipes, company)
        number += 1
    for split, count in noise_counts(settings).items():
        for i in range(count):
            rng = stream(settings.seed, "noise scene", split, i)
            yield _noise_row(settings, number, split, rng, profile, sizes, recipes)
            number += 1


def plan_scenes_of(
    clips: Sequence[Clip],
    settings: Settings,
    spoken: Sequence[Clip],
    profile: DeviceProfile,
    sizes: Sizes,
    *,
    first_id: int,
) -> Iterator[Clip]:
    """Give the rows of the scenes of `clips` alone, in the company of all that was `spoken`."""
    company, recipes = _company(spoken), _recipes(settings)
    number = first_id
    for clip in clips:
        for copy in range(_copies(settings, clip)):
            rng = stream(settings.seed, "scene", clip.id, copy)
            yield _scene_row(clip, number, rng, profile, sizes, recipes, company)
            number += 1


def _copies(settings: Settings, clip: Clip) -> int:
    if clip.split != "train":
        return 1
    if is_added(clip):
        return _ADDED_COPIES
    return settings.augmentation.augmented_per_original if clip.kind in SCARCE else 1


def _is_probe(clip: Clip) -> bool:
    return clip.kind == "phrase" and clip.split == "train" and not is_added(clip)


def _scene_row(
    clip: Clip,
    number: int,
    rng: np.random.Generator,
    profile: DeviceProfile,
    sizes: Sizes,
    recipes: Mapping[str, Recipe],
    company: Mapping[str, Company],
) -> Clip:
    split = _of_split(clip)
    role = f"{split}_{'positive' if clip.label == 'positive' else 'negative'}"
    scene = draw(profile, rng, role=role, speech_s=clip.seconds or 0.0, sizes=sizes, recipe=recipes[role])
    return replace(
        clip,
        id=number,
        stage=SCENE,
        parent=clip.id,
        parameters=_companions(scene, rng, company[split]),
        scene=scene.to_json(),
        state=PLANNED,
        reason="",
        sha256=None,
        quality={},
        created=None,
    )


def _companions(scene: Scene, rng: np.random.Generator, company: Company) -> dict[str, Any]:
    """Choose whose speech is heard before, after and behind."""
    before = company.draw(rng, 1) if scene.wants_before else []
    after = company.draw(rng, 1) if scene.wants_after else []
    return {"before": before, "after": after, "babble": company.draw(rng, scene.babble_voices)}


def _noise_row(
    settings: Settings,
    number: int,
    split: str,
    rng: np.random.Generator,
    profile: DeviceProfile,
    sizes: Sizes,
    recipes: Mapping[str, Recipe],
) -> Clip:
    role = f"{split}_negative"
    scene = draw(profile, rng, role=role, speech_s=0.0, length_s=NOISE_S, sizes=sizes, recipe=recipes[role])
    return Clip(
        id=number,
        stage=SCENE,
        label="noise",
        kind="noise",
        phrase=settings.phrase,
        text="",
        split=split,
        engine="noise",
        language=settings.generation.language,
        scene=scene.to_json(),
        parameters={"before": [], "after": [], "babble": []},
        licence="Apache-2.0",
        source="procedural",
    )


def _company(spoken: Sequence[Clip]) -> Mapping[str, Company]:
    found: dict[str, list[int]] = {"train": [], "val": [], "test": []}
    for clip in spoken:
        if clip.kind in _FLUENT and clip.split != PROBE:
            found[_of_split(clip)].append(clip.id)
    return {split: Company(ids) for split, ids in found.items()}


def noise_counts(settings: Settings) -> dict[str, int]:
    """Give how many scenes hold noise alone, by split."""
    total, ratio = settings.generation.negatives.noise, settings.export.split_ratio
    val, test = round(total * ratio[1]), round(total * ratio[2])
    return {"train": total, "val": max(1, val), "test": max(1, test)}


def _of_split(clip: Clip) -> str:
    """The user's recordings of the phrase and the probes are heard in test scenes."""
    return clip.split if clip.split in ("train", "val", "test") else "test"


def _recipes(settings: Settings) -> Mapping[str, Recipe]:
    """Give what each role is heard in. Training is hard on purpose; what is held out is heard as on most days."""
    if not settings.augmentation.enabled:
        return dict.fromkeys(ROLES, CLEAN)
    training = Recipe(warp_octaves=_octaves(settings))
    held_out = {"positive": EVERYDAY, "negative": BYSTANDERS}
    return {role: training if role.startswith("train") else held_out[role.split("_")[1]] for role in ROLES}


def _octaves(settings: Settings) -> float:
    """The range of the vocal tract's length, which the settings give in semitones, as ± octaves."""
    low, high = settings.generation.variation.warp
    return max(abs(low), abs(high)) / 12
