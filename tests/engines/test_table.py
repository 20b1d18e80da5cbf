"""The engine table: names, status, errors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wakegen.core.errors import BadInput, NotInstalled
from wakegen.engines import table


def test_hidden_engines_are_left_out_of_the_names() -> None:
    assert table.names() == ("espeak",)
    assert table.names(hidden=True) == ("espeak", "fake")


def test_a_wrong_name_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(BadInput) as caught:
        table.row("espek")
    assert "espeak" in caught.value.hint


def test_an_engine_of_another_version_is_told_apart_from_an_unknown_one() -> None:
    status = table.status("kokoro")
    assert not status.available
    assert status.reason == "unavailable in this version"
    with pytest.raises(BadInput, match="unavailable in this version"):
        table.load("kokoro")
    with pytest.raises(BadInput, match="no engine"):
        table.status("nosuch")


def test_a_missing_package_is_told_with_its_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    row = replace(table.row("fake"), needs=("no_such_package_for_wakegen",), install="pip install such")
    monkeypatch.setattr(table, "ENGINES", (row,))
    assert not table.status("fake").available
    with pytest.raises(NotInstalled) as caught:
        table.load("fake")
    assert caught.value.hint == "pip install such"


def test_espeak_is_there_without_any_download() -> None:
    assert "espeak" in table.discover_available_engines()
    assert table.status("espeak").available


def test_the_lists_hold_no_name_twice() -> None:
    names = [*table.names(hidden=True), *table.KNOWN_ELSEWHERE]
    assert len(set(names)) == len(names)
