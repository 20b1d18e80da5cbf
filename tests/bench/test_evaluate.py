import json

import numpy as np
import pytest

from tests.bench.fakes import Loudness, sound
from wakegen.bench.evaluate import evaluate
from wakegen.bench.excerpts import Worst, cut
from wakegen.bench.items import EvalItem, floor_rms, framed
from wakegen.bench.probes import Probe
from wakegen.core.errors import BadInput
from wakegen.core.events import Progress, StageDone, StageStarted


def positive(name, samples, *, span=(2.0, 2.8), **groups):
    return EvalItem(name, samples, "positive", span, groups)


def negative(name, samples, **groups):
    return EvalItem(name, samples, "negative", None, groups)


def golden(detector=None, **options):
    """Four clips, an hour and a half of three corpora, two confusables: everything countable by hand."""
    positives = [
        positive("hit", sound(4.0, at_3_0=0.9), engine="a", voice="a1"),
        positive("late", sound(4.0, at_3_7=0.8), engine="a", voice="a2"),
        positive("quiet", sound(4.0, at_2_5=0.4), engine="b", voice="b1"),
        positive("early", sound(4.0, at_1_5=0.9, at_2_9=0.9), engine="b", voice="b1"),
    ]
    negatives = [
        negative("talk", sound(1800, at_100_0=0.7, at_101_0=0.9, at_900_0=0.8), kind="speech"),
        negative("talk2", sound(1800, at_5_0=0.6), kind="speech"),
        negative("hum", lambda: sound(1800), kind="noise"),
        negative("c1", sound(1.0, at_0_5=0.9), kind="confusable", text="hey kat"),
        negative("c2", sound(1.0), kind="confusable", text="hey kat"),
    ]
    return evaluate(detector or Loudness(), positives, negatives, threshold=0.5, **options)


def test_the_golden_evaluation_counts_by_hand():
    result = golden()
    assert (result.recall.hits, result.recall.total) == (2, 4)
    assert (result.recall_windows.hits, result.recall_windows.total) == (3, 4)  # windows do not see the debounce
    assert result.early_events == 1
    assert result.padded_clips == 0
    # 3.00 s lies in the step that ends at 3.04 s, 3.70 s in the one that ends at 3.76 s; the phrase ends at 2.80 s.
    assert result.fire_ms == pytest.approx((240.0, 960.0))
    by_kind = {row.kind: row for row in result.corpora}
    assert by_kind["speech"].false_accepts.events == 3  # 100.0 and 101.0 s are one event
    assert by_kind["speech"].false_accepts.hours == pytest.approx(1.0)
    assert by_kind["noise"].false_accepts.text() == "0 in 30.0 min, at most 6.0 per hour"
    assert by_kind["confusable"].adversarial
    assert (result.false_accepts.events, result.false_accepts.hours) == (3, pytest.approx(1.5))
    assert [(row.text, row.fired.hits, row.fired.total) for row in result.confusables] == [("hey kat", 1, 2)]


def test_the_curve_and_the_points_follow_from_the_same_scores():
    result = golden()
    assert (result.curve.fa_per_hour * 1.5).round(6).tolist()[:4] == [0, 1, 2, 3]
    assert result.curve.misses[0] == 1.0  # above 0.9 nothing is heard
    relaxed = {point.name: point for point in result.points}["relaxed"]
    assert relaxed.false_accepts.events <= 3
    assert set(result.curves) == {"speech", "noise"}


def test_too_small_groups_are_shown_but_never_the_worst():
    assert golden().worst is None
    many = [positive(f"a{i}", sound(4.0, at_3_0=0.9), engine="a") for i in range(20)]
    many += [positive(f"b{i}", sound(4.0, at_3_0=0.9 if i % 2 else 0.1), engine="b") for i in range(20)]
    many += [positive(f"c{i}", sound(4.0), engine="c") for i in range(3)]
    result = evaluate(Loudness(), many, [], threshold=0.5)
    key, row = result.worst
    assert (key, row.value, row.recall.hits, row.recall.total) == ("engine", "b", 10, 20)
    assert [r.value for r in result.groups[0].rows] == ["c", "b", "a"]


def test_the_worst_moments_are_kept_with_sound_and_scores():
    result = golden(keep=2)
    assert [excerpt.id for excerpt in result.misses] == ["quiet", "early"]
    assert [(e.what, e.id) for e in result.accepts] == [
        ("false accept", "talk"),
        ("false accept", "talk"),
        ("false accept", "c1"),
    ]
    assert result.accepts[0].peak == pytest.approx(0.9, abs=1e-3)
    for excerpt in (*result.misses, *result.accepts):
        assert excerpt.audio.size == 1280 * len(excerpt.scores)
        assert excerpt.audio.size <= 16_000 * 5


def test_without_a_false_accept_the_nearest_thing_is_kept():
    result = evaluate(Loudness(), [], [negative("n", sound(30, at_3_0=0.3), kind="noise")], threshold=0.5)
    assert [(e.what, round(e.peak, 1)) for e in result.accepts] == [("near false accept", 0.3)]


