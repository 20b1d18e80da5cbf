"""One process at a time in a project folder, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from wakegen.core.errors import ProjectBusy, StorageError
from wakegen.core.lock import only_one

HOLD = """
import sys
from pathlib import Path
from wakegen.core.lock import only_one
with only_one(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Give a process that holds the lock of tmp_path / "project" until its stdin closes."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "project")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_process_is_told_who_works_there(holder, tmp_path):
    with (
        pytest.raises(ProjectBusy, match=rf"process {holder.pid}\) is working in") as caught,
        only_one(tmp_path / "project"),
    ):
        pass
    assert "--out" in caught.value.hint


def test_the_lock_vanishes_with_a_killed_holder(holder, tmp_path):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with only_one(tmp_path / "project"):
        assert (tmp_path / "project" / ".lock").read_text() == f"{os.getpid()}\n"


def test_the_lock_is_free_again_after_an_error(tmp_path):
    with pytest.raises(ValueError, match="inside"), only_one(tmp_path):
        raise ValueError("inside")
    with only_one(tmp_path):
        pass


def test_the_same_process_cannot_hold_it_twice(tmp_path):
    with only_one(tmp_path), pytest.raises(ProjectBusy), only_one(tmp_path):
        pass


def test_a_child_of_the_holder_does_not_keep_the_lock(tmp_path):
    with only_one(tmp_path):
        child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    try:
        with only_one(tmp_path):
            pass
    finally:
        child.kill()
        child.communicate()


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"), only_one(Path(tmp_path / "file" / "project")):
        pass
