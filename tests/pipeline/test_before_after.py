"""Two heads compared on the same clips: counts, intervals, and when a group has got worse."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tests.heads import head
from wakegen.core.seeds import stream
from wakegen.metrics.intervals import wilson
from wakegen.pipeline.before_after import changes, hits_of, to_json, to_text, warning, woken_by
from wakegen.pipeline.heads import SMOOTHING_STEPS, HeldOut
from wakegen.train.calibrate import calibrate


def compared(before: str, after: str, engine: str = "espeak"):
    """Compare two strings of 1 (heard) and 0."""
    first, second = (np.array([c == "1" for c in text]) for text in (before, after))
    (change,) = changes(first, second, [engine] * len(first))
    return change


def test_rates_have_their_counts_and_intervals():
    change = compared("1111100000", "1111111100")
    assert (change.before.hits, change.after.hits, change.after.total) == (5, 8, 10)
    assert change.after.low < 0.8 < change.after.high
    assert change.difference == pytest.approx(0.3)


def test_the_error_is_that_of_the_paired_difference():
    gained = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, -1])
    change = compared("0001111111", "1111111110")
    assert change.error == pytest.approx(gained.std(ddof=1) / np.sqrt(10))
    assert compared("1100110011", "1100110011").error == 0, "what both hear alike is certain, however mixed it is"


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        ("1111111111", "1111111110", False),  # one clip lost of ten is one standard error
        ("1111111111", "1111111100", True),
        ("1111100000", "0000011111", False),  # as many won as lost
        ("1111", "0000", True),
        ("1", "0", False),  # one clip cannot tell
        ("0000", "1111", False),
    ],
)
def test_a_group_is_worse_when_it_lost_more_than_the_standard_error(before, after, worse):
    assert compared(before, after).is_worse is worse


def test_a_warning_names_the_group_and_what_it_lost():
    assert warning(compared("1111", "0011", "piper")).startswith(
        "Heard less than before: piper, 4 → 2 of 4 held-out clips (-50.0 points, standard error 28.9)"
    )


def test_groups_are_engines_in_order_and_the_added_clips_come_last():
    engines = ["recording", "piper", "espeak", "piper"]
    found = changes(np.array([True, False, True, True]), np.array([True, True, True, False]), engines)
    assert [(one.group, one.after.hits, one.after.total) for one in found] == [
        ("espeak", 1, 1),
        ("piper", 1, 2),
        ("added clips", 1, 1),
    ]


@pytest.fixture(scope="module")
def held_out() -> HeldOut:
    rng = stream(1, "held out")

    def rows(steps: int):
        return rng.normal(0, 15, (steps - 9, 96)).astype(np.float32), steps

    streams = {"sentence": [rows(4000)], "noise": [rows(1000)]}
    return HeldOut(
        streams, [(*rows(60), (2.5, 3.5)) for _ in range(12)], ["espeak"] * 12, unwanted=[rows(40), rows(30)]
    )


def test_a_clip_wakes_it_from_its_threshold_on(held_out):
    low, high = (SimpleNamespace(logit=logit) for logit in (-20.0, 20.0))
    assert woken_by(head(), low, held_out).tolist() == [True, True]
    assert woken_by(head(), high, held_out).tolist() == [False, False]


def test_each_head_is_judged_at_its_own_threshold(held_out):
    """A head that says the same a few logits higher hears the same."""
    pair = head(), head(shift=2.0)
    found = [
        calibrate(one, held_out.streams, held_out.phrases, smoothing=SMOOTHING_STEPS, target_fa_per_hour=60)
        for one in pair
    ]
    first, second = (hits_of(one, threshold, held_out) for one, threshold in zip(pair, found, strict=True))
    assert found[1].logit - found[0].logit == pytest.approx(2.3, abs=0.05)
    assert first.tolist() == second.tolist()
    woken = tuple(woken_by(one, threshold, held_out) for one, threshold in zip(pair, found, strict=True))
    document = to_json(changes(first, second, held_out.engines), *found, woken)
    assert document["woken_by_added_clips"]["after"]["total"] == 2
    assert document["false_accepts"]["before"]["events"] == found[0].events > 0
    assert document["false_accepts"]["before"]["hours"] == pytest.approx(5000 * 0.08 / 3600)


def test_the_table_marks_what_is_worse():
    document = {
        "target_fa_per_hour": 0.5,
        "recall": [compared("1111", "0000").to_json(), compared("00", "11", "recording").to_json()],
        "false_accepts": {"before": {"text": "1 in 3.0 h"}, "after": {"text": "0 in 3.0 h"}},
        "woken_by_added_clips": {"before": wilson(3, 4).to_json(), "after": wilson(1, 4).to_json()},
    }
    lines = to_text(document).splitlines()
    assert lines[1].startswith("recall, espeak        4 of 4 (100.0 %, 51.0–100.0 %)  0 of 4 (0.0 %, 0.0–49.0 %)")
    assert lines[1].endswith("worse")
    assert lines[2].startswith("recall, added clips   0 of 2")
    assert lines[3].split("  ")[0] == "false accepts"
    assert lines[4].startswith("woken by added clips  3 of 4")
    assert lines[5] == "Each at its own threshold for 0.5 false accepts/h; intervals are 95 %."
