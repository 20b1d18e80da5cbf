"""Each stage is a command of its own over the same folder."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

import wakegen
from tests.small import check_files, content, settings
from wakegen.core.errors import BadInput
from wakegen.core.events import StageStarted, ignore
from wakegen.dataset.store import Store
from wakegen.engines import table
from wakegen.pipeline import banks, estimate, gate
from wakegen.pipeline.project import opened

pytestmark = pytest.mark.xdist_group("project")


@pytest.mark.parametrize("stage", ["generate", "simulate", "gate", "train", "test", "report"])
def test_a_stage_done_again_comes_to_the_same(copy, made, stage):
    begun: list[str] = []
    result = wakegen.run_stage(
        stage,
        copy,
        settings(copy),
        on_event=lambda event: begun.append(event.stage) if isinstance(event, StageStarted) else None,
    )
    assert any(stage in name for name in begun), begun
    assert result.to_json()["stage"] == stage
    assert result.to_text().startswith(f"{stage}: ")
    check_files(copy)
    assert content(copy) == content(made)


def test_make_after_a_stage_does_what_follows_from_it(copy):
    """Training otherwise gives another model: it is tested and reported anew."""
    begun: list[str] = []
    other = settings(copy, train__steps=21)
    wakegen.make(other, on_event=lambda event: begun.append(event.stage) if isinstance(event, StageStarted) else None)
    assert [name for name in begun if name != "evaluate"] == ["train", "test", "report"]


@pytest.mark.parametrize(
    ("stage", "needed"),
    [("simulate", "generate"), ("train", "simulate"), ("test", "train"), ("report", "test"), ("bench", "test")],
)
def test_a_stage_whose_forerunner_is_missing_says_which(planned, stage, needed):
    with pytest.raises(BadInput, match=f"'{stage}' needs '{needed}'") as caught:
        wakegen.run_stage(stage, planned, settings(planned))
    assert f"wakegen {needed} --project" in caught.value.hint


def test_an_unknown_stage_is_refused(made):
    with pytest.raises(BadInput, match="no stage 'trian'") as caught:
        wakegen.run_stage("trian", made, settings(made))
    assert "train" in caught.value.hint


def test_the_gate_judges_what_a_new_simulation_made(copy, made):
    """A clip that was set aside is rendered again, and must be set aside again."""
    with Store(copy) as store, store.transaction():
        row = next(store.clips(stage="scene", kind="sentence", state="done"))
        store.update(row.id, state="rejected", reason="gate: silent: a test says so")
    wakegen.run_stage("simulate", copy, settings(copy))
    with Store(copy) as store:
        assert store.stage("gate_scenes") is None
    wakegen.make(settings(copy))
    assert content(copy)["rows"] == content(made)["rows"]


def test_what_the_gate_sets_aside_is_counted_by_reason(planned):
    from wakegen.pipeline import generate

    with opened(settings(planned), on_event=ignore) as project:
        generate.run(project)
        bad = next(project.store.clips(stage="speech", kind="sentence"))
        with project.store.transaction():
            project.store.update(bad.id, quality={**bad.quality, "duration_s": 90.0})
        summary = gate.speech(project, redo=True)
        again = gate.speech(project, redo=True)
        state = next(project.store.clips(id=bad.id))
    assert summary["rejected"] == again["rejected"] >= 1
    assert state.state == "rejected"
    assert state.reason.startswith("gate: ")
    assert sum(summary["reasons"].values()) == summary["rejected"]


def test_a_detector_that_misses_its_limits_is_not_exported_unless_asked(copy):
    strict = settings(copy, export__allow_poor=False, evaluation__min_recall=1.0)
    result = wakegen.make(strict)
    assert (result.exit_code, result.model) == (6, None)
    assert not list((copy / "models").glob("*"))
    assert "not exported" in result.to_text()
    poor = wakegen.make(settings(copy, export__allow_poor=True, evaluation__min_recall=1.0))
    assert poor.exit_code == 0
    sidecar = wakegen.Detector(poor.model).sidecar
    assert sidecar.gate["passed"] is False
    assert any("recall" in failure for failure in sidecar.gate["failures"])


def test_a_model_that_was_removed_is_exported_again(copy):
    for path in (copy / "models").iterdir():
        path.unlink()
    assert wakegen.make(settings(copy)).model.is_file()


def test_a_project_that_was_moved_finds_its_model(copy, made):
    result = wakegen.make(settings(copy))
    assert result.model == copy / "models" / "hey_katya.onnx"
    document = result.to_json()
    assert str(made) not in json.dumps(document["stages"])


def test_a_dry_run_writes_nothing(tmp_path):
    plan = wakegen.plan_project(settings(tmp_path / "p"))
    assert not (tmp_path / "p").exists()
    document = plan.to_json()
    assert document["clips"]["by_kind"]["phrase"] == {"train": 20, "val": 2, "test": 2}
    assert document["clips"]["by_engine"] == {"fake": document["clips"]["total"]}
    assert document["estimated"]["seconds"] > 0
    assert "nothing was run" in plan.to_text()


def test_an_estimate_counts_slow_engines_the_bank_and_the_recipes_that_are_tried(tmp_path, monkeypatch):
    def seconds(**more):
        return wakegen.plan_project(settings(tmp_path / "p", **more)).seconds

    plain = seconds()
    with_bank = seconds(generation__negatives__bank_hours=1.0)
    assert with_bank > plain + 30
    monkeypatch.setattr(banks, "is_there", lambda *_: True)
    assert seconds(generation__negatives__bank_hours=1.0) == plain
    slow = {row.name: replace(row, cpu_per_s=1.0) for row in table.ENGINES}
    monkeypatch.setattr(table, "row", slow.__getitem__)
    assert seconds() > plain + 10
    chosen = seconds(train__preset="standard", train__heads=2)
    monkeypatch.setattr(estimate.Ingredients, "validators", ["festival"])
    assert seconds(train__preset="standard", train__heads=2) > chosen


@pytest.mark.parametrize(
    ("stage", "lost", "then"),
    [("test", ".cache/candidate.onnx", "wakegen train"), ("report", "report.json", "wakegen test")],
)
def test_a_file_that_was_removed_is_named_with_the_command_that_brings_it(copy, stage, lost, then):
    (copy / lost).unlink()
    with pytest.raises(BadInput) as caught:
        wakegen.run_stage(stage, copy, settings(copy))
    assert f"{then} --project {copy}" in caught.value.hint


def test_limits_on_accuracy_that_are_asked_for_are_held_by_bench_too(copy):
    done = subprocess.run(
        [sys.executable, "-m", "wakegen", "bench", "--local", "--project", str(copy), "--min-recall", "1.0", "--json"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 6, done.stderr
    limits = {gate["name"]: gate for gate in json.loads(done.stdout)["limits"]}
    assert not limits["min_recall"]["ok"]
    assert limits["min_recall"]["text"]


def test_the_sidecar_says_who_may_use_it_and_what_spoke_for_it(copy):
    sidecar = json.loads((copy / "models" / "hey_katya.json").read_text(encoding="utf-8"))
    assert sidecar["commercial_use"] is True
    assert sidecar["trained_on"]["bank"] == []
    with opened(settings(copy), on_event=ignore) as project, project.store.transaction():
        project.store.set_meta("commercial", "false")
        project.store.set_meta("bank", json.dumps({"pico": ["Apache-2.0"]}))
    wakegen.run_stage("test", copy, settings(copy))
    sidecar = json.loads((copy / "models" / "hey_katya.json").read_text(encoding="utf-8"))
    assert sidecar["commercial_use"] is False
    assert sidecar["trained_on"]["bank"] == ["pico"]
    assert "Apache-2.0" in sidecar["licences"]


def test_benchmarking_keeps_a_session(copy):
    result = wakegen.run_stage("bench", copy, settings(copy))
    (session,) = (copy / "sessions").iterdir()
    document = json.loads((session / "results.json").read_text(encoding="utf-8"))
    assert document["model"]["file"] == "hey_katya.onnx"
    assert document["evaluation"]["recall"]["total"] > 0
    assert document["session"]["parity"]["clips"] > document["evaluation"]["recall"]["total"]
    assert (session / "report.html").stat().st_size > 10_000
    assert result.summary["session"] == str(session)


def test_a_stage_from_the_command_line_prints_one_document(copy):
    done = subprocess.run(
        [sys.executable, "-m", "wakegen", "gate", "--project", str(copy), "--json"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["stage"] == "gate"
