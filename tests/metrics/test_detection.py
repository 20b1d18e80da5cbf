import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wakegen.metrics.detection import (
    ScoredPhrase,
    det_curve,
    hit_steps,
    judge,
    operating_point,
    percentiles,
    recall_at,
)

SCORES = arrays(np.float32, 60, elements=st.sampled_from([np.float32(v / 8) for v in range(9)]))


def phrase(*high, span=(1.6, 2.4)):
    scores = np.zeros(60, np.float32)
    scores[list(high)] = 0.9
    return ScoredPhrase(scores, span)


def test_the_hit_span_runs_from_the_start_to_one_second_after_the_end():
    # Step k ends at 0.08 (k + 1) s: 1.60 s is the end of step 19, 3.40 s lies within step 42.
    assert hit_steps((1.6, 2.4)) == (19, 42)
    assert not judge(phrase(18), 0.5).hit
    assert judge(phrase(19), 0.5).hit
    assert judge(phrase(41), 0.5).hit
    assert not judge(phrase(42), 0.5).hit


def test_fire_time_counts_from_the_end_of_the_phrase():
    assert judge(phrase(31), 0.5).fire_ms == pytest.approx(160.0)
    assert judge(phrase(27), 0.5).fire_ms == pytest.approx(-160.0)


def test_an_early_event_swallows_the_phrase_as_it_does_in_use():
    outcome = judge(phrase(10, 30), 0.5)
    assert (outcome.hit, outcome.early) == (False, 1)
    assert judge(phrase(4, 30), 0.5).hit  # 26 steps apart: the debounce is over


@given(st.lists(SCORES, min_size=1, max_size=5), st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_recall_over_thresholds_equals_judging_one_by_one(all_scores, thresholds):
    phrases = [ScoredPhrase(scores, (1.6, 2.4)) for scores in all_scores]
    assert recall_at(phrases, thresholds).tolist() == [sum(judge(p, t).hit for p in phrases) for t in thresholds]


def test_the_curve_counts_by_hand():
    stream = np.zeros(45_000, np.float32)  # one hour
    stream[[100, 1000, 2000]] = 0.8, 0.6, 0.6
    weak = ScoredPhrase(phrase(30).scores * np.float32(0.75), (1.6, 2.4))  # peaks at 0.675
    curve = det_curve([phrase(30), weak], [stream], 1.0)
    assert curve.fa_per_hour[:3].tolist() == [0, 1, 3]
    assert curve.misses[:3].tolist() == [0.5, 0.5, 0.0]
    point = operating_point(
        "relaxed",
        fa_per_hour=2.0,
        threshold=0.7,
        estimated=False,
        phrases=[phrase(30), weak],
        streams=[stream],
        hours=1.0,
    )
    assert (point.recall.hits, point.false_accepts.events) == (1, 1)
    assert not point.resolved
    assert "cannot be told" in point.text


def test_a_point_that_misses_more_than_it_hears_is_none():
    point = operating_point(
        "strict",
        fa_per_hour=0.1,
        threshold=0.95,
        estimated=False,
        phrases=[phrase(30)] * 4,
        streams=[np.zeros(45_000, np.float32)],
        hours=100.0,
    )
    assert not point.usable
    assert point.text.startswith("No usable point")


def test_no_data_is_no_crash():
    assert det_curve([], [], 0.0).thresholds.size == 0
    assert np.isnan(det_curve([], [np.ones(10, np.float32)], 1.0).misses).all()
    empty = operating_point(
        "strict", fa_per_hour=0.1, threshold=0.5, estimated=False, phrases=[], streams=[], hours=0.0
    )
    assert empty.text == "No positive clips: recall is not known."
    assert percentiles([])["p50"] is None
    assert percentiles([1.0, 3.0])["p50"] == 2.0
