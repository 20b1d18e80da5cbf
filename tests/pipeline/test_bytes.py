"""The same seed gives the same bytes: however many workers, whatever happened on the way."""

from __future__ import annotations

import json

import pytest

import wakegen
from tests.small import check_files, content, settings

pytestmark = pytest.mark.xdist_group("project")


def test_an_undisturbed_run_is_whole(made):
    check_files(made)
    rows = content(made)["rows"]
    assert {row["state"] for row in rows} <= {"done", "rejected"}
    assert {row["stage"] for row in rows} == {"speech", "scene"}
    assert (made / "models" / "hey_katya.onnx").read_bytes() == (made / ".cache" / "candidate.onnx").read_bytes()
    for name in ("wakegen.yaml", "wakegen.db", "report.json", "report.html", "models/hey_katya.json"):
        assert (made / name).is_file(), name


def test_two_workers_give_the_bytes_of_one(made, planned):
    wakegen.make(settings(planned, limits__jobs=2))
    check_files(planned)
    assert content(planned) == content(made)


@pytest.mark.slow
def test_a_run_from_nothing_gives_the_bytes_of_one_that_was_planned_elsewhere(made, tmp_path):
    wakegen.make(settings(tmp_path / "again"))
    assert content(tmp_path / "again") == content(made)


@pytest.mark.slow
def test_another_seed_gives_other_clips_and_another_detector(made, tmp_path):
    wakegen.make(settings(tmp_path / "other", seed=2))
    ours, theirs = content(made), content(tmp_path / "other")
    assert not {row["sha256"] for row in ours["rows"]} & {row["sha256"] for row in theirs["rows"]}
    assert ours["model"] != theirs["model"]


def test_the_project_remembers_what_was_asked(made):
    again = wakegen.load_settings(made / "wakegen.yaml", env={})
    assert again.generation.count == 24
    assert [choice.type for choice in again.engines] == ["fake"]
    assert wakegen.Detector(made / "models" / "hey_katya.onnx").sidecar.phrase == "hey katya"


def test_a_second_run_finds_everything_done_and_changes_nothing(copy, made):
    before = {
        path: path.stat().st_mtime_ns for path in copy.rglob("*") if path.is_file() and "wakegen.db" not in path.name
    }
    summaries = []
    wakegen.make(settings(copy), on_event=lambda event: summaries.append(getattr(event, "summary", None)))
    assert [text for text in summaries if text] == ["already done"] * 7
    assert {path: path.stat().st_mtime_ns for path in before if path.name != ".lock"} == {
        path: time for path, time in before.items() if path.name != ".lock"
    }
    assert content(copy) == content(made)


def test_the_report_follows_its_published_schema(made):
    from pathlib import Path

    import jsonschema

    schema = json.loads(
        (Path(__file__).parents[2] / "docs" / "schemas" / "report.schema.json").read_text(encoding="utf-8")
    )
    jsonschema.validate(json.loads((made / "report.json").read_text(encoding="utf-8")), schema)
