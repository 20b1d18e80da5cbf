import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wakegen.metrics.events import (
    EventGate,
    _extrapolated,
    event_count_curve,
    events,
    joined,
    smoothed_threshold_for,
    threshold_for,
)

SCORES = arrays(np.float32, st.integers(0, 120), elements=st.sampled_from([np.float32(v / 16) for v in range(17)]))
GAP = st.integers(1, 30)


def brute(scores, threshold, gap):
    fired, last = [], -(10**9)
    for step, score in enumerate(scores):
        if score >= np.float32(threshold) and step - last >= gap:
            fired.append(step)
            last = step
    return fired


@given(scores=SCORES, threshold=st.floats(0, 1), gap=GAP)
def test_events_follow_the_definition(scores, threshold, gap):
    assert events(scores, threshold, gap).tolist() == brute(scores, threshold, gap)


@given(scores=SCORES, threshold=st.floats(0, 1), gap=GAP)
def test_the_running_gate_fires_where_the_array_form_does(scores, threshold, gap):
    gate = EventGate(threshold=threshold, debounce_steps=gap)
    assert [step for step, score in enumerate(scores) if gate.step(float(score))] == brute(scores, threshold, gap)


@given(scores=SCORES, gap=GAP)
def test_the_curve_is_exact_and_never_rises_with_the_threshold(scores, gap):
    thresholds, counts = event_count_curve(scores, gap)
    assert counts.tolist() == [len(brute(scores, t, gap)) for t in thresholds]
    assert (np.diff(counts) > 0).all()
    assert (np.diff(thresholds) < 0).all()
    every = sorted(set(scores.tolist()))
    all_counts = [len(brute(scores, t, gap)) for t in every]
    assert all(a >= b for a, b in pairwise(all_counts))
    # Up to twenty events nothing is thinned out: each threshold is the highest with its count or more.
    for t, c in zip(thresholds, counts, strict=True):
        assert all(n < c for level, n in zip(every, all_counts, strict=True) if level > t)


@given(parts=st.lists(SCORES, max_size=4), gap=GAP, threshold=st.floats(0, 1))
def test_joined_streams_count_as_the_sum_of_their_parts(parts, gap, threshold):
    assert len(events(joined(parts, gap), threshold, gap)) == sum(len(brute(p, threshold, gap)) for p in parts)


@given(scores=SCORES, gap=GAP, allowed=st.integers(0, 6))
def test_the_chosen_threshold_is_the_lowest_that_keeps_the_promise(scores, gap, allowed):
    choice = threshold_for([scores], 2.0, allowed / 2.0, gap)
    assert choice.allowed == allowed
    if not scores.size:
        assert choice.threshold == 0.5
        return
    assert choice.events == len(brute(scores, choice.threshold, gap)) <= allowed or choice.threshold == scores.min()
    lower = [v for v in set(scores.tolist()) if v < choice.threshold]
    assert not lower or len(brute(scores, max(lower), gap)) > allowed


def test_ten_hours_of_scores_take_less_than_a_second():
    rng = np.random.default_rng(1)
    smooth = np.convolve(rng.normal(size=450_000) * 3 - 8, np.ones(5) / 5, "same")
    scores = (1 / (1 + np.exp(-smooth))).astype(np.float32)
    started = time.process_time()
    _, counts = event_count_curve(scores)
    assert time.process_time() - started < 2.0  # 0.6 s on a quiet core; a loaded machine gets some room
    assert counts[-1] > 1000


def test_a_score_that_stays_high_fires_every_debounce():
    assert events(np.ones(60), 0.5, 25).tolist() == [0, 25, 50]
    assert events(np.full(3, np.nan), 0.5).size == 0


def test_the_estimate_follows_a_bent_tail_beyond_the_hours_at_hand():
    rng = np.random.default_rng(3)
    logits = rng.normal(-6.0, 1.6, size=450_000 // 100)  # one candidate every 8 s
    scores = np.zeros(450_000, np.float32)
    scores[::100] = 1 / (1 + np.exp(-logits))
    truth = threshold_for([scores], 10.0, 0.5)
    first_hour = smoothed_threshold_for([scores[:45_000]], 1.0, 0.5)
    assert first_hour.estimated
    assert not first_hour.resolved
    logit = lambda p: np.log(p / (1 - p))  # noqa: E731
    assert logit(first_hour.threshold) == pytest.approx(logit(truth.threshold), abs=0.8)
    assert not smoothed_threshold_for([scores], 10.0, 2.0).estimated  # twenty events can simply be counted


def test_a_straight_tail_is_followed_straight_and_never_upwards():
    levels = np.linspace(3.0, -1.0, 20)
    straight = np.exp(-1.5 * (levels - 3.0)) + 0.5
    place = _extrapolated(levels, straight, 0.1)
    assert place == pytest.approx(3.0 + np.log(10) / 1.5, abs=0.05)
    assert _extrapolated(levels, np.full(20, 5), 0.1) is None
