"""The engine table: names, status, errors."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from wakegen.core.errors import BadInput, NotInstalled
from wakegen.engines import table
from wakegen.engines.base import NEUTRAL, RANGES
from wakegen.engines.isolated import Isolated


def only(monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    row = replace(table.row("fake"), install="pip install such", **changes)  # type: ignore[arg-type]
    monkeypatch.setattr(table, "ENGINES", (row,))


def test_hidden_engines_are_left_out_of_the_names() -> None:
    assert table.names() == ("espeak", "festival", "flite", "kokoro", "pico", "piper", "rhvoice")
    assert table.names(hidden=True) == (*table.names(), "fake")


def test_a_wrong_name_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(BadInput) as caught:
        table.row("espek")
    assert "espeak" in caught.value.hint


def test_an_engine_of_another_version_is_told_apart_from_an_unknown_one() -> None:
    status = table.status("xtts")
    assert not status.available
    assert status.reason == "unavailable in this version"
    with pytest.raises(BadInput, match="unavailable in this version"):
        table.load("xtts")
    with pytest.raises(BadInput, match="no engine"):
        table.status("nosuch")


@pytest.mark.parametrize(
    ("lack", "named"),
    [
        ({"needs": ("no_such_package_for_wakegen",)}, "no_such_package_for_wakegen"),
        ({"programs": ("no-such-program",)}, "the program no-such-program"),
        ({"libraries": ("nosuchlibrary",)}, "the library nosuchlibrary"),
    ],
)
def test_what_is_missing_is_told_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, lack: dict[str, object], named: str
) -> None:
    only(monkeypatch, **lack)
    status = table.status("fake")
    assert not status.available
    assert named in status.reason
    assert status.install == "pip install such"
    with pytest.raises(NotInstalled, match=named) as caught:
        table.load("fake")
    assert caught.value.hint == "pip install such"


def test_an_engine_without_a_pulled_voice_says_how_to_pull_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WAKEGEN_VOICES", str(tmp_path))
    only(monkeypatch, pulled=True)
    assert table.status("fake").reason == "no voice was pulled"
    with pytest.raises(NotInstalled) as caught:
        table.load("fake")
    assert caught.value.hint == "wakegen voices pull fake"
    (tmp_path / "fake" / "ann").mkdir(parents=True)
    (tmp_path / "fake" / "ann" / "ann.onnx.part").touch()
    assert not table.status("fake").available
    (tmp_path / "fake" / "ann" / "ann.onnx").touch()
    assert table.status("fake").available


def test_an_isolated_row_is_loaded_into_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, isolated=True)
    with table.load("fake") as engine:
        assert isinstance(engine, Isolated)
        assert engine.voices()


def test_espeak_is_there_without_any_download() -> None:
    assert "espeak" in table.discover_available_engines()
    assert table.status("espeak").available


def test_asking_who_is_there_starts_and_loads_nothing() -> None:
    code = (
        "import sys\nfrom wakegen.engines import table\ntable.discover_available_engines()\n"
        "import psutil\nassert not psutil.Process().children()\n"
        "print([name for name in ('onnxruntime', 'piper', 'kokoro_onnx', 'py_nanotts', 'rhvoice_wrapper')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_the_lists_hold_no_name_twice() -> None:
    names = [*table.names(hidden=True), *table.KNOWN_ELSEWHERE]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("row", table.ENGINES, ids=lambda row: row.name)
def test_a_row_promises_no_more_than_there_is(row: table.EngineRow) -> None:
    assert row.controls <= {*RANGES, "ipa", "seed"}
    assert set(row.limits) <= row.controls
    for control, (low, high) in row.limits.items():
        assert RANGES[control][0] <= low <= NEUTRAL[control] <= high <= RANGES[control][1]
    assert row.isolated or not row.environment
    assert bool(row.install) != row.hidden
