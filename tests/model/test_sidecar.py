"""NAME.json: what is written comes back, and what cannot be used is refused by name."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from wakegen.core.errors import BadInput
from wakegen.model import OperatingPoint, Sidecar

WHOLE = Sidecar(
    phrase="hey катя",
    threshold=0.62,
    backbone={"name": "speech-embedding", "sha256": "ab"},
    smoothing=5,
    operating_points=(OperatingPoint(0.5, 0.62, 0.95, 310, 1.0, "home", 1), OperatingPoint(0.1, 0.9, None, 0, 1.0)),
    evaluated_on={"recall": {"rate": 0.9}},
    trained_on={"clips": 3, "engines": {"espeak": 3}, "dataset": "sha256:12"},
    licences=("GPL-3.0-or-later",),
    seed=0,
    wakegen="0.1.0",
    gate={"passed": False, "failures": ["min_recall"]},
)


def test_what_is_saved_is_loaded(tmp_path):
    path = WHOLE.save(tmp_path / "hey.onnx")
    assert path == tmp_path / "hey.json"
    assert Sidecar.load(tmp_path / "hey.onnx") == WHOLE


def test_the_file_has_the_promised_keys(tmp_path):
    raw = json.loads(WHOLE.save(tmp_path / "hey.onnx").read_text(encoding="utf-8"))
    assert raw["format"] == "wakegen-detector/1"
    promised = (
        "phrase sample_rate step_ms window_frames backbone threshold smoothing debounce_s operating_points evaluated_on"
    )
    assert {*promised.split(), "trained_on", "licences", "commercial_use", "seed", "wakegen"} <= raw.keys()
    assert (raw["sample_rate"], raw["step_ms"], raw["window_frames"]) == (16_000, 80, 16)


def test_keys_of_later_versions_are_left_out():
    assert Sidecar.from_json({**asdict(WHOLE), "later": 1}, source="x.json") == WHOLE


def test_a_missing_sidecar_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"hey\.json is missing") as caught:
        Sidecar.load(tmp_path / "hey.onnx")
    assert "NAME.json together" in caught.value.hint


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe\x00", b"[1, 2]", b'"text"', b"null", b'{"format": "wakegen-detector/2"}']
)
def test_a_file_that_is_no_sidecar_is_refused_by_name(tmp_path, content):
    (tmp_path / "hey.json").write_bytes(content)
    with pytest.raises(BadInput, match=r"hey\.json") as caught:
        Sidecar.load(tmp_path / "hey.onnx")
    assert caught.value.hint


def test_a_folder_in_the_place_of_the_sidecar_is_refused(tmp_path):
    (tmp_path / "hey.json").mkdir()
    with pytest.raises(BadInput, match="cannot be read"):
        Sidecar.load(tmp_path / "hey.onnx")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("threshold", 0.0), ("threshold", 1.0), ("threshold", -1), ("threshold", 7), ("threshold", "high"), ("threshold", None),
        ("smoothing", 0), ("smoothing", 51), ("smoothing", 2.5), ("smoothing", True), ("debounce_s", -0.1), ("debounce_s", 61),
        ("sample_rate", 8000), ("step_ms", 10), ("window_frames", 34), ("phrase", None),
        ("operating_points", [{"unknown": 1}]), ("operating_points", 3), ("licences", 5), ("threshold", float("nan")),
        ("backbone", "speech"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_used_is_refused_with_its_key(key, value):
    raw = {**json.loads(json.dumps(asdict(WHOLE))), key: value}
    with pytest.raises(BadInput, match=rf"x\.json: .*{key}"):
        Sidecar.from_json(raw, source="x.json")


@pytest.mark.parametrize("key", ["phrase", "threshold", "backbone"])
def test_a_key_that_must_be_there_is_named(key):
    raw = asdict(WHOLE)
    del raw[key]
    with pytest.raises(BadInput, match=key):
        Sidecar.from_json(raw, source="x.json")


def test_a_sidecar_of_another_backbone_loads_so_that_the_detector_can_refuse_it():
    other = replace(WHOLE, backbone={"name": "speech-embedding", "sha256": "cd"})
    assert Sidecar.from_json(asdict(other), source="x.json").backbone["sha256"] == "cd"
