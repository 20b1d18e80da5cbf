"""Documents that cannot be stale: the reference is what the program says, links lead somewhere, nothing names a machine."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"```.*?```", re.DOTALL)
# Folders that exist on one machine only: people's homes, and wherever a checkout or a scratch file lay.
MACHINE_PATH = re.compile(r"(?<![\w.~$}])/(?:home/(?!me\b|pi\b)|Users/|root/|work/|mnt/|tmp/\w)\w*")


def reference():
    spec = importlib.util.spec_from_file_location("build_reference", ROOT / "docs" / "build_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def all_commands():
    from wakegen.cli.app import app

    return list(reference().commands(app))


def test_the_reference_is_what_the_program_says():
    module = reference()
    for name in module.stale():
        assert (module.FOLDER / name).read_text().splitlines() == module.pages()[name].splitlines(), (
            "run `make reference`"
        )


@pytest.mark.parametrize(
    ("words", "command"), all_commands(), ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_every_command_has_help_its_options_too_and_a_place_in_the_reference(words, command):
    assert command.help, words
    undocumented = [
        p.name
        for p in command.params
        if isinstance(p, click.Option) and not p.help and not isinstance(p.type, click.Choice)
    ]
    assert not undocumented
    assert f"## wakegen {' '.join(words)}\n" in (ROOT / "docs" / "reference" / "cli.md").read_text()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_between_the_documents_leads_somewhere(path):
    for target in LINK.findall(FENCE.sub("", path.read_text())):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        assert file.exists(), f"{path}: {target}"
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), f"{path}: {target}"


def anchors(file: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", FENCE.sub("", file.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_nothing_that_is_tracked_names_a_machine():
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True)
    if listing.returncode:
        pytest.skip("not a git checkout")
    found = []
    for name in filter(None, listing.stdout.decode().split("\0")):
        path = ROOT / name
        if not path.is_file() or path == Path(__file__):
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [
            f"{name}:{number}: {line.strip()[:100]}"
            for number, line in enumerate(text.splitlines(), 1)
            if MACHINE_PATH.search(line)
        ]
    assert not found, "\n".join(found)
