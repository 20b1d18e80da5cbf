"""What docs/formats says of files is what the code reads and writes."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import fields
from pathlib import Path

import pytest

from wakegen import profiles
from wakegen.dataset.store import Store
from wakegen.model import OperatingPoint, Sidecar

FORMATS = Path(__file__).parents[2] / "docs" / "formats"


def documented(page: str, heading: str) -> list[str]:
    """Give the first column of the table below a heading."""
    text = (FORMATS / page).read_text(encoding="utf-8")
    part = re.split(r"^#", text.split(f"\n{heading}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]
    return re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)


def names(kind: type) -> list[str]:
    return [field.name for field in fields(kind) if not field.metadata.get("internal")]


@pytest.mark.parametrize("table", ["clips", "stages", "meta"])
def test_the_columns_are_those_of_the_database(table, tmp_path):
    with Store(tmp_path):
        pass
    found = sqlite3.connect(tmp_path / "wakegen.db").execute(f"SELECT name FROM pragma_table_info('{table}')")
    assert documented("project.md", f"### Table `{table}`") == [name for (name,) in found]


def test_no_table_is_left_out(tmp_path):
    with Store(tmp_path):
        pass
    found = sqlite3.connect(tmp_path / "wakegen.db").execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    text = (FORMATS / "project.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^### Table `(\w+)`", text, re.MULTILINE)) == {name for (name,) in found}


def test_the_keys_of_the_sidecar_are_those_of_its_dataclass():
    assert sorted(documented("detector.md", "## NAME.json")) == sorted(names(Sidecar))
    assert documented("detector.md", "### Operating points") == names(OperatingPoint)


def test_the_keys_of_a_profile_are_those_of_its_dataclasses():
    assert sorted(documented("device-profile.md", "## Top level")) == sorted(names(profiles.DeviceProfile))
    sections = {
        "compute": profiles.Compute,
        "microphones": profiles.Microphone,
        "front_end": profiles.FrontEnd,
        "transport": profiles.Transport,
        "limits": profiles.Limits,
        "use": profiles.Use,
    }
    for name, kind in sections.items():
        assert documented("device-profile.md", f"## `{name}`") == names(kind)


def test_the_example_profile_loads(tmp_path):
    text = (FORMATS / "device-profile.md").read_text(encoding="utf-8")
    path = tmp_path / "hallway-board.yaml"
    path.write_text(re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[0])
    assert profiles.load(path).microphones[0].noise_dba == 30
