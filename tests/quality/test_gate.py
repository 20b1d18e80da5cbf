import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wakegen.core.seeds import stream
from wakegen.quality import CHECKS, Expected, QualityScorer, gate
from wakegen.quality.gate import longest_run, snr_db


def speech_like(seconds: float = 1.0, peak: float = 0.3) -> np.ndarray:
    """Give syllables of a buzz, with pauses, and a little noise."""
    time_s = np.arange(int(16000 * seconds)) / 16000
    syllables = np.clip(np.sin(2 * np.pi * 3 * time_s), 0, 1)
    buzz = sum(np.sin(2 * np.pi * 140 * k * time_s) / k for k in range(1, 12))
    return (peak * syllables * buzz / 2 + 1e-4 * stream(1, "x").standard_normal(len(time_s))).astype(np.float32)


def test_good_speech_passes() -> None:
    verdict = gate(speech_like(), expected=Expected(median_s=1.0))
    assert verdict.ok
    assert verdict.reasons == ()
    assert verdict.values["duration_s"] == 1.0


BAD = {
    "clipped": (np.clip(speech_like() * 20, -1, 1), Expected()),
    "dc": (speech_like() + 0.1, Expected()),
    "drawn_out": (speech_like(2.0), Expected(median_s=0.7)),
    "duration": (speech_like(0.05), Expected()),
    "silent": (speech_like() * 1e-4, Expected()),
    "snr": (speech_like() + 0.3 * stream(2, "n").standard_normal(16000), Expected(snr_db_min=15)),
    "vanished": (speech_like(0.3), Expected(median_s=0.6)),
    "zeros": (np.concatenate([speech_like(), np.zeros(400)]), Expected.rendered()),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_each_check_rejects_what_it_is_for(check) -> None:
    samples, expected = BAD[check.name]
    verdict = gate(samples, expected=expected)
    assert not verdict.ok
    assert [reason for reason in verdict.reasons if reason.startswith(check.name)]


def test_a_clip_that_is_not_finite_is_rejected() -> None:
    samples = speech_like()
    samples[5] = np.nan
    verdict = gate(samples)
    assert verdict.reasons == ("finite: holds NaN or infinity",)
    assert QualityScorer().score_sample(samples).overall == 0


@pytest.mark.parametrize("samples", [np.zeros(0, np.int16), np.zeros(8000, np.float32)])
def test_nothing_and_silence_are_rejected_without_error(samples: np.ndarray) -> None:
    assert not gate(samples).ok
    assert QualityScorer(0.5).score_sample(samples).overall == 0


def test_int16_and_float_are_judged_alike() -> None:
    as_float = speech_like()
    as_int = np.round(as_float * 32768).astype(np.int16)
    assert gate(as_int).values["level_dbfs"] == pytest.approx(gate(as_float).values["level_dbfs"], abs=0.01)


@given(st.floats(-60, 0), st.floats(1, 20))
@settings(max_examples=30, deadline=None)
def test_more_noise_never_raises_the_snr(noise_db: float, more_db: float) -> None:
    noise = stream(4, "noise").standard_normal(16000)
    quiet = snr_db(speech_like() + noise * 10 ** (noise_db / 20))
    loud = snr_db(speech_like() + noise * 10 ** ((noise_db + more_db) / 20))
    assert loud <= quiet + 0.3  # the mixture's own statistics


def test_longest_run_counts() -> None:
    assert longest_run(np.array([], bool)) == 0
    assert longest_run(np.array([0, 1, 1, 0, 1, 1, 1], bool)) == 3


def test_scores_fall_with_what_is_wrong() -> None:
    scorer = QualityScorer(median_s=1.0)
    good = scorer.score_sample(speech_like())
    assert good.overall > 0.8
    assert scorer.score_sample(speech_like(0.4)).consistency < good.consistency
    assert scorer.score_sample(np.clip(speech_like() * 20, -1, 1)).clarity < good.clarity
    noisy = scorer.score_sample(speech_like() + 0.1 * stream(2, "n").standard_normal(16000).astype(np.float32))
    assert noisy.snr < good.snr
    assert noisy.overall < good.overall
