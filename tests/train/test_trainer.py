"""Training: what can be learned is learned, and the seed decides every byte."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace

import numpy as np
import pytest

from wakegen.core.errors import BadInput
from wakegen.core.seeds import stream
from wakegen.export import onnx_bytes
from wakegen.model.head import Head, Member
from wakegen.train.material import Material, Pool, positive_starts, window_starts
from wakegen.train.trainer import Recipe, going_on, train_member

RECIPE = Recipe(steps=60, batch=48, warm_up_steps=10, mined=50)


def material(*, seed: int = 1, rows: int = 1600) -> Material:
    """Embeddings in which a positive window is one whose last frames point one way."""
    rng = stream(seed, "material")
    embeddings = rng.normal(3, 15, (rows, 96)).astype(np.float32)
    direction = stream(0, "direction").normal(0, 20, 96).astype(np.float32)
    ends = np.arange(40, rows - 20, 40)
    for end in ends:
        embeddings[end - 4 : end] += direction
    others = np.setdiff1d(np.arange(rows - 16), np.concatenate([ends - 16 + i for i in range(-6, 13)]))
    return Material(embeddings, one_group(ends - 16), one_group(others[::7]), one_group(others))


def one_group(starts) -> Pool:
    return Pool.of({"all": [np.asarray(starts, np.int64)]})


NOTHING = one_group([])


@pytest.fixture(scope="module")
def trained():
    return train_member(material(), recipe=RECIPE, seed=1)


def bytes_of(member: Member) -> bytes:
    return onnx_bytes(Head((member,)))


def test_what_can_be_told_apart_is_told_apart(trained):
    unseen = material(seed=2)
    yes, no = (
        trained.logit(unseen.windows(unseen.positive.starts)),
        trained.logit(unseen.windows(unseen.general.starts)),
    )
    assert (yes > np.quantile(no, 0.99)).mean() > 0.9


def test_the_same_seed_gives_the_same_bytes(trained):
    assert bytes_of(train_member(material(), recipe=RECIPE, seed=1)) == bytes_of(trained)


def test_another_process_gives_the_same_bytes(trained):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_in_child) == bytes_of(trained)


def _in_child() -> bytes:
    return bytes_of(train_member(material(), recipe=RECIPE, seed=1))


def test_another_seed_gives_another_head(trained):
    assert bytes_of(train_member(material(), recipe=RECIPE, seed=0)) != bytes_of(trained)


def test_a_head_that_goes_on_starts_where_it_was(trained):
    still = replace(RECIPE, steps=1, learning_rate=0.0, warm_up_steps=0)
    unseen = material(seed=2)
    windows = unseen.windows(unseen.general.starts)
    after = train_member(material(seed=3), recipe=still, seed=1, start=trained)
    np.testing.assert_allclose(after.logit(windows), trained.logit(windows), atol=1e-3)


def test_going_on_takes_a_third_of_the_steps_and_learns_what_is_new_without_changing_the_start(trained):
    before, told = bytes_of(trained), []
    new = material(seed=3)
    shifted = replace(new, embeddings=new.embeddings[:, ::-1].copy())  # the phrase points another way there
    after = train_member(shifted, recipe=going_on(RECIPE), seed=1, start=trained, on_step=told.append)
    assert told[-1] == 20
    assert bytes_of(trained) == before

    def margin(member: Member) -> float:
        yes, no = (member.logit(shifted.windows(pool.starts)) for pool in (shifted.positive, shifted.general))
        return float(yes.mean() - no.mean())

    assert margin(trained) < 0 < margin(after)


def test_going_on_gives_the_same_bytes_from_the_same_start_and_others_from_another(trained):
    other = train_member(material(), recipe=RECIPE, seed=2)
    first, again, third = (
        bytes_of(train_member(material(seed=3), recipe=going_on(RECIPE), seed=1, start=start))
        for start in (trained, trained, other)
    )
    assert first == again != third


def test_every_step_is_told(capsys):
    told: list[int] = []
    train_member(material(), recipe=replace(RECIPE, steps=55), seed=1, on_step=told.append)
    assert told == [25, 50, 55]
    assert capsys.readouterr() == ("", "")


def test_material_is_not_changed_by_training():
    before, given = material(), material()
    train_member(given, recipe=replace(RECIPE, steps=5), seed=1)
    assert np.array_equal(given.embeddings, before.embeddings)


@pytest.mark.parametrize("missing", ["near", "general"])
def test_a_group_may_be_empty(missing):
    given = replace(material(), **{missing: NOTHING})
    assert np.isfinite(train_member(given, recipe=replace(RECIPE, steps=20), seed=1).exit).all()


@pytest.mark.parametrize(
    ("missing", "text"), [(("positive",), "of the phrase"), (("near", "general"), "anything but the phrase")]
)
def test_without_one_of_the_two_classes_there_is_nothing_to_train_on(missing, text):
    given = replace(material(), **dict.fromkeys(missing, NOTHING))
    with pytest.raises(BadInput, match=text):
        train_member(given, recipe=RECIPE, seed=1)


def test_windows_of_a_clip_begin_where_sixteen_rows_are_left():
    assert window_starts(18, first_row=100).tolist() == [100, 101, 102]
    assert window_starts(15, first_row=100).tolist() == []


def test_positive_windows_end_shortly_after_the_phrase():
    # Window j ends at 0.08 (j + 25) s; the phrase ends at 2.5 s, wanted are ends at 2.6 … 3.1 s.
    starts = positive_starts(40, first_row=7, phrase_end_s=2.5, after_s=(0.1, 0.6))
    ends_s = 0.08 * (starts - 7 + 25)
    assert starts.tolist() == [7 + j for j in range(25) if 2.6 <= 0.08 * (j + 25) <= 3.1]
    assert ends_s.min() >= 2.6
    assert ends_s.max() <= 3.1


def test_standardisation_is_of_all_rows():
    given = material()
    mean, scale = given.standardisation()
    np.testing.assert_allclose(mean, given.embeddings.mean(0), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(scale, given.embeddings.std(0), rtol=1e-4)
    empty, flat = np.zeros((0, 96), np.float32), np.ones((3, 96), np.float32)
    assert Material(empty, NOTHING, NOTHING, NOTHING).standardisation()[1].tolist() == [1.0] * 96
    assert Material(flat, NOTHING, NOTHING, NOTHING).standardisation()[1].min() > 0


def test_groups_are_drawn_by_their_weights_and_windows_of_a_group_evenly():
    groups = {"many": [np.arange(0, 900)], "few": [np.arange(900, 905), np.arange(905, 910)], "none": []}
    drawn = Pool.of(groups, {"many": 0.25, "few": 0.75, "none": 5.0}).draw(stream(1, "pool"), 20_000)
    few = drawn[drawn >= 900]
    assert 0.73 < len(few) / len(drawn) < 0.77
    counts = np.bincount(few - 900)
    assert len(counts) == 10
    assert counts.min() > 0.8 * counts.mean()
    assert set(drawn) <= set(range(910))


def test_without_weights_every_window_is_drawn_equally_often():
    drawn = Pool.of({"a": [np.arange(90)], "b": [np.arange(90, 100)]}).draw(stream(1, "pool"), 20_000)
    assert 0.09 < (drawn >= 90).mean() < 0.11


def test_no_near_texts_means_none_among_the_mined_ones_either():
    recipe, given = replace(RECIPE, near_share=0.0), material()
    with_some, without = replace(given, near=one_group(np.arange(5))), replace(given, near=NOTHING)
    first, second = (train_member(one, recipe=recipe, seed=1) for one in (with_some, without))
    assert bytes_of(first) == bytes_of(second)


def test_early_windows_are_drawn_where_there_are_any():
    given = material()
    early = replace(given, early=replace(given.positive, starts=given.positive.starts - 2))
    usual = train_member(early, recipe=RECIPE, seed=1)
    assert np.array_equal(usual.entry, train_member(given, recipe=RECIPE, seed=1).entry)
    assert not np.array_equal(usual.entry, train_member(early, recipe=replace(RECIPE, early=True), seed=1).entry)
    without = train_member(given, recipe=replace(RECIPE, early=True), seed=1)  # no clip is that long
    assert np.array_equal(usual.entry, without.entry)
