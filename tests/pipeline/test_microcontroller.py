"""A project's detector in integers: trained, quantised, calibrated, tested, and the same bytes again."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import wakegen
from tests.heads import bursts
from tests.native import needs_c
from wakegen.core.errors import BadInput
from wakegen.core.paths import models_folder
from wakegen.core.seeds import stream
from wakegen.export.wgm import integer_head
from wakegen.features import weights
from wakegen.features.integer_backbone import IntegerEmbedder, integer_backbone
from wakegen.features.weights import NANO
from wakegen.metrics.events import events
from wakegen.model import wgm
from wakegen.model.small_head import SmallMember
from wakegen.pipeline import microcontroller
from wakegen.pipeline.project import opened
from wakegen.runtime.integer import IntegerDetector
from wakegen.train import small

pytestmark = pytest.mark.xdist_group("project")


def member(seed: int = 1) -> SmallMember:
    rng = stream(seed, "small head")
    parameters = small.initial(rng)
    for p in parameters:
        p += (0.05 * rng.standard_normal(p.shape)).astype(np.float32)
    return small.to_member(parameters, mean=np.full(96, 1.5, np.float32), scale=np.full(96, 15, np.float32))


def heard(seconds: float, seed: int = 0) -> np.ndarray:
    """Windows of embeddings as the integer backbone makes them."""
    embedder = IntegerEmbedder()
    rows = embedder.embed(bursts(seconds, seed)) * embedder.scale
    return np.lib.stride_tricks.sliding_window_view(rows, 16, axis=0).transpose(0, 2, 1)


@needs_c
def test_a_quantised_head_scores_nearly_as_the_trained_one():
    trained = member()
    made = integer_head(trained, heard(30))
    exact, near = trained.logit(heard(20, seed=3)), made.logit(heard(20, seed=3))
    assert np.abs(exact - near).max() < 0.3 * exact.std()
    assert np.corrcoef(exact, near)[0, 1] > 0.995
    assert sum(layer.weights.nbytes + layer.bias.nbytes for layer in made.layers) <= 24_000


@needs_c
def test_the_head_over_windows_is_the_head_in_the_engine(tmp_path):
    """Every layer is valid in time, so a stream and a window see the same."""
    from wakegen.export.wgm import detector_file

    made, sound = integer_head(member(), heard(30)), bursts(10, seed=5)
    logits = made.logit(heard(10, seed=5))
    threshold = float(np.quantile(logits, 0.7))
    path = tmp_path / "x.wgm"
    file = detector_file(made, logit=threshold, smoothing=5, debounce_s=0.8, meta={"phrase": "x"})
    path.write_bytes(wgm.to_bytes(file))
    detector = IntegerDetector(path)
    scores = detector.push(sound)
    ready = [score for score in scores if score.ready]
    np.testing.assert_allclose([np.log(s.raw / (1 - s.raw)) for s in ready], logits, atol=1e-3)
    raw = detector.raw_scores(sound)
    np.testing.assert_allclose([score.score for score in scores], detector.smooth(raw), atol=1e-4)
    fired = [score.step for score in scores if score.fired]
    assert fired == events(detector.smooth(raw), detector.sidecar.threshold, detector.debounce_steps).tolist()
    assert len(fired) > 2


@needs_c
def test_a_project_gives_a_detector_in_integers_and_the_same_bytes_again(copy, tmp_path):
    model = next((copy / "models").glob("*.onnx"))
    told = wakegen.export_detector(model, "wgm")
    first = model.with_suffix(".wgm").read_bytes()
    assert told["bytes"] == len(first)
    assert told["head_bytes"] <= 24_000
    assert told["recall"]["total"] > 0
    read = wgm.from_bytes(first, source="x")
    assert read.meta["phrase"] == "hey katya"
    assert read.meta["evaluated_on"]["recall"] == told["recall"]
    assert read.meta["operating_points"]
    shutil.rmtree(copy / ".cache" / "embeddings")
    wakegen.export_detector(model, "wgm", out=tmp_path / "again.wgm")
    assert (tmp_path / "again.wgm").read_bytes() == first
    done = wakegen.export_detector(model.with_suffix(".wgm"), "c-array")
    assert done["format"] == "c-array"


@needs_c
def test_a_c_header_holds_the_models_bytes_at_a_multiple_of_16(tmp_path):
    if not shutil.which("gcc"):
        pytest.skip("needs gcc")
    data = wgm.to_bytes(integer_backbone())
    (tmp_path / "hey-you.wgm").write_bytes(data)
    wakegen.export_detector(tmp_path / "hey-you.wgm", "c-array")
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "hey-you.h"\n'
        "int main(void) { fwrite(hey_you_wgm, 1, sizeof hey_you_wgm, stdout); return (uintptr_t)hey_you_wgm % 16 != 0; }"
    )
    subprocess.run(["gcc", "-Wall", "-Werror", "main.c", "-o", "main"], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "main"], capture_output=True, check=True).stdout == data


def test_what_lies_in_no_project_is_refused(tmp_path):
    (tmp_path / "x.onnx").write_bytes(b"x")
    with pytest.raises(BadInput, match="lies in no project") as caught:
        wakegen.export_detector(tmp_path / "x.onnx", "wgm")
    assert "wakegen make" in caught.value.hint
    with pytest.raises(BadInput, match=r"is no \.wgm"):
        wakegen.export_detector(tmp_path / "x.onnx", "c-array")


@needs_c
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:1000], "cut short"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "it was altered"),
        (lambda data: data, "is no detector in integers"),  # without a head
    ],
)
def test_a_file_that_is_no_detector_is_refused(tmp_path, change, message):
    (tmp_path / "x.wgm").write_bytes(change(wgm.to_bytes(integer_backbone())))
    with pytest.raises(BadInput, match=message):
        IntegerDetector(tmp_path / "x.wgm")
    with pytest.raises(BadInput, match="no model at"):
        IntegerDetector(tmp_path / "none.wgm")


def test_the_ranges_are_those_of_the_card():
    ranges = json.loads((models_folder("int8") / "ranges.json").read_text())
    assert len(ranges["below"]) == 19
    assert all(1 <= steps <= 40 for steps in ranges["below"])


@needs_c
def test_a_project_on_the_small_backbone_from_training_to_a_detector_in_integers(copy):
    settings = wakegen.load_settings(
        copy / "wakegen.yaml", options={"train.backbone": "nano", "export.allow_poor": True}
    )
    for stage in ("train", "test"):
        wakegen.run_stage(stage, copy, settings)
    model = next((copy / "models").glob("*.onnx"))
    assert json.loads(model.with_suffix(".json").read_text())["backbone"] == weights.identity(NANO)
    wakegen.export_detector(model, "wgm")
    data = model.with_suffix(".wgm").read_bytes()
    assert wgm.from_bytes(data, source="x").backbone_sha256 == weights.identity(NANO)["sha256"]
    assert len(data) < 180_000
    assert len(IntegerDetector(model.with_suffix(".wgm")).push(bursts(4))) == 50


@needs_c
def test_a_device_that_wants_integers_gets_them_from_make_and_once(copy):
    settings, heard = wakegen.load_settings(copy / "wakegen.yaml"), []
    placed = replace(settings, generation=replace(settings.generation, output_dir=copy))
    with opened(placed, on_event=heard.append) as project:
        assert microcontroller.run(project) == {}, "a Raspberry Pi needs none"
        for_esp32 = replace(project, settings=replace(project.settings, device="esp32"))
        told = microcontroller.run(for_esp32)
        data = Path(told["file"]).read_bytes()
        assert wgm.from_bytes(data, source="x").backbone_sha256 == weights.identity(NANO)["sha256"]
        heard.clear()
        assert microcontroller.run(for_esp32) == told
    assert [event.summary for event in heard] == ["already done"]
    assert Path(told["file"]).read_bytes() == data


def test_without_the_c_engine_the_rest_is_made_all_the_same(copy, monkeypatch):
    monkeypatch.setattr(microcontroller, "is_there", lambda: False)
    settings, heard = wakegen.load_settings(copy / "wakegen.yaml"), []
    placed = replace(settings, generation=replace(settings.generation, output_dir=copy))
    with opened(placed, on_event=heard.append) as project:
        assert microcontroller.run(replace(project, settings=replace(project.settings, device="esp32"))) == {}
    assert "the C engine" in heard[-1].message
