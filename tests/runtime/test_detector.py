"""The streaming detector: the same numbers however the sound arrives."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.heads import bursts, detector_files
from tests.native import ENGINES, needs_c
from wakegen.core.errors import BadInput
from wakegen.features import weights
from wakegen.features.embed import Embedder
from wakegen.metrics.events import events
from wakegen.model import Sidecar
from wakegen.runtime import Detector
from wakegen.runtime.scorer import Scorer, logit

SOUND = bursts(6.0)  # 75 steps
STEPS = len(SOUND) // 1280


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return detector_files(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module", params=ENGINES)
def embedder(request):
    return Embedder(runtime=request.param)


@pytest.fixture(scope="module")
def detector(model, embedder):
    return Detector(model, embedder=embedder)


@pytest.fixture(scope="module")
def whole(detector):
    """Raw and smoothed scores of the whole sound at once."""
    raw = detector.raw_scores(SOUND)
    return raw, detector.smooth(raw)


def push_all(detector, samples, sizes):
    detector.reset()
    scores, at = [], 0
    for size in sizes:
        scores += detector.push(samples[at : at + size])
        at += size
    return scores + detector.push(samples[at:])


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(0, 9000), max_size=40))
def test_any_chunking_gives_the_bits_of_the_whole(detector, whole, sizes):
    scores = push_all(detector, SOUND, sizes)
    raw, smooth = whole
    assert np.array([s.raw for s in scores], np.float32).tobytes() == raw.tobytes()
    assert np.array([s.score for s in scores], np.float32).tobytes() == smooth.tobytes()
    assert [s.step for s in scores] == list(range(STEPS))


@pytest.mark.parametrize("size", [1, 160, 1279, 1280, 1281, 6400])
def test_fixed_chunks_give_the_bits_of_the_whole(detector, whole, size):
    samples = SOUND[: 30 * 1280]
    scores = push_all(detector, samples, [size] * (len(samples) // size))
    assert np.array([s.raw for s in scores], np.float32).tobytes() == whole[0][:30].tobytes()


def test_the_scores_differ_from_step_to_step_so_that_equality_means_something(whole):
    raw, smooth = whole
    assert len(np.unique(raw[24:])) == STEPS - 24
    assert np.abs(raw - smooth).max() > 0.01


def test_pushing_nothing_gives_nothing(detector):
    detector.reset()
    assert detector.push(np.zeros(0, np.int16)) == []
    assert detector.push(SOUND[:1279]) == []
    assert len(detector.push(SOUND[1279:1280])) == 1


def test_it_is_ready_once_a_window_holds_real_sound_only(detector):
    scores = push_all(detector, SOUND, [])
    assert [s.ready for s in scores] == [False] * 24 + [True] * (STEPS - 24)
    assert not any(s.raw or s.score or s.fired for s in scores[:24])
    assert scores[24].time_s == pytest.approx(2.0)


def test_after_a_reset_nothing_of_the_past_is_left(detector, whole):
    push_all(detector, bursts(3.3, seed=9), [])
    again = push_all(detector, SOUND, [777])
    assert np.array([s.raw for s in again], np.float32).tobytes() == whole[0].tobytes()
    assert again[0].step == 0


def test_two_detectors_give_the_same_bytes(model, detector):
    one, other = (Detector(model, runtime=detector.runtime).scores(SOUND).tobytes() for _ in range(2))
    assert one == other


@needs_c
def test_the_engines_give_the_same_scores(model):
    one, other = (Detector(model, runtime=engine).raw_scores(SOUND) for engine in ("c", "onnxruntime"))
    np.testing.assert_allclose(one, other, atol=1e-4)
    assert one.tobytes() != other.tobytes(), "they are two programs"


@pytest.mark.parametrize("length", [0, 1279, 12_799, 31_999, 32_000])
def test_short_recordings_have_a_score_for_each_step(detector, length):
    assert detector.scores(SOUND[:length]).shape == (length // 1280,)


def test_events_fire_as_metrics_count_them(model, embedder, whole):
    for threshold in np.quantile(whole[1][24:], [0.05, 0.5, 0.9]):
        for debounce_s in (0.0, 0.4, 2.0):
            detector = Detector(model, threshold=float(threshold), embedder=embedder)
            object.__setattr__(detector.sidecar, "debounce_s", debounce_s)
            fired = [s.step for s in push_all(detector, SOUND, [5000, 100]) if s.fired]
            assert fired == events(whole[1], float(np.float32(threshold)), max(1, round(debounce_s / 0.08))).tolist()


def test_a_score_at_the_threshold_fires(model, embedder, whole):
    peak = float(whole[1].max())
    assert sum(s.fired for s in push_all(Detector(model, threshold=peak, embedder=embedder), SOUND, [])) == 1
    above = float(np.nextafter(np.float32(peak), np.float32(1)))
    assert not any(s.fired for s in push_all(Detector(model, threshold=above, embedder=embedder), SOUND, []))


def test_smoothing_is_the_running_mean_of_the_logit():
    raw = np.zeros(30, np.float32)
    raw[24:] = [0.9, 0.1, 0.5, 0.99, 0.2, 0.8]
    logits = np.log(raw[24:].astype(np.float64)) - np.log1p(-raw[24:].astype(np.float64))
    means = [logits[max(0, i - 2) : i + 1].mean() for i in range(6)]
    smoothed = scorer(3).smooth(raw)
    np.testing.assert_allclose(smoothed[24:], 1 / (1 + np.exp(-np.array(means))), rtol=1e-5)
    assert not smoothed[:24].any()
    np.testing.assert_allclose(scorer(1).smooth(raw), raw, rtol=1e-5)


class _Constant:
    frames, classes, maker = 16, ("",), ""


def scorer(smoothing):
    return Scorer(_Constant(), Sidecar("x", 0.5, {}, smoothing=smoothing))


def test_logits_of_certain_scores_are_finite():
    assert logit(np.float32(1)) == 16
    assert logit(np.float32(0)) == -16
    assert logit(np.float32(0.5)) == 0


def test_the_loudest_and_the_quietest_sound_give_numbers(detector):
    for sound in (
        np.zeros(40_000, np.int16),
        np.full(40_000, -32768, np.int16),
        np.tile([-32768, 32767], 20_000).astype(np.int16),
    ):
        assert np.isfinite(detector.scores(sound)).all()


@pytest.mark.parametrize("wrong", [np.zeros(10, np.float32), np.zeros((10, 1), np.int16), np.zeros(10, np.int32)])
def test_samples_of_another_kind_are_refused(detector, wrong):
    for call in (detector.push, detector.scores):
        with pytest.raises(BadInput, match="takes int16 samples of shape"):
            call(wrong)


def test_a_missing_model_is_named(tmp_path, model):
    shutil.copy(model.with_suffix(".json"), tmp_path / "x.json")
    with pytest.raises(BadInput, match=r"no model at .*x\.onnx"):
        Detector(tmp_path / "x.onnx")
    shutil.copy(model, tmp_path / "y.onnx")
    with pytest.raises(BadInput, match=r"y\.json is missing"):
        Detector(tmp_path / "y.onnx")


@pytest.mark.parametrize("content", [b"", b"not a model", None])
def test_a_damaged_model_is_refused(tmp_path, model, content):
    shutil.copy(model.with_suffix(".json"), tmp_path / "x.json")
    (tmp_path / "x.onnx").write_bytes(model.read_bytes()[:5000] if content is None else content)
    with pytest.raises(BadInput, match=r"x\.onnx is not a model"):
        Detector(tmp_path / "x.onnx")


@pytest.mark.parametrize("name", ["embedding_model.onnx", "melspectrogram.onnx", "silero_vad.onnx"])
def test_what_takes_no_embeddings_is_refused(tmp_path, model, name):
    shutil.copy(model.with_suffix(".json"), tmp_path / "x.json")
    shutil.copy(weights.source_path().with_name(name), tmp_path / "x.onnx")
    with pytest.raises(BadInput, match=r"not embeddings of shape \[1, N, 96\]"):
        Detector(tmp_path / "x.onnx")


def test_a_head_of_another_backbone_is_refused(tmp_path, model):
    shutil.copy(model, tmp_path / "x.onnx")
    raw = json.loads(model.with_suffix(".json").read_text())
    raw["backbone"]["sha256"] = "0" * 64
    (tmp_path / "x.json").write_text(json.dumps(raw))
    with pytest.raises(BadInput, match="backbone"):
        Detector(tmp_path / "x.onnx")
