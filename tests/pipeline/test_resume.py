"""A training that was stopped goes on: finished heads are not trained again, and the bytes are those of one run."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import wakegen
from tests.pipeline.test_add import die_often
from tests.small import content, settings
from wakegen.core.events import ignore
from wakegen.pipeline import head_tasks
from wakegen.pipeline.head_tasks import HeadTask
from wakegen.pipeline.project import opened
from wakegen.train.trainer import Recipe

pytestmark = pytest.mark.xdist_group("add")


def three(folder: Path):
    """Give settings that ask for three heads."""
    return settings(folder, train__heads=3)


@pytest.fixture(scope="module")
def undisturbed(made, cache, tmp_path_factory) -> Path:
    """Give a project with three heads that one run trained."""
    folder = Path(shutil.copytree(made, tmp_path_factory.mktemp("three") / "project"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAKEGEN_CACHE", str(cache))
        wakegen.run_stage("train", folder, three(folder))
    return folder


@pytest.fixture
def counted(monkeypatch) -> list[int]:
    """Give the seeds of the heads that were trained, as they are trained; the third ends the run, once."""
    seeds: list[int] = []
    really = head_tasks.train_member

    def train_member(*args, **more):
        seeds.append(more["seed"])
        if len(seeds) == 3:
            raise KeyboardInterrupt
        return really(*args, **more)

    monkeypatch.setattr(head_tasks, "train_member", train_member)
    return seeds


@pytest.mark.parametrize("again", ["resume", "make"])
def test_heads_that_were_finished_are_not_trained_again(copy, undisturbed, counted, again):
    with pytest.raises(KeyboardInterrupt):
        wakegen.run_stage("train", copy, three(copy))
    assert len(list((copy / ".cache" / "heads").iterdir())) == 2
    if again == "make":
        wakegen.make(three(copy))
    else:
        wakegen.run_stage("train", copy, three(copy), resume=True)
    assert counted[3:] == counted[2:3]
    assert content(copy) == content(undisturbed)
    assert not (copy / ".cache" / "heads").exists()
    assert not list((copy / ".cache" / "material").glob("*"))


def test_training_without_resume_trains_all_heads_anew(copy, undisturbed, counted):
    with pytest.raises(KeyboardInterrupt):
        wakegen.run_stage("train", copy, three(copy))
    wakegen.run_stage("train", copy, three(copy))
    assert counted[3:] == counted[:3]
    assert content(copy) == content(undisturbed)


def test_resuming_a_training_that_has_finished_leaves_it(copy, made):
    told: list[str] = []
    wakegen.run_stage(
        "train", copy, settings(copy), resume=True, on_event=lambda e: told.append(getattr(e, "summary", ""))
    )
    assert told == ["already done", "already done"]  # the gate, and the training
    assert content(copy) == content(made)


def test_a_head_that_was_kept_and_is_damaged_is_trained_again(copy, undisturbed, counted):
    with pytest.raises(KeyboardInterrupt):
        wakegen.run_stage("train", copy, three(copy))
    for path in (copy / ".cache" / "heads").iterdir():
        path.write_bytes(path.read_bytes()[:100])
    wakegen.run_stage("train", copy, three(copy), resume=True)
    assert counted[3:] == counted[:3]
    assert content(copy) == content(undisturbed)


def test_killed_at_almost_every_write_of_a_training_it_gives_the_same_bytes(copy, undisturbed):
    assert die_often(copy, "resume", seed=3, fewest=4, most=12) >= 2
    assert content(copy) == content(undisturbed)


def test_a_head_is_named_by_all_that_decides_it(undisturbed):
    from wakegen.model.members import load_members

    first, second, _ = load_members(undisturbed / ".cache" / "members.npz")
    tasks = [
        HeadTask(Recipe(), 1),
        HeadTask(Recipe(), 2),
        HeadTask(replace(Recipe(), steps=9), 1),
        HeadTask(Recipe(), 1, first),
        HeadTask(Recipe(), 1, second),
        HeadTask(Recipe(), 1, replace(first, exit_bias=first.exit_bias + 1)),
    ]
    keys = [head_tasks._key("material", task) for task in tasks]
    assert len({*keys, head_tasks._key("other material", tasks[0])}) == len(tasks) + 1
    assert head_tasks._key("material", HeadTask(Recipe(), 1, first)) == keys[3]


def test_every_byte_of_the_material_names_it(copy):
    from tests.train.test_trainer import material

    given = material()
    moved = replace(given, positive=replace(given.positive, weights=given.positive.weights + 1e-9))
    other = replace(given, embeddings=np.array(given.embeddings))
    other.embeddings[3, 5] += 1
    with opened(settings(copy), on_event=ignore) as project:
        digests = []
        for one in (given, material(), moved, other):
            with head_tasks.parked(project, one) as place:
                digests.append(place.digest)
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
