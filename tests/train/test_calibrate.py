"""The threshold counts events exactly as a running detector does."""

from __future__ import annotations

import numpy as np
import pytest

from tests.heads import bursts, head
from wakegen.core.seeds import stream
from wakegen.export import export_head
from wakegen.features import weights
from wakegen.features.embed import Embedder
from wakegen.metrics.events import events
from wakegen.model import Sidecar
from wakegen.model.head import Head
from wakegen.runtime import Detector
from wakegen.train import calibrate as calibration
from wakegen.train.calibrate import calibrate, smooth_logits

SMOOTHING = 5


@pytest.fixture(scope="module")
def streams():
    """Three streams of embeddings, 9 minutes in all, as (rows, steps)."""
    rng = stream(1, "streams")
    return {
        kind: [(rng.normal(0, 15, (steps - 9, 96)).astype(np.float32), steps)]
        for kind, steps in (("sentence", 3000), ("word", 2500), ("noise", 1000))
    }


def score(logits: np.ndarray) -> np.ndarray:
    return (1 / (1 + np.exp(-logits.astype(np.float64)))).astype(np.float32)


@pytest.fixture(scope="module")
def calibrated(streams):
    return calibrate(head(), streams, [], smoothing=SMOOTHING, target_fa_per_hour=70)


def test_the_default_threshold_fires_on_held_out_streams_as_often_as_promised(calibrated, streams):
    assert calibrated.hours == pytest.approx(6500 * 0.08 / 3600)
    shifted = Head(head().members, head().shift - calibrated.logit)
    fired = sum(
        len(events(score(smooth_logits(shifted, *one, SMOOTHING)), 0.5)) for parts in streams.values() for one in parts
    )
    assert fired == int(70 * calibrated.hours) == 10


def test_a_running_detector_fires_as_calibration_counted(tmp_path):
    """From sound to events, once through `push` and once through embeddings and `smooth_logits`."""
    sound, embedder = bursts(40, seed=3), Embedder()
    steps, rows = len(sound) // 1280, embedder.embed(sound)
    logits = smooth_logits(head(), rows, steps, SMOOTHING)
    middle = float(np.quantile(logits[24:], 0.9))
    shifted = Head(head().members, head().shift - middle)
    model = export_head(shifted, tmp_path / "x.onnx")
    Sidecar("x", 0.5, weights.identity(), smoothing=SMOOTHING).save(model)
    fired = [step.step for step in Detector(model, embedder=embedder).push(sound) if step.fired]
    counted = events(score(smooth_logits(shifted, rows, steps, SMOOTHING)), 0.5).tolist()
    assert fired == counted
    assert len(fired) > 2


def test_smoothed_logits_are_the_running_mean_over_ready_steps(streams):
    rows, _ = streams["noise"][0]
    logits = smooth_logits(head(), rows, 1000, SMOOTHING)
    raw = head().logit(np.stack([rows[i : i + 16] for i in range(40)]))
    assert (logits[:24] == -16).all()
    np.testing.assert_allclose(logits[24], raw[0], rtol=1e-4)
    np.testing.assert_allclose(logits[26], raw[:3].mean(), rtol=1e-4)
    np.testing.assert_allclose(logits[24 + 30], raw[26:31].mean(), rtol=1e-4)


def test_less_sound_than_a_window_fires_nothing():
    assert (smooth_logits(head(), np.zeros((3, 96), np.float32), 12, SMOOTHING) == -16).all()


@pytest.mark.parametrize(
    ("span_s", "heard"),
    [((4.0, 4.0), True), ((4.08, 5.0), False), ((2.0, 3.1), True), ((2.0, 2.9), False), ((0.0, 8.0), True)],
)
def test_a_phrase_is_heard_from_its_start_to_a_second_after_its_end(span_s, heard):
    logits = np.full(100, -5, np.float32)
    logits[50] = 3  # the step from 4.00 to 4.08 s
    assert calibration.peak(logits, span_s) == (3 if heard else -5)


def test_the_named_points_are_in_order_and_said_as_scores(calibrated):
    points = calibrated.to_json()["points"]
    assert [point["name"] for point in points] == sorted(
        (p["name"] for p in points), key=[p["name"] for p in points].index
    )
    by_rate = sorted(points, key=lambda point: point["fa_per_hour"])
    thresholds = [point["threshold"] for point in by_rate]
    assert thresholds == sorted(thresholds, reverse=True)
    assert all(0 < threshold < 1 for threshold in thresholds)
    assert [point["events"] for point in by_rate] == sorted(point["events"] for point in by_rate)


def test_streams_are_counted_apart(streams):
    """An event at the end of one stream does not silence the start of the next."""
    both = calibrate(head(), streams, [], smoothing=SMOOTHING, target_fa_per_hour=70)
    turned = {name: streams[name] for name in reversed(streams)}
    assert calibrate(head(), turned, [], smoothing=SMOOTHING, target_fa_per_hour=70).logit == both.logit
