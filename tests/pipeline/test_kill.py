"""Killed at any moment, the same command goes on and gives the bytes of an undisturbed run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import wakegen
from tests.small import arguments, check_files, content, settings
from wakegen.core.events import ignore
from wakegen.core.seeds import stream
from wakegen.pipeline import train
from wakegen.pipeline.project import opened

pytestmark = pytest.mark.xdist_group("kill")
CHILD = Path(__file__).with_name("crash_child.py")


def die_often(folder: Path, *, seed: int, last: str, fewest: int, most: int) -> int:
    """Run until an attempt comes through; give how many did not."""
    command = [sys.executable, "-m", "tests.pipeline.crash_child", str(folder), str(seed), last, str(fewest), str(most)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=CHILD.parents[2])
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_killed_a_dozen_times_between_planning_and_training_it_gives_the_same_bytes(planned, made):
    assert die_often(planned, seed=1, last="train", fewest=10, most=60) >= 5
    check_files(planned)
    assert content(planned) == content(made)


@pytest.mark.slow
def test_killed_at_almost_every_write_it_gives_the_same_bytes(planned, made):
    assert die_often(planned, seed=2, last="train", fewest=8, most=20) >= 15
    check_files(planned)
    assert content(planned) == content(made)


def test_killed_while_testing_and_reporting_it_comes_to_the_same_report(copy, made):
    with opened(settings(copy), on_event=ignore) as project, project.store.transaction():
        project.store.forget_stages(["test", "report"])
    assert die_often(copy, seed=4, last="report", fewest=1, most=18) >= 2
    assert (copy / "models" / "hey_katya.onnx").read_bytes() == (made / "models" / "hey_katya.onnx").read_bytes()
    assert wakegen.Detector(copy / "models" / "hey_katya.onnx").sidecar.evaluated_on
    assert content(copy) == content(made)


def test_a_killed_run_leaves_no_litter_after_the_next(planned):
    (planned / "audio" / "ab").mkdir(parents=True)
    (planned / "audio" / "ab" / ".tmp-left").write_bytes(b"half a clip")
    with opened(settings(planned), on_event=ignore):
        pass
    assert not list(planned.rglob(".tmp-*"))


def test_a_redone_simulation_that_was_killed_is_not_taken_for_done(copy, made):
    """The stage was finished once: that it was begun again must be known, too."""
    assert die_at(copy, "simulate") == -signal.SIGKILL
    wakegen.make(settings(copy))
    assert content(copy) == content(made)


def test_a_redone_training_that_was_killed_is_not_taken_for_done(copy, made):
    """A head of 5 steps lies where that of 20 is expected."""
    with pytest.raises(KeyboardInterrupt):
        _trained_otherwise(copy)
    wakegen.make(settings(copy))
    assert content(copy)["model"] == content(made)["model"]


def _trained_otherwise(folder: Path) -> None:
    other = settings(folder, train__steps=5)
    with opened(other, on_event=ignore) as project, pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "write_json", _interrupt, raising=False)
        patch.setattr("wakegen.core.files.write_json", _interrupt)
        train.run(project)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


REDO = """
import os, signal, sys
from pathlib import Path
import wakegen
from wakegen.pipeline import simulate
from wakegen.pipeline.project import read_settings
simulate.fill = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
wakegen.run_stage(sys.argv[2], Path(sys.argv[1]), read_settings(Path(sys.argv[1])))
"""


def die_at(folder: Path, stage: str) -> int:
    """Redo a stage in a process that is killed once it has planned."""
    return subprocess.run([sys.executable, "-c", REDO, str(folder), stage]).returncode


@pytest.mark.slow
def test_the_command_killed_at_random_times_with_two_workers_gives_the_same_bytes(tmp_path, made):
    folder, rng, deaths = tmp_path / "project", stream(5, "delays"), 0
    command = [sys.executable, "-m", "wakegen", *arguments(folder, limits__jobs=2), "--quiet", "--verbose"]
    for attempt in range(40):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            process.wait(timeout=float(rng.uniform(0.5, 1.5)) + 0.4 * attempt)  # at first far too short
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            deaths += 1
        said = process.communicate()[1]
        if process.returncode != -signal.SIGKILL:
            assert process.returncode == 0, said
            break
    assert deaths >= 3
    check_files(folder)
    assert content(folder) == content(made)


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_ends_with_130_and_the_next_run_goes_on(planned, made, jobs):
    command = [sys.executable, "-m", "wakegen", *arguments(planned, limits__jobs=jobs, train__steps=100_000)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    until = time.monotonic() + 60
    while len(list(planned.glob("audio/*/*.flac"))) < 80:
        assert time.monotonic() < until
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to all processes in front
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "the next run of the same command goes on" in said
    assert "Traceback" not in said
    wakegen.make(settings(planned))
    check_files(planned)
    assert content(planned) == content(made)
