"""Adding clips to a finished project: what is kept, what is learned, what is told."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

import wakegen
from tests.pipeline.adding import LOW, clips, say
from tests.small import check_files, content, settings
from wakegen.core.errors import BadInput
from wakegen.core.events import Notice, StageStarted, ignore
from wakegen.dataset.store import Store
from wakegen.features.embed import Embedder
from wakegen.model.head import Head
from wakegen.model.members import load_members
from wakegen.pipeline import add, gate, generate, simulate, train
from wakegen.pipeline.heads import SMOOTHING_STEPS
from wakegen.pipeline.project import opened
from wakegen.train.calibrate import best_logit

pytestmark = pytest.mark.xdist_group("add")
CHILD = Path(__file__).with_name("adding.py")


def added(folder: Path, what: Path, on_event=ignore, **more) -> dict:
    """Add the clips of a folder; give the summary."""
    return wakegen.run_stage("train", folder, settings(folder, **more), add_clips=what, on_event=on_event).to_json()


def die_often(folder: Path, what: str, *, seed: int, fewest: int, most: int) -> int:
    """Run until an attempt comes through; give how many did not."""
    command = [sys.executable, "-m", "tests.pipeline.adding", str(folder), str(seed), str(fewest), str(most), what]
    done = subprocess.run(command, capture_output=True, text=True, cwd=CHILD.parents[2])
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.fixture(scope="module")
def mine(tmp_path_factory) -> Path:
    """Give a folder of six recordings of the phrase and two of other words."""
    return clips(tmp_path_factory.mktemp("mine") / "clips", **LOW)


@pytest.fixture(scope="module")
def with_mine(made, mine, cache, tmp_path_factory) -> tuple[Path, dict]:
    """Give a project to which they were added, and what was told. Not to be changed."""
    folder = Path(shutil.copytree(made, tmp_path_factory.mktemp("with_mine") / "project"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAKEGEN_CACHE", str(cache))
        summary = added(folder, mine)
    return folder, summary


def test_added_clips_get_scenes_and_the_old_ones_stay_as_they_are(made, with_mine):
    folder, summary = with_mine
    before, after = content(made)["rows"], content(folder)["rows"]
    assert after[: len(before)] == before
    new = after[len(before) :]
    spoken = [row for row in new if row["stage"] == "speech"]
    assert [(row["label"], row["kind"], row["engine"]) for row in spoken] == (
        [("negative", "added", "recording")] * 2 + [("positive", "phrase", "recording")] * 6
    )
    scenes = {row["id"]: sum(one["parent"] == row["id"] for one in new) for row in spoken}
    assert all(scenes[row["id"]] == (4 if row["split"] == "train" else 1) for row in spoken)
    assert summary["added"] == {"positive": {"train": 5, "val": 1}, "negative": {"train": 2, "val": 0}}
    assert {row["state"] for row in new} == {"done"}
    check_files(folder)


def test_the_silence_around_the_phrase_is_cut(with_mine):
    folder, _ = with_mine
    rows = [row for row in content(folder)["rows"] if row["source"] == "yes0.wav" and row["stage"] == "speech"]
    assert rows[0]["seconds"] == pytest.approx(len(say(voice="eli")) / 16_000, abs=0.15)


def test_the_detector_is_another_and_the_heads_before_are_kept(made, with_mine):
    folder, _ = with_mine
    assert content(folder)["model"] != content(made)["model"]
    before, kept = made / ".cache" / "members.npz", folder / ".cache" / "members-before.npz"
    assert before.read_bytes() == kept.read_bytes()
    assert not (folder / ".cache" / "heads").exists()


def test_before_and_after_are_told_group_by_group(with_mine):
    _, summary = with_mine
    compared = summary["before_after"]
    assert [row["group"] for row in compared["recall"]] == ["fake", "added clips"]
    for row in compared["recall"]:
        assert row["before"]["total"] == row["after"]["total"] > 0
        assert {"low", "high", "hits"} <= row["before"].keys()
    assert compared["false_accepts"]["before"]["hours"] == compared["false_accepts"]["after"]["hours"] > 0
    assert "6 clips of the phrase and 2 of others (1 held out) added" in summary["line"]


def test_the_text_holds_the_table(copy, mine):
    result = wakegen.run_stage("train", copy, settings(copy), add_clips=mine)
    lines = result.to_text().splitlines()
    assert lines[2].split() == ["held", "out", "before", "after"]
    assert lines[3].startswith("recall, fake")
    assert lines[4].startswith("recall, added clips")
    assert lines[5].startswith("false accepts")


def test_make_afterwards_tests_and_reports_and_trains_nothing(with_mine, tmp_path):
    folder = Path(shutil.copytree(with_mine[0], tmp_path / "p"))
    begun: list[str] = []
    result = wakegen.make(
        settings(folder), on_event=lambda event: begun.append(event.stage) if isinstance(event, StageStarted) else None
    )
    assert [name for name in begun if name != "evaluate"] == ["test", "report"]
    assert content(folder) == content(with_mine[0])
    assert result.document["trained_on"]["engines"]["recording"] == 7
    assert (folder / "models" / "hey_katya.onnx").read_bytes() == (folder / ".cache" / "candidate.onnx").read_bytes()


def test_training_anew_learns_the_added_clips_too(with_mine, tmp_path):
    folder = Path(shutil.copytree(with_mine[0], tmp_path / "p"))
    wakegen.run_stage("train", folder, settings(folder))
    with opened(settings(folder), on_event=ignore) as project, project.executor() as executor:
        material = train.gather(project, executor)
    assert material.positive.weights.tolist() == pytest.approx([0.7, 0.3])  # fake, recording
    assert material.general.weights.tolist() == pytest.approx([0.2, 0.8])  # added, the project's own
    assert content(folder)["model"] != content(with_mine[0])["model"]


def test_simulating_anew_renders_the_added_clips_again(with_mine, tmp_path):
    folder = Path(shutil.copytree(with_mine[0], tmp_path / "p"))
    wakegen.run_stage("simulate", folder, settings(folder))

    def rendered(where: Path) -> list[str]:
        return sorted(row["sha256"] for row in content(where)["rows"] if row["stage"] == "scene")

    assert rendered(folder) == rendered(with_mine[0])


def test_adding_the_same_again_changes_nothing_and_says_so(with_mine, mine, tmp_path):
    folder = Path(shutil.copytree(with_mine[0], tmp_path / "p"))
    told: list[str] = []
    summary = added(folder, mine, lambda event: told.append(getattr(event, "message", "")))
    assert summary["line"] == "nothing new: 8 files are in the project already"
    assert len(summary["skipped"]["known"]) == 8
    assert any("8 files are in the project already" in text for text in told)
    assert content(folder) == content(with_mine[0])
    for name in ("members.npz", "members-before.npz", "candidate.onnx", "calibration.json"):
        assert (folder / ".cache" / name).read_bytes() == (with_mine[0] / ".cache" / name).read_bytes()


def test_more_can_be_added_later(with_mine, tmp_path):
    folder = Path(shutil.copytree(with_mine[0], tmp_path / "p"))
    summary = added(folder, clips(tmp_path / "more", 7, negatives=0, voice="fay", pitch_semitones=9.0))
    assert summary["added"]["positive"] == {"train": 6, "val": 1}
    first, second = (folder / ".cache" / name for name in ("members-before.npz", "members.npz"))
    assert first.read_bytes() == (with_mine[0] / ".cache" / "members.npz").read_bytes() != second.read_bytes()
    own = next(row for row in summary["before_after"]["recall"] if row["group"] == "added clips")
    assert own["after"]["total"] == 2
    check_files(folder)


def test_a_recording_that_judges_the_detector_is_not_learned(tmp_path, mine, planned):
    """Given as --recordings, then added: heard in training, it would say nothing any more."""
    folder = tmp_path / "project"
    wanted = settings(folder, folders__recordings=[str(mine)], generation__count=6)
    with opened(wanted, on_event=ignore) as project:
        generate.run(project), gate.speech(project), simulate.run(project), gate.scenes(project), train.run(project)
        summary = add.run(project, mine)
    assert summary["line"].startswith("nothing new: 8 files")


def test_a_voice_that_was_added_is_heard_better(tmp_path):
    folder, how = tmp_path / "project", {"voice": "eli", "pitch_semitones": -12.0}
    wanted = {"voices": ["ann", "bea", "cem", "fay"], "generation__count": 60, "train__steps": 120}
    with opened(settings(folder, **wanted), on_event=ignore) as project:
        generate.run(project), gate.speech(project), simulate.run(project), gate.scenes(project), train.run(project)
    before = _margins(folder, **how)
    added(folder, clips(tmp_path / "eli", 10, **how), **wanted)
    after = _margins(folder, **how)
    assert after.mean() > before.mean() + 0.5
    assert (after > before).mean() > 0.8


def _margins(folder: Path, **how) -> np.ndarray:
    """Give how far a voice's best logits lie above the threshold, for clips that nobody trained on."""
    threshold = json.loads((folder / ".cache" / "calibration.json").read_text())["logit"]
    head = Head(load_members(folder / ".cache" / "members.npz"))
    sounds = []
    for seed in range(100, 112):
        padded = np.pad(say(seed=seed, rate=0.9 + 0.02 * (seed - 100), **how), (40_000, 20_000))
        noise = 3e-4 * np.random.default_rng(seed).standard_normal(len(padded))
        sounds.append(np.rint(32767 * (0.3 * padded + noise)).astype(np.int16))
    rows = Embedder().embed_all(sounds)
    best = [
        best_logit(head, (part, len(sound) // 1280, (2.5, len(sound) / 16_000 - 1.25)), SMOOTHING_STEPS)
        for part, sound in zip(rows, sounds, strict=True)
    ]
    return np.array(best) - threshold


def test_killed_at_any_write_the_same_command_gives_the_same_bytes(copy, mine, with_mine):
    assert die_often(copy, str(mine), seed=1, fewest=3, most=25) >= 4
    check_files(copy)
    assert content(copy) == content(with_mine[0])
    assert (copy / ".cache" / "members-before.npz").read_bytes() == (
        with_mine[0] / ".cache" / "members-before.npz"
    ).read_bytes()


@pytest.mark.slow
def test_killed_at_almost_every_write_it_still_gives_the_same_bytes(copy, mine, with_mine):
    assert die_often(copy, str(mine), seed=2, fewest=10, most=20) >= 6
    assert content(copy) == content(with_mine[0])


@pytest.mark.parametrize("writes", [5, 25, 60])
def test_what_was_begun_is_finished_by_make(copy, mine, with_mine, writes):
    """Whatever moment it was killed at once the clips were in the plan."""
    died = subprocess.run(
        [sys.executable, "-c", KILL_ONCE, str(copy), str(mine), str(writes)], cwd=CHILD.parents[2]
    ).returncode
    assert died == -9
    with Store(copy) as store:
        assert json.loads(store.meta("adding"))
    wakegen.make(settings(copy))
    assert content(copy) == content(with_mine[0])
    with Store(copy) as store:
        assert json.loads(store.meta("adding")) is None


KILL_ONCE = """
import sys
from pathlib import Path
from tests.pipeline.adding import run
from tests.pipeline.crash_child import Clock, arm
arm(Clock(int(sys.argv[3])))
run(Path(sys.argv[1]), sys.argv[2])
"""


def test_heads_that_are_gone_when_an_addition_goes_on_are_trained_anew(copy, mine):
    subprocess.run([sys.executable, "-c", KILL_ONCE, str(copy), str(mine), "25"], cwd=CHILD.parents[2])
    shutil.rmtree(copy / ".cache")
    told: list[str] = []
    wakegen.make(settings(copy), on_event=lambda event: told.append(getattr(event, "message", "")))
    assert any("new ones are trained" in text for text in told)
    assert any(row["source"] == "yes0.wav" and row["stage"] == "scene" for row in content(copy)["rows"])


def test_files_that_vanish_while_they_are_added_can_be_added_again(copy, tmp_path):
    folder = clips(tmp_path / "clips", 5, negatives=0)
    told: list[str] = []
    with opened(settings(copy), on_event=lambda event: told.append(getattr(event, "message", ""))) as project:
        found = add._sorted(project, folder, *add.scan_folder(folder))
        add._begin(project, found.new)
        shutil.move(folder, tmp_path / "elsewhere")
        assert add.go_on(project) is None
        assert any("gone" in text for text in told)
        summary = add.run(project, tmp_path / "elsewhere")
    assert summary["added"]["positive"] == {"train": 4, "val": 1}


def test_any_rate_and_two_channels_are_read_and_what_cannot_be_used_is_listed(copy, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    soundfile.write(folder / "stereo.wav", np.stack([say(), say()], axis=1), 16_000)
    soundfile.write(folder / "fast.flac", np.repeat(say(seed=2), 3), 48_000)
    soundfile.write(folder / "long.wav", np.tile(say(), 12), 16_000)
    soundfile.write(folder / "silent.wav", np.zeros(16_000), 16_000)
    (folder / "damaged.wav").write_bytes(b"RIFF no sound")
    (folder / "notes.txt").write_text("not a sound")
    told: list[Notice] = []
    summary = added(copy, folder, lambda event: told.append(event) if isinstance(event, Notice) else None)
    reasons = {row["file"]: row["reason"] for row in summary["skipped"]["unusable"]}
    assert set(reasons) == {"long.wav", "silent.wav", "damaged.wav"}
    assert "not the phrase alone" in reasons["long.wav"]
    assert any("3 of 5 files" in notice.message for notice in told)
    assert sum(summary["added"]["positive"].values()) == 2


@pytest.mark.parametrize("files", [(), ("notes.txt",)])
def test_a_folder_without_sound_is_refused(copy, tmp_path, files):
    folder = tmp_path / "empty"
    folder.mkdir()
    for name in files:
        (folder / name).write_text("no sound")
    with pytest.raises(BadInput, match="no sound file"):
        added(copy, folder)


def test_a_folder_in_which_no_file_can_be_used_says_why(copy, tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.wav").write_bytes(b"RIFF no sound")
    with pytest.raises(BadInput, match=r"can be used \(a\.wav: .*cannot be read"):
        added(copy, tmp_path / "bad")


def test_a_folder_that_is_not_there_is_refused_and_changes_nothing(copy, made):
    with pytest.raises(BadInput, match="not a folder"):
        added(copy, copy / "nowhere")
    assert content(copy) == content(made)


def test_without_a_trained_detector_there_is_nothing_to_go_on_from(planned, mine):
    with pytest.raises(BadInput, match="no trained detector") as caught:
        added(planned, mine)
    assert "wakegen train" in caught.value.hint


def test_another_number_of_heads_is_refused(copy, mine):
    with pytest.raises(BadInput, match="has 1 heads, the settings ask for 2"):
        added(copy, mine, train__heads=2)


def test_only_training_can_add_or_resume(made, mine):
    with pytest.raises(BadInput, match="cannot resume or add"):
        wakegen.run_stage("gate", made, settings(made), add_clips=mine)


def test_a_detector_of_another_backbone_is_not_trained_on(copy, mine):
    placed = replace(settings(copy), train=replace(settings(copy).train, backbone="nano"))
    with pytest.raises(BadInput, match="made for the backbone 'full', the settings ask for 'nano'") as caught:
        wakegen.run_stage("train", copy, placed, add_clips=mine)
    assert "--backbone full" in caught.value.hint
