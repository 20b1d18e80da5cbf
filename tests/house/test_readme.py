"""What the README and the guides tell people to type works as it stands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from wakegen.cli.app import COMMANDS, app

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs" / "guide").glob("*.md")),
    ROOT / "docs" / "runtime.md",
    ROOT / "docs" / "firmware.md",
    ROOT / "docs" / "bench.md",
    ROOT / "docs" / "raspberry_pi.md",
]
BLOCK = re.compile(r"```bash\n(.*?)```", re.DOTALL)
MAKEFILE = (ROOT / "Makefile").read_text()
QUICK = ("wakegen voices list", "wakegen config show", "wakegen engines")  # a second or two
DRY = "--dry-run"


def lines() -> list[str]:
    found = [
        line.split("  #")[0].strip()
        for page in PAGES
        for block in BLOCK.findall(page.read_text())
        for line in block.splitlines()
    ]
    return sorted({line for line in found if line})


def words(line: str) -> list[str]:
    """Give the arguments of the wakegen call in a line, without what pipes into it."""
    return shlex.split(line[line.index("wakegen ") :])[1:]


@pytest.mark.parametrize("line", [line for line in lines() if "wakegen " in line])
def test_every_wakegen_line_parses(line):
    command: click.Command = app
    rest = words(line)
    context = click.Context(app)
    while isinstance(command, click.Group) and rest:
        if rest[0] not in command.list_commands(context):
            rest = [getattr(command, "default", line), *rest]
        assert rest[0] in command.list_commands(context), line
        command = command.get_command(context, rest[0])
        rest = rest[1:]
    command.make_context(command.name, rest)


@pytest.mark.parametrize("line", [line for line in lines() if line.startswith("make ")])
def test_every_make_target_exists(line):
    assert re.search(rf"^{shlex.split(line, comments=True)[1]}:", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("line", [line for line in lines() if line.startswith(QUICK)])
def test_what_is_quick_runs(line, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "wakegen", *words(line)], cwd=ROOT, capture_output=True, text=True, env=clean(tmp_path)
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("line", [line for line in lines() if DRY in line])
def test_a_dry_run_runs_and_writes_nothing(line, tmp_path):
    arguments = [str(ROOT / word) if word.startswith("examples/") else word for word in words(line)]
    work = tmp_path / "here"
    work.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "wakegen", *arguments], cwd=work, capture_output=True, text=True, env=clean(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    assert list(work.iterdir()) == []


def test_the_readme_names_only_commands_that_exist():
    named = set(re.findall(r"`wakegen ([a-z][a-z-]+)", (ROOT / "README.md").read_text()))
    assert named <= set(COMMANDS)


def test_the_readme_starts_with_two_commands_that_set_up_what_they_need():
    first = BLOCK.search((ROOT / "README.md").read_text()).group(1).split("\n")
    assert first[:2] == ["make demo", "make test"]


def clean(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WAKEGEN_", "COV"))}
    return kept | {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_STATE_HOME": str(tmp_path / "state")}
