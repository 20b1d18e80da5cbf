"""The negative bank's file: what goes in comes out, within half a step; what is no bank is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wakegen.core.errors import BadInput
from wakegen.core.seeds import stream
from wakegen.dataset import bank as store
from wakegen.dataset.bank import Segment, quantised


def made(counts=(3, 5, 2), *, spread=15.0):
    rows = stream(1, "bank").normal(3, spread, (sum(counts), 96)).astype(np.float32)
    firsts = np.cumsum([0, *counts])
    segments = [Segment("e", f"v{i % 2}", f"s{i % 2}", f"text {i}", int(firsts[i]), n) for i, n in enumerate(counts)]
    return rows, quantised(rows, segments, {"language": "en-us", "backbone": {}})


@settings(max_examples=20)
@given(st.floats(0.01, 80))
def test_a_value_comes_back_within_half_a_step(spread):
    rows, bank = made(spread=spread)
    back, _ = bank.chosen(lambda segment: True)
    inside = np.abs(rows - bank.centre) <= 127 * bank.scale
    assert inside.mean() > 0.99
    assert (np.abs(back - rows)[inside] <= np.broadcast_to(0.501 * bank.scale, rows.shape)[inside] + 1e-4).all()


def test_a_file_holds_what_was_saved(tmp_path):
    _, bank = made()
    store.save(bank, tmp_path / "b.npz")
    back = store.load(tmp_path / "b.npz")
    assert back.segments == bank.segments
    assert back.about == bank.about
    assert np.array_equal(back.rows, bank.rows)
    assert back.hours == pytest.approx(10 * 0.08 / 3600)
    assert back.hours_by_engine() == {"e": pytest.approx(back.hours)}


def test_the_same_bank_gives_the_same_bytes(tmp_path):
    for name in "ab":
        store.save(made()[1], tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_chosen_segments_lie_end_to_end():
    _, bank = made()
    rows, kept = bank.chosen(lambda segment: segment.speaker == "s0")
    assert [(one.text, one.first, one.count) for one in kept] == [("text 0", 0, 3), ("text 2", 3, 2)]
    whole, _ = bank.chosen(lambda segment: True)
    assert np.array_equal(rows, np.concatenate([whole[:3], whole[8:]]))


def test_nothing_chosen_is_nothing():
    rows, kept = made()[1].chosen(lambda segment: False)
    assert rows.shape == (0, 96)
    assert kept == ()


@pytest.mark.parametrize("cut", [0, 10, 400, -20])
def test_a_damaged_file_is_refused_with_what_to_do(tmp_path, cut):
    path = tmp_path / "b.npz"
    store.save(made()[1], path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(BadInput) as caught:
        store.load(path)
    assert "bank build" in caught.value.hint


def test_another_version_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "VERSION", 99)
    store.save(made()[1], tmp_path / "b.npz")
    monkeypatch.undo()
    with pytest.raises(BadInput, match="format 99"):
        store.load(tmp_path / "b.npz")
