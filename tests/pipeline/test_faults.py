"""Bad input and bad luck: a clear error, nothing lost, nothing half-written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

import wakegen
from tests.disk import mounted, resize
from tests.heads import bursts
from tests.small import arguments, check_files, content, settings
from wakegen.core.errors import BadInput, NotInstalled, ProjectBusy, ProjectMismatch, StorageError
from wakegen.core.events import Notice, Progress, ignore
from wakegen.core.lock import only_one
from wakegen.pipeline import gate, generate, simulate
from wakegen.pipeline.project import opened

pytestmark = pytest.mark.xdist_group("project")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "wakegen", *command], capture_output=True, text=True)


def speak(folder: Path, **more: object) -> tuple[dict, list]:
    """Do the stages up to the first gate; give the summary of `generate` and all events."""
    events: list = []
    with opened(settings(folder, **more), on_event=events.append) as project:
        summary = generate.run(project)
        gate.speech(project)
    return summary, events


def notices(events: list) -> list[str]:
    return [event.message for event in events if isinstance(event, Notice)]


# -- engines ------------------------------------------------------------------------------------------------


def test_rows_that_an_engine_fails_on_are_counted_and_listed_and_the_others_go_on(tmp_path):
    summary, events = speak(tmp_path / "p", engines=["fake"], voices=["ann", "bea", "cem", "dov", "fails", "mute"])
    rows = [row for row in content(tmp_path / "p")["rows"] if row["stage"] == "speech"]
    failed = [row for row in rows if row["state"] == "failed"]
    assert {row["voice"] for row in failed} <= {"fails", "mute"}
    assert {row["voice"] for row in rows if row["state"] == "done"} <= {"ann", "bea", "cem", "dov"}
    assert summary["failed"] == len(failed) > 0
    assert sum(summary["reasons"].values()) == len(failed)
    assert summary["clips"] == sum(row["state"] == "done" for row in rows) > 0
    assert f"{len(failed)} could not be spoken" in summary["line"]
    told = [event for event in events if isinstance(event, Progress) and event.stage == "generate"]
    assert sum(event.failed for event in told) == len(failed)
    retried = sum(row["voice"] == "fails" for row in failed) * 2
    assert sum(event.retried for event in told) >= retried, "what may succeed is tried twice more"


def test_an_engine_that_never_speaks_is_an_error_and_not_an_empty_detector(tmp_path):
    done = run(*arguments(tmp_path / "p", engines=["fake"]), "--voice", "fails", "--quiet")
    assert done.returncode == 1, done.stderr
    assert "No clip of the phrase could be spoken: The voice 'fails' failed" in done.stderr
    assert "wakegen generate --project" in done.stderr


def test_duplicates_are_rejected_and_say_of_what(planned):
    with opened(settings(planned), on_event=ignore) as project:
        first, second = list(project.store.clips(stage="speech", kind="phrase"))[:2]
        with project.store.transaction():
            project.store.update(second.id, parameters=dict(first.parameters))
        generate.run(project)
        kept, twin = (next(project.store.clips(id=one.id)) for one in (first, second))
        shared = project.store.count(sha256=kept.sha256, state="done")
    assert kept.state == "done"
    assert (twin.state, twin.reason) == ("rejected", f"the same samples as clip {first.id}")
    assert shared == 1


# -- folders ------------------------------------------------------------------------------------------------


@pytest.fixture
def odd_folder(tmp_path) -> Path:
    """Give a folder of recordings of which three cannot be used."""
    folder = tmp_path / "sounds"
    folder.mkdir()
    soundfile.write(folder / "good.wav", bursts(20), 16_000)
    soundfile.write(folder / "stereo at 44.1 kHz.flac", np.stack([bursts(9, seed=1)] * 2, axis=1), 44_100)
    soundfile.write(folder / "three channels.wav", np.zeros((16_000, 3), np.int16), 16_000)
    (folder / "empty.wav").write_bytes(b"")
    (folder / "garbage.wav").write_bytes(b"RIFF and then nothing that makes sense")
    return folder


@pytest.mark.parametrize("use", ["negatives", "recordings"])
def test_unusable_recordings_are_skipped_counted_and_listed(tmp_path, odd_folder, use):
    _, events = speak(tmp_path / "p", **{f"folders__{use}": [odd_folder]})
    told = "\n".join(notices(events))
    for name in ("three channels.wav", "empty.wav", "garbage.wav"):
        assert f"Skipped {name}: " in told
    assert f"3 of 5 files in {odd_folder} were skipped." in told
    rows = [row for row in content(tmp_path / "p")["rows"] if row["engine"] == "recording"]
    assert {row["source"] for row in rows} == {"good.wav", "stereo at 44.1 kHz.flac"}
    assert {row["state"] for row in rows} == {"done"}
    if use == "recordings":
        assert {(row["label"], row["split"]) for row in rows} == {("positive", "recordings")}
    else:
        assert {row["label"] for row in rows} == {"negative"}
        by_file = {
            row["source"]: {other["split"] for other in rows if other["source"] == row["source"]} for row in rows
        }
        assert all(len(splits) == 1 for splits in by_file.values()), "pieces of one recording are in one split"


def test_a_folder_without_a_usable_recording_is_an_error(tmp_path):
    folder = tmp_path / "sounds"
    folder.mkdir()
    (folder / "empty.wav").write_bytes(b"")
    with pytest.raises(BadInput, match="No usable sound file"):
        speak(tmp_path / "p", folders__negatives=[folder])


def test_unusable_noises_are_skipped_and_listed(planned, odd_folder, tmp_path, monkeypatch):
    """A bank with the user's noises is one of its own: here it is made small."""
    from wakegen.scenes import Bank, Sizes

    build = Bank.build
    small = Sizes(rirs=4, noises=4, tones=2)
    monkeypatch.setattr(Bank, "build", staticmethod(lambda *a, **k: build(*a, **{**k, "sizes": small})))
    monkeypatch.setenv("WAKEGEN_CACHE", str(tmp_path / "cache"))
    events: list = []
    with opened(settings(planned), on_event=ignore) as project:
        generate.run(project)
    other = settings(planned, folders__noise=[odd_folder])
    with pytest.raises(ProjectMismatch, match=r"folders\.noise"), opened(other, on_event=ignore):
        pass
    speak(tmp_path / "q", folders__noise=[odd_folder])
    with opened(settings(tmp_path / "q", folders__noise=[odd_folder]), on_event=events.append) as project:
        simulate.run(project)
    assert "Skipped empty.wav" in "\n".join(notices(events))
    assert f"3 of 5 files in {odd_folder} were skipped." in "\n".join(notices(events))
    check_files(tmp_path / "q")


