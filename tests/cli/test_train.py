"""`wakegen train`: anew, going on, or going on with more clips."""

from __future__ import annotations

import pytest

from tests.cli.test_commands import project  # noqa: F401


@pytest.mark.parametrize(
    ("words", "handed_on"),
    [((), {}), (("--resume",), {"resume": True}), (("--add", "mine"), {"add_clips": "mine"})],
)
def test_what_is_asked_is_handed_on(cli, api, project, words, handed_on):  # noqa: F811
    done = cli("train", "--project", str(project), *words)
    assert done.code == 0, done.err
    [(name, args, more)] = api.calls
    assert (name, args[0]) == ("run_stage", "train")
    assert {key: str(value) if key == "add_clips" else value for key, value in more.items()} == handed_on


def test_both_at_once_are_refused(cli, api, project):  # noqa: F811
    done = cli("train", "--project", str(project), "--resume", "--add", "mine")
    assert (done.code, api.calls) == (2, [])
    assert "goes on by itself" in done.err


def test_the_help_says_what_the_folder_must_hold(cli):
    text = " ".join(cli("train", "--help").out.split())
    assert "trimmed" in text
    assert "a folder named negative" in text
