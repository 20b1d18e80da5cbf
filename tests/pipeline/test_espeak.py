"""From a phrase to a report with the embedded voice, through the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import wakegen
from tests.small import arguments, check_files, content
from wakegen.dataset.store import read_clip

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("espeak")]
SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "report.schema.json"


@pytest.fixture(scope="module")
def run(tmp_path_factory, cache):
    """Give the project and what the command said."""
    import os

    folder = tmp_path_factory.mktemp("espeak") / "hey_katya"
    command = arguments(folder, engines=["espeak"], limits__jobs=2, train__steps=60, **{"generation.count": 60})
    done = subprocess.run(
        [sys.executable, "-m", "wakegen", *command, "--json"],
        capture_output=True, text=True, env={**os.environ, "WAKEGEN_CACHE": str(cache)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_stdout_is_one_document_that_says_where_things_are(run):
    folder, document = run
    assert document["model"] == str(folder / "models" / "hey_katya.onnx")
    assert Path(document["report_html"]).is_file()
    assert document["report"]["phrase"] == "hey katya"


def test_the_report_follows_the_schema_and_has_counts_and_intervals(run):
    folder, _ = run
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    jsonschema.validate(report, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert "GPL-3.0-or-later" in json.dumps(report)


def test_every_clip_is_there_and_is_sound(run):
    folder, _ = run
    check_files(folder)
    rows = content(folder)["rows"]
    assert len({row["speaker"] for row in rows if row["kind"] == "phrase"}) > 20
    done = [row for row in rows if row["state"] == "done"]
    assert len(done) > 0.9 * len(rows)
    for row in done[:: len(done) // 20]:
        samples = read_clip(folder, row["sha256"])
        assert np.abs(samples).max() > 0
        if row["stage"] == "scene":
            assert not (samples[:400] == 0).all(), "room tone, not digital zeros"


def test_the_detector_listens(run):
    folder, _ = run
    detector = wakegen.Detector(folder / "models" / "hey_katya.onnx")
    row = next(
        row
        for row in content(folder)["rows"]
        if (row["stage"], row["kind"], row["split"]) == ("scene", "phrase", "train")
    )
    scores = detector.scores(np.concatenate([read_clip(folder, row["sha256"])] * 2))
    assert np.isfinite(scores).all()
    assert np.ptp(scores[24:]) > 0
