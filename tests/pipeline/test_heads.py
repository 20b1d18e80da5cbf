"""What depends on the phrase is chosen by clips of an engine that never trains, and only if that is clear."""

from __future__ import annotations

import numpy as np
import pytest

from tests.small import settings
from wakegen.core.events import ignore
from wakegen.engines import table
from wakegen.pipeline import heads, train
from wakegen.pipeline.project import Project, opened
from wakegen.train.trainer import Recipe

pytestmark = pytest.mark.xdist_group("project")


def heard(clips: int = 100, **shares: float) -> dict[str, np.ndarray]:
    """Give what the recipes hear, each the first so many of the clips; those that are not named hear half."""
    named = {heads.USUAL: "usual", **{change.name: change.name.replace(" ", "_") for change in heads.CHANGES}}
    return {name: (np.arange(clips) < shares.get(key, 0.5) * clips).astype(float) for name, key in named.items()}


@pytest.mark.parametrize(
    ("shares", "changes"),
    [
        ({}, []),
        ({"no_near_texts": 0.4, "early_windows": 0.3}, []),
        ({"no_near_texts": 0.7}, ["no near texts"]),
        ({"no_near_texts": 0.7, "many_near_texts": 0.9}, ["many near texts"]),
        ({"no_near_texts": 0.9, "many_near_texts": 0.7}, ["no near texts"]),
        ({"no_near_texts": 0.7, "many_near_texts": 0.71}, ["many near texts"]),
        ({"early_windows": 0.51}, []),  # one clip of a hundred is no reason
        ({"usual": 1.0, "the_phrase_more_often": 1.0}, []),
        ({"many_near_texts": 0.7, "the_phrase_more_often": 0.9}, ["many near texts", "the phrase more often"]),
    ],
)
def test_a_change_is_made_only_if_it_is_clearly_better_and_one_about_each_thing(shares, changes):
    assert heads.better(heard(**shares)) == changes


@pytest.mark.parametrize("change", heads.CHANGES, ids=lambda change: change.name)
def test_a_choice_is_known_again_by_its_name(change):
    usual = Recipe()
    assert heads.chosen_recipe(usual, heads.USUAL) == heads.chosen_recipe(usual, "") == usual
    changed = heads.chosen_recipe(usual, change.name)
    assert changed != usual
    assert heads.chosen_recipe(usual, f"{change.name} and nothing else") == changed


@pytest.fixture
def judged(copy, monkeypatch):
    """Train a small project whose own engine counts as one that never trains."""
    monkeypatch.setattr(Project, "validators", frozenset(table.names(hidden=True)))
    monkeypatch.setattr(heads, "_FEWEST", 1)
    wanted = settings(copy, train__preset="standard", train__heads=2, train__steps=20)
    with opened(wanted, on_event=ignore) as project:
        return train.run(project, redo=True)


def test_every_change_is_tried_and_the_choice_is_told(judged):
    choice = judged["choice"]
    assert set(choice["heard"]) == {heads.USUAL, *(change.name for change in heads.CHANGES)}
    assert choice["name"]
    assert choice["clips"] > 0
    assert choice["name"] in judged["line"]
    assert judged["line"].startswith("2 heads")


@pytest.mark.parametrize(
    ("together", "name"), [(0.9, "no near texts and early windows"), (0.7, "early windows")], ids=["better", "worse"]
)
def test_changes_are_made_together_if_they_hear_as_much_as_the_best_of_them(copy, monkeypatch, together, name):
    shares = iter([0.5, 0.7, 0.4, 0.8, 0.5, together])  # the usual recipe, each change in its order, two together
    monkeypatch.setattr(heads, "hits", lambda head, held_out, phrases: (np.arange(100) < 100 * next(shares)) * 1.0)
    monkeypatch.setattr(Project, "validators", frozenset(table.names(hidden=True)))
    monkeypatch.setattr(heads, "_FEWEST", 1)
    recipes = []
    train_all = heads.train_all

    def spy(project, place, tasks, executor, total):
        recipes.extend(task.recipe for task in tasks)
        return train_all(project, place, tasks, executor, total)

    monkeypatch.setattr(heads, "train_all", spy)
    with opened(settings(copy, train__preset="standard", train__heads=2, train__steps=20), on_event=ignore) as project:
        assert train.run(project, redo=True)["choice"]["name"] == name
    assert len(recipes) == 1 + len(heads.CHANGES) + 1 + 1  # the last is the second head
    assert recipes[-1] == heads.chosen_recipe(recipes[0], name)


def test_without_such_an_engine_nothing_is_chosen(copy):
    with opened(settings(copy, train__preset="standard", train__heads=1, train__steps=20), on_event=ignore) as project:
        assert train.run(project, redo=True)["choice"] == {}