# -- project folders ----------------------------------------------------------------------------------------


def test_a_folder_of_another_phrase_is_refused(made):
    before = content(made)
    with pytest.raises(ProjectMismatch, match="belongs to the phrase 'hey katya', not to 'stop it'") as caught:
        wakegen.make(settings(made, generation__wake_words=["stop it"]))
    assert "--out" in caught.value.hint
    assert content(made) == before


def test_other_settings_are_refused_with_the_keys_that_differ(made):
    with pytest.raises(ProjectMismatch, match=r"generation\.count: 24 → 25") as caught:
        wakegen.make(settings(made, generation__count=25))
    assert "seed" not in str(caught.value)
    with pytest.raises(ProjectMismatch, match="seed: 1 → 0"):
        wakegen.make(settings(made, seed=0))


def test_settings_that_decide_no_clip_may_differ(copy):
    assert wakegen.make(settings(copy, limits__jobs=2, train__steps=25)).model is not None


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ProjectMismatch, match="is not empty and holds no wakegen project"):
        wakegen.make(settings(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(BadInput, match="is a file"):
        wakegen.make(settings(tmp_path / "thesis.tex"))


def test_a_second_run_at_the_same_time_is_told_so(copy):
    with only_one(copy):
        done = run(*arguments(copy))
    assert done.returncode == 1
    assert f"Another wakegen (process {os.getpid()}) is working in {copy}." in done.stderr
    with only_one(copy), pytest.raises(ProjectBusy):
        wakegen.run_stage("report", copy, settings(copy))


def test_a_damaged_database_is_an_error_that_says_so(copy):
    (copy / "wakegen.db").write_bytes(b"not a database, but of some length " * 100)
    with pytest.raises(StorageError, match=r"wakegen\.db cannot be used"):
        wakegen.make(settings(copy))


@pytest.mark.parametrize(("stage", "kind"), [("simulate", "speech"), ("test", "scene")])
@pytest.mark.parametrize("harm", ["vanished", "damaged"])
def test_a_clip_that_was_lost_is_named(copy, stage, kind, harm):
    split = "train" if kind == "speech" else "test"
    row = next(
        row for row in content(copy)["rows"] if (row["stage"], row["split"], row["kind"]) == (kind, split, "phrase")
    )
    path = copy / "audio" / row["sha256"][:2] / f"{row['sha256']}.flac"
    path.unlink() if harm == "vanished" else path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(StorageError, match=rf"The clip .*{row['sha256']}\.flac cannot be read") as caught:
        wakegen.run_stage(stage, copy, settings(copy))
    assert caught.value.exit_code == 1


def test_files_that_a_power_cut_left_empty_are_made_again(planned, made):
    for row in content(made)["rows"]:
        path = planned / "audio" / row["sha256"][:2] / f"{row['sha256']}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    for path in (made / ".cache" / "embeddings").iterdir():
        (planned / ".cache" / "embeddings").mkdir(parents=True, exist_ok=True)
        (planned / ".cache" / "embeddings" / path.name).write_bytes(b"")
    wakegen.make(settings(planned))
    check_files(planned)
    assert content(planned) == content(made)


# -- disks --------------------------------------------------------------------------------------------------


def test_a_full_disk_is_said_and_the_same_command_finishes_once_there_is_room(made, tmp_path):
    with mounted(tmp_path / "disk", size_kb=1700) as disk:
        command = arguments(disk / "project")
        full = run(*command, "--quiet")
        assert full.returncode == 1, full.stderr
        assert "Error: The disk is full" in full.stderr
        assert "goes on where it stopped" in full.stderr
        assert "Traceback" not in full.stderr
        resize(disk, size_kb=60_000)
        again = run(*command, "--quiet")
        assert again.returncode == 0, again.stderr
        check_files(disk / "project")
        assert content(disk / "project") == content(made)


def test_a_disk_that_cannot_be_written_is_said(copy, tmp_path):
    with mounted(tmp_path / "disk", size_kb=1000) as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        done = run(*arguments(disk / "project"), "--quiet")
    assert done.returncode == 1, done.stderr
    assert "No permission to write" in done.stderr


# -- names --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phrase", ["", "   ", "!!!", "привет катя", "\u0000", "a" * 500])
def test_a_phrase_that_cannot_be_spoken_is_refused(tmp_path, phrase):
    with pytest.raises(BadInput) as caught:
        wakegen.make(settings(tmp_path / "p", generation__wake_words=[phrase]))
    assert caught.value.exit_code == 3
    assert caught.value.hint


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"device": "rpi5"}, BadInput, "rpi4"),
        ({"engines": ["espaek"]}, BadInput, "espeak"),
        ({"engines": ["xtts"]}, NotInstalled, "espeak"),
        ({"engines": ["fake"], "voices": ["anne"]}, BadInput, "ann"),
        ({"generation.cuont": 3}, BadInput, "generation.count"),
        ({"generation.language": "englisch"}, BadInput, "en"),
        ({"generation.count": -1}, BadInput, "--count: -1 is out of range"),
        ({"seed": "one"}, BadInput, "seed"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_and_leaves_nothing(tmp_path, given, error, said):
    with pytest.raises(error) as caught:
        wakegen.make(settings(tmp_path / "output" / "p", **given))
    assert said in f"{caught.value} {caught.value.hint}"
    assert caught.value.exit_code in (3, 4)
    assert list(tmp_path.iterdir()) == []


def test_after_a_refused_name_the_right_one_works_in_the_same_folder(tmp_path):
    """A typing error must not claim the folder."""
    with pytest.raises(BadInput):
        speak(tmp_path / "p", voices=["anne"])
    speak(tmp_path / "p", voices=["ann", "bea", "cem"])


def test_errors_come_as_json_too(tmp_path):
    done = run(*arguments(tmp_path / "p", device="rpi5"), "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["exit_code"] == 3
    assert "rpi4" in json.loads(done.stdout)["error"]["hint"]
