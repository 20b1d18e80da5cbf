"""What the documents say of engines and of the negative bank is what the program knows, installs and writes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from wakegen.dataset.bank import Segment, load, quantised, save
from wakegen.engines import table
from wakegen.pipeline import banks

DOCS = Path(__file__).parents[2] / "docs"
ROWS = [row for row in table.ENGINES if not row.hidden]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_guide_names_each_engine_with_the_command_of_its_row(row):
    text = (DOCS / "guide" / "engines.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| `{row.name}` \| `{re.escape(row.install)}`", text, re.MULTILINE)


@pytest.mark.parametrize("row", [row for row in ROWS if row.languages], ids=lambda row: row.name)
def test_a_row_lists_the_languages_and_licences_that_the_voices_have(row):
    status = table.status(row.name)
    if not status.available:
        pytest.skip(f"{row.name}: {status.reason}. {status.install}")
    with table.load(row.name) as engine:
        voices = engine.voices()
    assert {voice.language for voice in voices} <= set(row.languages)
    assert {voice.licence for voice in voices} <= set(row.voice_licences or (row.licence,))
    assert re.match(r"\d+", row.voices), "how many is the first word"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_says_how_large_an_engine_is_and_which_voices_it_brings(row):
    assert row.size_mb > 0
    assert row.pulled or row.voices


@pytest.fixture
def bank(tmp_path):
    rows = np.random.default_rng(1).standard_normal((40, 96)).astype(np.float32)
    segments = [Segment("pico", "en-us", "pico en-us", "yes", 0, 20), Segment("flite", "slt", "cmu slt", "no", 20, 20)]
    save(quantised(rows, segments, banks._about("en-us", [])), tmp_path / "en-us.npz")
    return tmp_path / "en-us.npz"


def test_the_arrays_of_the_bank_are_those_of_its_page(bank):
    with np.load(bank, allow_pickle=False) as data:
        written = {name: data[name].dtype for name in data.files}
        head = json.loads(data["head"].tobytes())
    assert first_columns("## LANGUAGE.npz") == [(name, str(kind)) for name, kind in written.items()]
    assert [name for name, _ in first_columns("### The head")] == list(head)
    assert [name for name, _ in first_columns("### About")] == list(head["about"])


def test_the_program_on_the_banks_page_reads_what_wakegen_reads(bank):
    [code] = re.findall(r"```python\n(.*?)```", page(), re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code, str(bank)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        f"{[one.engine, one.voice, one.speaker]} {one.text} ({one.count}, 96)" for one in load(bank).segments
    ]


def page() -> str:
    return (DOCS / "formats" / "negative-bank.md").read_text(encoding="utf-8")


def first_columns(heading: str) -> list[tuple[str, str]]:
    """Give name and type of each row of the table below a heading."""
    part = re.split(r"^#", page().split(f"\n{heading}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]
    return re.findall(r"^\| `(\w+)` \| (\w+)", part, re.MULTILINE)
