import json

from tests.bench.fakes import Loudness, sound
from wakegen.bench.evaluate import evaluate
from wakegen.bench.gate import Limits, check, passed
from wakegen.bench.items import EvalItem
from wakegen.bench.latency import measure_latency
from wakegen.bench.probes import Probe
from wakegen.bench.result import ModelFacts, Training, report_document
from wakegen.bench.verdict import judge


def clips(hits, count, *, engine="a"):
    return [
        EvalItem(
            f"{engine}{i}", sound(4.0, at_3_0=0.9 if i < hits else 0.1), "positive", (2.0, 2.8), {"engine": engine}
        )
        for i in range(count)
    ]


def hours(events, *, seconds=3600.0, kind="speech"):
    samples = sound(seconds, **{f"at_{20 + 10 * i}_0": 0.9 for i in range(events)})
    return [EvalItem(f"{kind} {events}", samples, "negative", None, {"kind": kind})]


def result(hits=38, count=40, events=0, **options):
    return evaluate(Loudness(), clips(hits, count), hours(events), threshold=0.5, **options)


def gates(limits, evaluation, latency=None):
    return {gate.name: gate for gate in check(limits, evaluation, latency)}


def test_limits_compare_the_figure_and_say_whether_the_interval_shows_it():
    found = gates(Limits(min_recall=0.9, max_fa_per_hour=0.5), result())
    assert (found["min_recall"].ok, found["min_recall"].shown) == (True, False)  # 38 of 40: the interval reaches 83 %
    assert (found["max_fa_per_hour"].ok, found["max_fa_per_hour"].shown) == (True, False)
    assert found["max_fa_per_hour"].text == "together: 0 in 1.0 h, at most 3.0 per hour"
    assert gates(Limits(max_fa_per_hour=0.5), result(events=1))["max_fa_per_hour"].ok  # 1 in 1 h: 0.03 to 5.6 per hour
    assert not gates(Limits(max_fa_per_hour=0.5), result(events=6))["max_fa_per_hour"].ok


def test_the_false_accept_limit_is_held_by_the_worst_corpus():
    both = evaluate(Loudness(), [], hours(0, seconds=3600, kind="noise") + hours(6, seconds=900), threshold=0.5)
    gate = gates(Limits(max_fa_per_hour=4.0), both)["max_fa_per_hour"]
    assert (gate.value, gate.ok) == (24.0, False)


def test_one_event_in_a_few_minutes_is_not_held_against_a_detector():
    both = evaluate(Loudness(), [], hours(0, seconds=3600, kind="noise") + hours(1, seconds=300), threshold=0.5)
    gate = gates(Limits(max_fa_per_hour=4.0), both)["max_fa_per_hour"]
    assert gate.ok
    assert gate.text.startswith("together: 1 in")


def test_one_event_more_elsewhere_does_not_excuse_a_corpus_that_fails():
    both = evaluate(
        Loudness(),
        [],
        hours(6, seconds=1.2 * 3600) + hours(1, seconds=1000, kind="words") + hours(0, seconds=900, kind="noise"),
        threshold=0.5,
    )
    gate = gates(Limits(max_fa_per_hour=3.5), both)["max_fa_per_hour"]
    assert not gate.ok
    assert gate.text.startswith("speech: 6 in")


def test_a_verdict_does_not_rest_on_minutes_of_sound():
    few = evaluate(
        Loudness(), clips(40, 40), hours(0, seconds=2.1 * 3600) + hours(1, seconds=200, kind="noise"), threshold=0.5
    )
    assert judge(few).level == "good"
    many = evaluate(
        Loudness(), clips(40, 40), hours(0, seconds=3600) + hours(4, seconds=1000, kind="noise"), threshold=0.5
    )
    assert judge(many).level == "poor"


def test_too_few_clips_fail_the_gate():
    gate = gates(Limits(min_recall=0.5), result(hits=4, count=4))["min_recall"]
    assert not gate.ok
    assert "4 clips are too few" in gate.text
    assert not gates(Limits(min_recall=0.5), None)["min_recall"].ok
    assert not gates(Limits(max_fa_per_hour=0.5), None)["max_fa_per_hour"].ok


def test_device_limits_use_the_measured_machine():
    latency = measure_latency(Loudness, seconds=1.6, model_bytes=700_000)
    found = gates(Limits(max_model_kb=512, max_step_ms=80, max_p99_ms=1e-6, max_rss_mb=1e6), None, latency)
    assert [found[name].ok for name in ("max_model_kb", "max_step_ms", "max_p99_ms", "max_rss_mb")] == [
        False,
        True,
        False,
        True,
    ]
    assert not gates(Limits(max_p99_ms=80), None)["max_p99_ms"].ok  # not measured is not met


def test_a_suspicious_probe_fails_the_gate():
    odd = result(
        probes=[
            Probe(
                "training voices, other words",
                "silence",
                [EvalItem(str(i), sound(2.0, at_1_0=0.9), "negative") for i in range(30)],
            )
        ]
    )
    assert not gates(Limits(), odd)["no_shortcut"].ok
    assert "no_shortcut" not in gates(Limits(), result())
    assert passed(check(Limits(), result(), None))


def test_the_verdict_follows_its_printed_rule():
    assert judge(result(hits=39)).level == "good"
    assert judge(result(hits=33, events=1)).level == "usable"
    assert judge(result(hits=10)).level == "poor"
    assert judge(result(events=5)).level == "poor"
    assert judge(result(hits=3, count=3)).level == "undecided"
    assert judge(evaluate(Loudness(), clips(40, 40), [], threshold=0.5)).level == "undecided"
    assert judge(None).sentences == ("Nothing was evaluated.",)
    failed = check(Limits(min_recall=0.99), result(hits=39), None)
    assert judge(result(hits=39), failed).level == "usable"


def test_the_document_is_plain_json():
    document = report_document(
        phrase="hey katya",
        created="2026-01-01T00:00:00Z",
        wakegen="0.1.0",
        model=ModelFacts("hey_katya.onnx"),
        evaluation=result(),
        latency=measure_latency(Loudness, seconds=0.8),
        gates=check(Limits(min_recall=0.5), result(), None),
        training=Training(clips=10, engines={"espeak": 10}, licences=("GPL-3.0-or-later",)),
    )
    assert json.loads(json.dumps(document, allow_nan=False))["limits_met"] is True