def test_smoothing_lowers_the_stream_below_the_windows():
    clips = [positive(str(i), sound(4.0, at_3_0=0.9)) for i in range(3)]
    result = evaluate(Loudness(smoothing=5), clips, [], threshold=0.5)
    assert (result.recall.hits, result.recall_windows.hits) == (0, 3)


def test_nothing_to_evaluate_says_so():
    result = evaluate(Loudness(), [], [], threshold=0.5)
    assert result.recall.text() == "no clips to tell from"
    assert result.false_accepts.text() == "no audio to tell from"
    assert json.dumps(result.to_json(), allow_nan=False)


def test_the_same_items_give_the_same_document():
    first, second = (json.dumps(golden(seed=4).to_json(), allow_nan=False) for _ in range(2))
    assert first == second


def test_probes_tell_voices_from_phrase():
    heard = [positive(str(i), sound(4.0, at_3_0=0.9)) for i in range(30)]
    unheard = [positive(str(i), sound(4.0)) for i in range(30)]
    talk = [negative(str(i), sound(2.0, at_1_0=0.9)) for i in range(30)]
    quiet = [negative(str(i), sound(2.0)) for i in range(30)]
    probes = [
        Probe("unseen engine", "fire", unheard),
        Probe("unseen voices", "fire", heard),
        Probe("training voices, other words", "silence", talk),
        Probe("quiet", "silence", quiet),
        Probe("three clips", "fire", heard[:3]),
    ]
    result = evaluate(Loudness(), heard, [], threshold=0.5, probes=probes)
    assert [p.verdict for p in result.probes] == ["suspicious", "fine", "suspicious", "fine", "too few clips"]


def test_a_clip_without_a_span_is_bad_input():
    with pytest.raises(BadInput, match="where the phrase is") as error:
        evaluate(Loudness(), [EvalItem("x", sound(1.0), "positive")], [], threshold=0.5)
    assert error.value.hint


def test_progress_is_told_as_events():
    seen = []
    golden(on_event=seen.append)
    assert sum(isinstance(e, StageStarted) for e in seen) == sum(isinstance(e, StageDone) for e in seen) == 2
    assert sum(isinstance(e, Progress) and e.group == "speech" for e in seen) == 2


def test_a_trimmed_clip_gets_room_of_its_own_floor_never_zeros():
    rng = np.random.default_rng(0)
    samples = (rng.standard_normal(8000) * 300).astype(np.int16)
    clip = framed(samples, (0.0, 0.5), seed=0, name="x")
    assert clip.padded
    assert clip.span_s == pytest.approx((2.0, 2.5))
    assert clip.samples.size >= 16_000 * 3.5
    added = clip.samples[:32_000]
    assert np.count_nonzero(added == 0) < added.size / 50
    assert 0.5 < added.std() / (floor_rms(samples) * 32768) < 1.5
    assert np.array_equal(clip.samples, framed(samples, (0.0, 0.5), seed=0, name="x").samples)
    assert not np.array_equal(clip.samples, framed(samples, (0.0, 0.5), seed=1, name="x").samples)


def test_a_long_recording_is_cut_into_blocks_without_losing_time():
    result = evaluate(Loudness(), [], [negative("n", sound(1500, at_1300_0=0.9), kind="speech")], threshold=0.5)
    assert result.corpora[0].false_accepts.hours == pytest.approx(1500 / 3600)
    assert result.corpora[0].false_accepts.events == 1


def test_pieces_of_one_kind_count_as_the_whole_recording_would():
    rng = np.random.default_rng(2)
    whole = sound(400)
    whole[rng.integers(0, whole.size, 40)] = 30_000
    edges = np.sort(rng.integers(0, whole.size, 60))
    pieces = [negative(f"p{i}", part, kind="words") for i, part in enumerate(np.split(whole, edges))]
    one = evaluate(Loudness(smoothing=3), [], [negative("n", whole, kind="words")], threshold=0.25)
    many = evaluate(Loudness(smoothing=3), [], pieces, threshold=0.25)
    assert many.corpora[0].false_accepts == one.corpora[0].false_accepts
    assert one.corpora[0].false_accepts.events > 20
    assert many.curve.fa_per_hour.tolist() == one.curve.fa_per_hour.tolist()


def test_only_the_worst_are_built():
    worst, built = Worst(2), []

    def offer(value):
        def build():
            built.append(value)
            return cut(
                sound(3),
                np.zeros(37, np.float32),
                around_s=(1, 1),
                what="miss",
                name=str(value),
                groups={},
                threshold=0.5,
            )

        worst.offer(value, build)

    for value in (5, 1, 4, 3, 9, 2):
        offer(value)
    assert [excerpt.id for excerpt in worst.ranked()] == ["9", "5"]
    assert built == [5, 1, 4, 9]
