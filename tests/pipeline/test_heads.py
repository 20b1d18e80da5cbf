"""What depends on the phrase is chosen by clips of an engine that never trains, and only if that is clear."""

from __future__ import annotations

import numpy as np
import pytest

from tests.small import settings
from wakegen.core.events import ignore
from wakegen.pipeline import heads, train
from wakegen.pipeline.project import opened

pytestmark = pytest.mark.xdist_group("project")


def heard(*shares: float, clips: int = 100) -> list[np.ndarray]:
    """Give what candidates hear: each the first so many of the clips."""
    return [(np.arange(clips) < share * clips).astype(float) for share in shares]


@pytest.mark.parametrize(
    ("shares", "best"),
    [
        ((0.8, 0.8, 0.8), 0),
        ((0.8, 0.7, 0.6), 0),
        ((0.6, 0.8, 0.7), 1),
        ((0.6, 0.7, 0.9), 2),
        ((0.80, 0.81, 0.80), 0),  # one clip of a hundred is no reason
        ((1.0, 1.0, 1.0), 0),
    ],
)
def test_the_usual_recipe_stays_unless_another_is_clearly_better(shares, best):
    assert heads._best(heard(*shares)) == best


def test_engines_that_validate_are_told_from_those_that_train():
    assert heads.trains("espeak")
    assert heads.trains("recording")
    assert not heads.trains("festival")


@pytest.fixture
def judged(copy, monkeypatch):
    """Train a small project whose own engine counts as one that never trains."""
    monkeypatch.setattr(heads, "trains", lambda engine: False)
    monkeypatch.setattr(heads, "_FEWEST", 1)
    wanted = settings(copy, train__preset="standard", train__heads=2, train__steps=20)
    with opened(wanted, on_event=ignore) as project:
        return train.run(project, redo=True)


def test_every_candidate_is_tried_and_the_choice_is_told(judged):
    choice = judged["choice"]
    assert set(choice["heard"]) == {one.name for one in heads.CANDIDATES}
    assert choice["name"] in choice["heard"]
    assert choice["clips"] > 0
    assert choice["name"] in judged["line"]
    assert judged["line"].startswith("2 heads")


def test_without_such_an_engine_nothing_is_chosen(copy):
    with opened(settings(copy, train__preset="standard", train__heads=1, train__steps=20), on_event=ignore) as project:
        assert train.run(project, redo=True)["choice"] == {}
