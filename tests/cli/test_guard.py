"""How a run ends: exit codes, three lines at most, one JSON document."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys

import pytest

from wakegen.core.errors import BadInput, DeviceError, EngineError, GateNotMet, NotInstalled, ProjectBusy


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (EngineError("e", hint="h"), 1),
        (ProjectBusy("e", hint="h"), 1),
        (BadInput("e", hint="h"), 3),
        (NotInstalled("e", hint="h"), 4),
        (DeviceError("e", hint="h"), 5),
        (GateNotMet("e", hint="h"), 6),
        (OSError(errno.ENOSPC, "No space left on device", "x.flac"), 1),
        (PermissionError(errno.EACCES, "Permission denied", "x.flac"), 1),
        (MemoryError(), 1),
        (ZeroDivisionError("oh"), 70),
        (KeyboardInterrupt(), 130),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_each_failure_has_its_exit_code_and_at_most_three_lines(cli, api, error, code):
    api.raises = error
    done = cli("make", "hey katya", "--quiet")
    assert done.code == code
    assert done.out == ""
    assert 1 <= len(done.err.strip().splitlines()) <= 3
    assert "Traceback" not in done.err


def test_a_limit_that_is_not_met_gives_6_and_still_prints_the_result(cli, api):
    api.exit_code = 6
    done = cli("make", "hey katya")
    assert (done.code, done.out) == (6, "made make\n")


def test_a_bug_leaves_a_log_and_says_where(cli, api, tmp_path):
    api.raises = ZeroDivisionError("oh")
    done = cli("make", "hey katya")
    [log] = (tmp_path / "log").iterdir()
    assert str(log) in done.err
    assert "ZeroDivisionError: oh" in log.read_text()
    assert "Traceback" in cli("make", "hey katya", "--verbose").err


@pytest.mark.parametrize("error", [BadInput("bad", hint="do"), ZeroDivisionError("oh")])
def test_with_json_a_failure_is_one_json_document_too(cli, api, error):
    api.raises = error
    done = cli("make", "hey katya", "--json")
    assert json.loads(done.out)["error"]["exit_code"] == done.code


def test_a_usage_error_with_json_is_one_json_document_too(cli, api):
    done = cli("make", "--json", "--cuont", "3")
    assert (done.code, json.loads(done.out)["error"]["kind"]) == (2, "Usage")
    assert "--count" in done.err


def test_a_command_that_nobody_knows_is_a_usage_error_with_the_nearest_name(cli):
    done = cli("mkae")
    assert done.code == 2
    assert "Did you mean 'make'?" in done.err
    assert len(done.err.strip().splitlines()) <= 3


def test_interruption_says_that_the_next_run_goes_on(cli, api):
    api.raises = KeyboardInterrupt()
    assert "next run" in cli("make", "hey katya").err


def test_the_end_of_a_file_somewhere_is_not_taken_for_an_interruption(cli, api):
    api.raises = EOFError("No data left in file")
    done = cli("make", "hey katya")
    assert done.code == 70
    assert "EOFError: No data left in file" in done.err


def test_a_reader_that_leaves_early_gets_no_traceback():
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "wakegen", "--help"], stdout=gone, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert done.stderr == ""
