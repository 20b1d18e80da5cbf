"""One engine that is installed and broken costs nobody else; voices that cannot be used are named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import wakegen
from tests.engines.speaking import engine_or_skip
from tests.small import settings
from wakegen.core.errors import BadInput, EngineError, NotInstalled
from wakegen.core.events import Notice
from wakegen.engines import roll, table
from wakegen.pipeline import banks
from wakegen.pipeline.material import gather


@pytest.fixture
def broken_flite(tmp_path, monkeypatch):
    """A program of that name that crashes comes before the real one, if there is one."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "flite").write_text("#!/bin/sh\nkill -SEGV $$\n")
    (folder / "flite").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.fixture
def cut_short(tmp_path, monkeypatch):
    """The only voice of Piper is a file that is no model."""
    engine_or_skip("piper")
    folder = tmp_path / "voices" / "piper"
    folder.mkdir(parents=True)
    (folder / "mine.onnx").write_bytes(b"\x08\x08no model")
    (folder / "mine.onnx.json").write_text("{}")
    monkeypatch.setenv("WAKEGEN_VOICES", str(tmp_path / "voices"))


def test_answers_and_failures_are_told_apart(broken_flite):
    answers, failures = roll.ask_all(["fake", "flite"])
    assert set(answers) == {"fake"}
    assert answers["fake"].voices
    assert "crashed" in str(failures["flite"])


def test_a_broken_engine_is_listed_as_such_and_the_others_are_there(broken_flite):
    rows = {row.name: row for row in wakegen.list_engines()}
    assert (rows["flite"].available, rows["flite"].voices) == (False, 0)
    assert "crashed" in rows["flite"].broken
    assert rows["espeak"].available
    heard = []
    assert wakegen.list_voices(language="en-us", on_event=heard.append)
    assert any("flite crashed" in event.message for event in heard if isinstance(event, Notice))
    with pytest.raises(EngineError, match="flite crashed"):
        wakegen.list_voices("flite")


def test_a_broken_engine_is_left_out_of_auto_and_refused_by_name(broken_flite):
    found = gather(settings(Path("unused"), engines=["auto"]))
    assert any("flite is left out: flite crashed" in notice for notice in found.notices)
    assert "flite" not in {one.choice.type for one in found.speakers}
    with pytest.raises(EngineError, match="flite crashed"):
        gather(settings(Path("unused"), engines=["flite"]))
    heard = []
    assert "flite" not in {one.engine for one in banks.readers_of("en-us", (), heard.append)}
    assert any("flite is left out" in event.message for event in heard)


def test_a_bank_by_name_needs_the_engine_and_a_voice_of_the_language(broken_flite, monkeypatch):
    with pytest.raises(EngineError, match="flite crashed"):
        wakegen.build_bank("en", engines=["flite"])
    with pytest.raises(BadInput, match="'fake' has no voice for 'ka'"):
        wakegen.build_bank("ka", engines=["fake"])
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(NotInstalled, match="'flite' cannot be used"):
        wakegen.build_bank("en", engines=["flite"])


def test_why_a_voice_cannot_be_used_is_said_wherever_it_is_missed(cut_short):
    answer = roll.ask("piper")
    assert not answer.voices
    [complaint] = roll.complaints({"piper": answer})
    assert complaint.startswith("A voice of piper cannot be used: mine: ")
    with pytest.raises(BadInput, match="no voice 'mine'") as caught:
        gather(settings(Path("unused"), engines=["piper"], voices=["mine"]))
    assert "It cannot be used: " in caught.value.hint
    with pytest.raises(BadInput, match="no voice 'you'") as caught:
        gather(settings(Path("unused"), engines=["piper"], voices=["you"]))
    assert caught.value.hint == "It has none that can be used."
    assert table.status("piper").available
