"""The distance is a distance, counts what listeners notice, and is fast."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wakegen.text import distance as d

SYMBOLS = ["p", "b", "t", "s", "z", "k", "m", "n", "ɹ", "dʒ", "ˈɑː", "ˈoʊ", "oʊ", "ɔɪ", "ə", "ɪ", "ˈiː", "v"]
words = st.lists(st.sampled_from(SYMBOLS), max_size=9)
JARVIS = ["dʒ", "ˈɑːɹ", "v", "ɪ", "s"]


@given(words, words)
@settings(max_examples=150, deadline=None)
def test_it_is_symmetric_and_zero_only_for_equals(a, b):
    assert d.phoneme_distance(a, b) == pytest.approx(d.phoneme_distance(b, a), abs=1e-4)
    assert d.edits(a, b) == d.edits(b, a)
    assert (d.phoneme_distance(a, b) == 0) == (a == b)


@given(words, words, words)
@settings(max_examples=150, deadline=None)
def test_a_detour_is_hardly_ever_shorter(a, b, c):
    # The phoneme table is judgement, not a metric: sounds have cheap way stations (j is near i, and i near ɪ).
    direct = d.phoneme_distance(a, c)
    assert direct <= 2.5 * (d.phoneme_distance(a, b) + d.phoneme_distance(b, c)) + 0.7


@given(words, words)
@settings(max_examples=100, deadline=None)
def test_a_stretch_is_never_further_than_the_whole(sentence, phrase):
    best = d.best_window_distance(sentence, phrase)
    assert best <= d.phoneme_distance(sentence, phrase) + 1e-4
    assert d.best_window_distance(sentence + phrase + sentence, phrase) == pytest.approx(0, abs=1e-5)


@given(st.lists(words, min_size=1, max_size=6), words)
@settings(max_examples=60, deadline=None)
def test_many_at_once_give_what_one_by_one_gives(rows, target):
    assert d.distances(rows, target) == pytest.approx([d.phoneme_distance(row, target) for row in rows], abs=1e-5)
    assert d.window_distances(rows, target) == pytest.approx([d.best_window_distance(row, target) for row in rows])


@pytest.mark.parametrize(
    ("said", "count"),
    [
        ("dʒ ˈɑːɹ v ɪ s", 0),
        ("dʒ ˈɑːɹ v ə s", 0),  # a weak vowel
        ("dʒ ˌɑːɹ v ɪ s", 0),  # stress
        ("dʒ ˈɑːɹ f ɪ s", 0),  # near sounds
        ("k ˈɑːɹ v ɪ s", 1),
        ("dʒ ˈɑːɹ v ɪ", 1),
        ("k ˈɑːɹ v ɪ n", 2),
        ("dʒ ˈiː k ɪ s", 2),
    ],
)
def test_edits_count_what_a_listener_notices(said, count):
    assert d.edits(said.split(), JARVIS) == count


def test_a_weak_vowel_costs_less_than_a_full_one():
    assert d.indel("ə") == pytest.approx(0.3)
    assert d.indel("ˈə") == d.indel("oʊ") == d.indel("s") == 1
    assert d.substitution("ə", "ɪ") < 0.3 < d.substitution("ˈɑː", "ˈiː")


def test_nothing_is_at_a_distance_from_nothing():
    assert d.phoneme_distance([], []) == 0
    assert d.phoneme_distance([], JARVIS) == pytest.approx(4.3)
    assert d.distances([], JARVIS).shape == (0,)


def test_twenty_thousand_words_take_less_than_two_seconds():
    rng = np.random.default_rng(0)
    rows = [[SYMBOLS[at] for at in rng.integers(0, len(SYMBOLS), int(rng.integers(2, 14)))] for _ in range(20_000)]
    start = time.perf_counter()
    d.distances(rows, JARVIS)
    assert time.perf_counter() - start < 2
