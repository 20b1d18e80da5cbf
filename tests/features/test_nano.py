"""The small backbone: what it costs, where it runs, and that nothing takes it for the large one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.heads import bursts, detector_files
from tests.native import ENGINES, needs_c
from wakegen.core.errors import BadInput
from wakegen.core.paths import models_folder
from wakegen.features import backbone, int8, native, weights
from wakegen.features.embed import Embedder
from wakegen.features.integer_backbone import integer_backbone
from wakegen.features.mel import BANDS, STEP_FRAMES
from wakegen.features.weights import NANO, NO_RELU, POOL_AFTER
from wakegen.model.wgm import to_bytes
from wakegen.runtime import Detector, Detectors


def multiplications_per_step(read: weights.Weights) -> int:
    frames, bands, total = STEP_FRAMES, BANDS, 0
    for i, conv in enumerate(read.convs):
        total += frames * bands * conv.kernel.size
        time, across = POOL_AFTER.get(i, (1, 1))
        frames, bands = frames // time, bands // across
    return total


def test_it_is_as_small_as_is_said():
    assert 5_500_000 < multiplications_per_step(weights.read(NO_RELU)) < 5_700_000
    assert multiplications_per_step(weights.read(NANO)) <= 1_400_000
    assert (models_folder("nano") / "weights.npz").stat().st_size <= 200_000


def test_its_first_layer_does_not_hear_loudness():
    sums = weights.read(NANO).convs[0].kernel.sum(axis=(1, 2, 3))
    assert np.abs(sums).max() < 0.05


def test_an_answer_that_is_not_the_known_one_is_refused():
    embedding = np.zeros(96, np.float32)
    embedding[[0, 1, 2, 95]] = weights.known_embedding(NANO)
    backbone.check_known_answer(embedding, NANO, "This")
    with pytest.raises(Exception, match="computes the speech embedding wrongly"):
        backbone.check_known_answer(embedding, NO_RELU, "This")


@needs_c
def test_in_integers_it_is_the_same_in_numpy_and_in_c_and_close_to_float():
    samples, made = bursts(12), integer_backbone(NANO)
    codes = native.NativeInt8(to_bytes(made), source="nano").embed(samples)
    np.testing.assert_array_equal(codes, int8.embed(made.backbone, samples))
    near, exact = codes * made.backbone[-1].scale, Embedder(variant=NANO).embed(samples)
    assert np.corrcoef(near.ravel(), exact.ravel())[0, 1] > 0.98


@pytest.mark.parametrize("engine", ENGINES)
def test_a_detector_made_for_it_runs_on_it(tmp_path, engine):
    model = detector_files(tmp_path, backbone=weights.identity(NANO))
    detector = Detector(model, runtime=engine)
    scores = [score.score for score in detector.push(bursts(6))]
    np.testing.assert_allclose(scores, detector.scores(bursts(6)), atol=1e-5)
    large = Detector(detector_files(tmp_path, "large"), runtime=engine).scores(bursts(6))
    assert np.abs(large - scores).max() > 1e-3


def test_it_is_not_mixed_with_the_large_one(tmp_path):
    small, large = detector_files(tmp_path, "small", backbone=weights.identity(NANO)), detector_files(tmp_path, "large")
    with pytest.raises(BadInput, match=r"'nano'.*'no-relu'"):
        Detectors([small, large])
    with pytest.raises(BadInput, match="the embedder is 'no-relu'"):
        Detector(small, embedder=Embedder())


@pytest.mark.parametrize(("named", "hashed"), [(NO_RELU, NANO), (NANO, NO_RELU)])
def test_a_sidecar_that_names_one_backbone_with_the_hash_of_another_is_refused(tmp_path, named, hashed):
    model = detector_files(tmp_path, backbone={**weights.identity(hashed), "variant": named})
    with pytest.raises(BadInput, match=f"names the backbone '{named}' with the sha256 of '{hashed}'"):
        Detector(model)


def test_a_detector_of_another_nano_is_refused(tmp_path):
    model = detector_files(tmp_path, backbone={**weights.identity(NANO), "sha256": "ab" * 32})
    with pytest.raises(BadInput, match="another backbone") as caught:
        Detector(model)
    assert "Train it again" in caught.value.hint
