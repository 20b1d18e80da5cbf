import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wakegen.metrics.intervals import PerHour, Rate, cluster_bootstrap, figure, per_hour, wilson

# Printed tables: Newcombe (1998), Statistics in Medicine 17, 857, table I, method 3 (Wilson).
PUBLISHED_WILSON = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
# Exact Poisson limits, two-sided 95 %: Garwood's table (1936).
PUBLISHED_POISSON = [(1, 0.0253, 5.572), (5, 1.623, 11.668), (10, 4.795, 18.390), (30, 20.241, 42.827)]


@pytest.mark.parametrize(("hits", "total", "low", "high"), PUBLISHED_WILSON)
def test_wilson_matches_the_published_table(hits, total, low, high):
    rate = wilson(hits, total)
    assert rate.low == pytest.approx(low, abs=5e-5)
    assert rate.high == pytest.approx(high, abs=5e-5)


@pytest.mark.parametrize(("events", "low", "high"), PUBLISHED_POISSON)
def test_poisson_matches_garwoods_table(events, low, high):
    rate = per_hour(events, 1.0)
    assert rate.low == pytest.approx(low, rel=1e-3)
    assert rate.high == pytest.approx(high, rel=1e-3)


@given(total=st.integers(1, 5000), data=st.data())
def test_an_interval_holds_its_rate_and_stays_a_proportion(total, data):
    hits = data.draw(st.integers(0, total))
    rate = wilson(hits, total)
    assert 0 <= rate.low <= hits / total <= rate.high <= 1
    mirrored = wilson(total - hits, total)
    assert rate.low == pytest.approx(1 - mirrored.high, abs=1e-12)


@given(events=st.integers(0, 500), hours=st.floats(0.01, 1000), factor=st.floats(1.5, 10))
def test_more_hours_with_the_same_events_lower_both_ends(events, hours, factor):
    few, many = per_hour(events, hours), per_hour(events, hours * factor)
    assert few.low <= events / hours <= few.high
    assert many.high < few.high
    assert many.low <= few.low


def test_zero_events_are_written_with_their_bound():
    assert per_hour(0, 1.2).text() == "0 in 1.2 h, at most 2.5 per hour"
    assert per_hour(0, 5.45).high == pytest.approx(3.0 / 5.45, rel=2e-3)
    assert per_hour(3, 2.0).text() == "3 in 2.0 h, 1.5 per hour (0.31–4.4)"
    assert per_hour(0, 0.5).text() == "0 in 30.0 min, at most 6.0 per hour"


def test_nothing_measured_is_said_to_be_nothing_measured():
    assert wilson(0, 0) == Rate(0, 0, 0.0, 1.0)
    assert wilson(0, 0).text() == "no clips to tell from"
    empty = per_hour(0, 0.0)
    assert empty == PerHour(0, 0.0, 0.0, math.inf)
    assert empty.text() == "no audio to tell from"
    assert json.loads(json.dumps(empty.to_json(), allow_nan=False))["high"] is None


@pytest.mark.parametrize(
    "call", [lambda: wilson(3, 2), lambda: wilson(-1, 2), lambda: per_hour(1, 0.0), lambda: per_hour(-1, 1)]
)
def test_impossible_counts_are_refused(call):
    with pytest.raises(ValueError, match=r" (of|in) "):
        call()


def test_the_bootstrap_repeats_itself_and_is_wider_when_speakers_differ():
    hits, totals = [10, 10, 10, 0], [10, 10, 10, 10]
    first, second = (cluster_bootstrap(hits, totals, seed=0) for _ in range(2))
    assert first == second
    assert first.low < wilson(30, 40).low
    assert (
        cluster_bootstrap([5, 5], [5, 5], seed=0).low == wilson(10, 10).low
    )  # perfect speakers prove no more than clips
    assert cluster_bootstrap([], [], seed=0).total == 0


def test_intervals_cover_the_truth_as_often_as_they_claim():
    rng = np.random.default_rng(5)
    covered = np.mean([wilson(int(k), 80).low <= 0.93 <= wilson(int(k), 80).high for k in rng.binomial(80, 0.93, 2000)])
    assert 0.92 < covered < 0.98


def poisson_coverage(mean):
    chances = (math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1)) for k in range(80))
    return sum(chance for k, chance in enumerate(chances) if per_hour(k, 1.0).low <= mean <= per_hour(k, 1.0).high)


@pytest.mark.parametrize("mean", [0.1, 1.0, 2.9, 3.5, 5.0, 20.0])
def test_poisson_intervals_cover_the_truth_as_often_as_they_claim(mean):
    assert poisson_coverage(mean) >= 0.95


def test_where_three_events_are_expected_the_one_sided_zero_costs_a_little():
    assert poisson_coverage(3.0) == pytest.approx(0.938, abs=1e-3)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.5425, "0.54"), (2.4964, "2.5"), (0.999, "1.0"), (9.96, "10"), (123.4, "123")]
)
def test_figures_have_two_significant_digits(value, text):
    assert figure(value) == text
