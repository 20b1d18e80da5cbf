"""`wakegen engines` and `wakegen voices`, by all their names."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import pytest

import wakegen


@dataclass
class Engine:
    name: str = "espeak"
    available: bool = True
    broken: str = ""
    install: str = ""
    voices: int = 141
    problems: tuple[str, ...] = ()
    licence: str = "GPL-3.0-or-later"
    doc: str = "Formant synthesis."


@dataclass
class Voice:
    engine: str = "espeak"
    name: str = "tr+f2"
    language: str = "tr"
    gender: str = "female"
    kind: str = "formant"
    licence: str = "GPL-3.0-or-later"
    commercial: bool = True


@pytest.fixture
def asked(monkeypatch):
    calls = []
    monkeypatch.setattr(wakegen, "list_engines", lambda: [Engine()], raising=False)

    def voices(*, on_event, **more):
        calls.append(more)
        return [Voice()]

    monkeypatch.setattr(wakegen, "list_voices", voices, raising=False)
    return calls


@pytest.mark.parametrize("line", ["engines", "engines list", "list-providers --available"])
def test_engines_are_listed_under_all_names(cli, asked, line):
    done = cli(*line.split())
    assert "espeak" in done.out
    assert "Formant synthesis." in done.out
    assert json.loads(cli(*line.split(), "--json").out)["engines"][0]["name"] == "espeak"


def test_what_is_broken_is_named_with_its_reason_and_left_out_of_the_available(cli, asked, monkeypatch):
    whole, broken = Engine(), Engine("flite", False, "flite crashed (signal 11).", "apt install flite")
    spoilt = replace(whole, name="piper", problems=("mine: it is cut short.",))
    monkeypatch.setattr(wakegen, "list_engines", lambda: [whole, broken, spoilt])
    done = cli("engines")
    assert "no: apt install flite" in done.out
    assert "flite is here and cannot be used: flite crashed" in done.err
    assert "A voice of piper cannot be used: mine: it is cut short." in done.err
    assert [row["name"] for row in json.loads(cli("engines", "--json").out)["engines"]] == ["espeak", "flite", "piper"]
    available = json.loads(cli("list-providers", "--available", "--json").out)["engines"]
    assert [row["name"] for row in available] == ["espeak", "piper"]


@pytest.mark.parametrize("line", ["voices", "voices list", "list-voices --provider all"])
def test_voices_are_listed_under_all_names(cli, asked, line):
    done = cli(*line.split())
    assert "tr+f2" in done.out
    assert "1 voices" in done.err
    assert json.loads(cli(*line.split(), "--json").out)["voices"][0]["name"] == "tr+f2"
    assert asked[0] == {"engine": None, "language": None, "gender": None}


def test_voices_are_filtered_by_engine_language_and_gender(cli, asked):
    cli("voices", "list", "--engine", "espeak", "--language", "tr", "--gender", "female")
    assert asked == [{"engine": "espeak", "language": "tr", "gender": "female"}]
