"""The protocol on real recordings does what its description says, on a made-up folder of recordings."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import soundfile

from benchmarks import realdata, recall
from benchmarks.recall import Heard, Judged
from wakegen.audio.dsp import active_rms, rms
from wakegen.core.seeds import stream

RATE_HZ = 16_000
FILES = {
    "real/marvin/000.flac": ("", "ww1", "tone"),
    "real/marvin/001.flac": ("", "ww2", "tone"),
    "real/jarvis/000.flac": ("", "ww1", "tone"),
    "speech/read/a.flac": ("ann", "", "noise"),
    "speech/read/a2.flac": ("ann", "", "noise"),
    "speech/read/b.flac": ("bob", "", "noise"),
    "speech/read/c.flac": ("cyd", "", "noise"),
    "speech/read/d.flac": ("dan", "", "noise"),
    "noise/household/bark.flac": ("", "", "bark"),
    "noise/music/x.flac": ("", "", "noise"),
    "noise/music/broken.flac": ("", "", "broken"),
}


def sound(kind: str, name: str) -> np.ndarray:
    rng = stream(1, name)
    n = RATE_HZ * 5
    if kind == "tone":  # 0.3 s of silence on either side of 0.7 s of sound
        x = 0.2 * np.sin(2 * np.pi * 300 * np.arange(int(0.7 * RATE_HZ)) / RATE_HZ)
        return np.pad(x, int(0.3 * RATE_HZ))
    if kind == "bark":  # a fifth of it sounds
        return np.where(np.arange(n) < n // 5, 0.3 * rng.standard_normal(n).clip(-3, 3), 0)
    return 0.05 * rng.standard_normal(n)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("data")
    with (place / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "speaker", "speaker_cluster"])
        for name, (speaker, cluster, kind) in FILES.items():
            writer.writerow([name, speaker, cluster])
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind == "broken":
                path.write_bytes(b"fLaC not at all")
            else:
                soundfile.write(path, sound(kind, name).astype(np.float32), RATE_HZ, subtype="PCM_16")
        writer.writerow(["rir/room.flac", "", ""])
    return place


@pytest.fixture(scope="module")
def data(folder):
    return realdata.load(folder)


def test_a_file_that_does_not_decode_is_left_out_and_named(data):
    assert len(data.skipped) == 1
    assert "noise/music/broken.flac" in data.skipped[0]


def test_negatives_are_all_other_sound_and_no_room_response(data):
    corpora = {corpus.name: corpus for corpus in realdata.corpora(data)}
    assert set(corpora) == {"real/marvin", "real/jarvis", "speech/read", "noise/household", "noise/music"}
    assert corpora["speech/read"].files == 5
    assert corpora["speech/read"].sound_s == pytest.approx(25)
    assert len(corpora["speech/read"].samples) == 30 * RATE_HZ  # a second of room tone after each


def test_as_recorded_is_the_recording_sample_for_sample(data):
    one = next(realdata.positives(data, "marvin", snr_db=None))
    start = int(realdata.LEAD_S * RATE_HZ)
    there = one.samples[start : start + int(1.3 * RATE_HZ)]
    recorded = np.rint(data.sounds[one.name] * 32768).astype(np.int16)
    assert (there == recorded).all()
    assert one.span_s == pytest.approx((2.5, 3.2), abs=0.001)
    assert one.samples[:start].any()  # never digital silence
    assert one.cluster == "ww1"


def test_noise_is_10_db_below_the_speech_while_it_is_said(data):
    for clean, noisy in zip(
        realdata.positives(data, "marvin", snr_db=None), realdata.positives(data, "marvin", snr_db=10.0), strict=True
    ):
        start, end = (int(second * RATE_HZ) for second in clean.span_s)
        noise = (noisy.samples - clean.samples.astype(np.float64))[start:end] / 32768
        speech = active_rms(data.sounds[clean.name])
        assert 20 * np.log10(speech / rms(noise)) == pytest.approx(10, abs=0.2)


def test_the_protocol_repeats_itself(data):
    first, second = ([p.samples for p in realdata.positives(data, "marvin", snr_db=10.0)] for _ in range(2))
    assert all((a == b).all() for a, b in zip(first, second, strict=True))


def test_kept_embeddings_are_those_that_were_made(folder, tmp_path):
    made = recall.real_set(folder, "marvin", cache=tmp_path)
    kept = recall.real_set(folder, "marvin", cache=tmp_path)
    assert len(made.as_recorded) == len(made.noise_10db) == 2
    assert made.clusters == kept.clusters == ("ww1", "ww2")
    assert made.hours == kept.hours == pytest.approx((1.3 + 25 + 5 + 5) / 3600, rel=1e-3)
    assert made.files == 8
    for name in ("as_recorded", "noise_10db", "negatives"):
        for a, b in zip(getattr(made, name), getattr(kept, name), strict=True):
            assert a.steps == b.steps
            assert a.span_s == b.span_s
            assert (a.rows == b.rows).all()


class Loud:
    """A head that scores by the first value of the newest frame."""

    def logit(self, windows):
        return windows[:, -1, 0]


def heard(peaks: dict[int, float], steps: int = 100, span_s=None) -> Heard:
    """A stream whose logit is −5, and what `peaks` says at the end of these steps."""
    rows = np.full((steps - 9, 96), -5, np.float32)
    for step, value in peaks.items():
        rows[step - 9] = value
    return Heard(rows, steps, span_s)


def judged(negatives, longform=()) -> Judged:
    span = (2.5, 3.2)
    positives = (
        heard({40: 3.0}, span_s=span),  # ends at 3.28 s: in time
        heard({51: 3.0}, span_s=span),  # 4.16 s: 0.96 s after the end
        heard({53: 3.0}, span_s=span),  # 4.32 s: too late
        heard({27: 3.0, 40: 3.0}, span_s=span),  # 2.24 s: too early, and the second is debounced
    )
    data = recall.RealSet(positives, positives, tuple(negatives), ("a", "a", "b", "b"), sound_s=3600.0)
    return recall.judge_head(Loud(), data, longform, smoothing=1, default=0.0)


def test_a_hit_lies_between_the_start_and_one_second_after_the_end():
    assert judged([heard({})]).hits["as_recorded"] == [True, True, False, False]


def test_one_false_accept_is_allowed_in_the_real_negatives():
    assert sum(judged([heard({30: 4.0, 80: 2.0})]).hits["as_recorded"]) == 2  # 4.0 may fire, 2.0 may not
    assert sum(judged([heard({30: 4.0, 80: 3.5})]).hits["as_recorded"]) == 0


def test_events_within_two_seconds_are_one():
    assert judged([heard({30: 4.0, 40: 4.0, 54: 4.0})]).fa_real == 1
    assert judged([heard({30: 4.0, 55: 4.0})]).fa_real == 2


def test_with_long_form_half_a_false_accept_per_hour_is_allowed():
    nothing = heard({}, steps=int(1.5 * 3600 / 0.08))
    one = judged([heard({30: 4.0})], [nothing])  # 1 h + 1.5 h: one
    assert one.allowed_longform == 1
    assert sum(one.hits["as_recorded_longform"]) == 2
    none = judged([heard({30: 4.0})], [heard({})])  # 1 h and a little: none
    assert none.allowed_longform == 0
    assert sum(none.hits["as_recorded_longform"]) == 0


def test_intervals_resample_speakers():
    rate = recall.with_interval([judged([heard({})])], "as_recorded")
    assert (rate.hits, rate.total) == (2, 4)
    assert rate.low == 0  # one of the two speakers is never heard
    assert rate.high == 1
