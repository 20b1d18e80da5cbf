"""`wakegen voices list`, `pull` and `play`, with the real calls behind them."""

from __future__ import annotations

import json
import wave
from dataclasses import dataclass

import pytest

import wakegen
from tests.voices.made import DATA, catalogue, item
from wakegen.core.errors import NotInstalled
from wakegen.engines import table


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder of voices, a catalogue of a man and a woman who may not be sold, and files of both."""
    monkeypatch.delenv("WAKEGEN_VOICES", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    eve = item("eve", ["https://up.invalid/eve"], gender="female", licence="CC-BY-NC-4.0", commercial=False)
    path = catalogue(tmp_path, item("joe", ["https://up.invalid/joe"]), eve)
    monkeypatch.setenv("WAKEGEN_CATALOGUE", str(path))
    stick = tmp_path / "stick"
    stick.mkdir()
    for name in ("joe", "eve"):
        (stick / f"{name}.onnx").write_bytes(DATA)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data" / "wakegen" / "voices"


@pytest.fixture
def tones(monkeypatch):
    """The only engine here is the one of the tests."""
    monkeypatch.setattr(table, "discover_available_engines", lambda: ("fake",))


def test_pull_says_what_is_new_and_what_was_left_out(cli, folder):
    done = cli("voices", "pull", "--from", "stick")
    assert done.code == 0
    assert "pulled: piper joe, 0.3 MB, CC0-1.0\n" in done.out
    assert "left out: piper eve, CC-BY-NC-4.0 (non-commercial)" in done.out
    assert "--non-commercial" in done.out
    assert (folder / "piper" / "joe.onnx").read_bytes() == DATA
    assert not (folder / "piper" / "eve.onnx").exists()
    again = cli("voices", "pull", "joe", "--from", "stick")
    assert again.out == "already there: 1 of 1\n"


@pytest.mark.parametrize("words", [["eve"], ["--non-commercial"], ["piper", "--non-commercial"]])
def test_what_may_not_be_sold_is_pulled_by_name_or_on_request(cli, folder, words):
    assert cli("voices", "pull", *words, "--from", "stick").code == 0
    assert (folder / "piper" / "eve.onnx").is_file()


def test_pull_as_json_is_one_document(cli, folder):
    document = json.loads(cli("voices", "pull", "--from", "stick", "--json").out)
    [joe] = document["items"]
    assert (joe["name"], joe["state"], joe["sources"]) == ("joe", "pulled", ["stick"])
    assert [one["name"] for one in document["left_out"]] == ["eve"]


def test_a_dry_run_pulls_nothing(cli, folder):
    done = cli("voices", "pull", "--dry-run")
    assert "to pull: piper joe" in done.out
    assert not folder.exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["jeo"], 3, "Did you mean 'joe'?"),
        (["--engine", "pipre"], 3, "Did you mean 'piper'?"),
        (["espeak"], 3, "they come with it"),
        (["joe", "--from", "nowhere"], 3, "There is no folder nowhere"),
        (["joe", "--from", "."], 5, "holds no joe.onnx"),
    ],
)
def test_a_pull_that_cannot_be_says_why_and_what_to_do(cli, folder, words, code, said):
    done = cli("voices", "pull", *words)
    assert (done.code, said in done.err) == (code, True), done.err


def test_the_list_shows_what_could_be_pulled_and_marks_what_may_not_be_sold(cli, folder, tones):
    done = cli("voices", "list", "--language", "en")
    lines = {line.split()[1]: line for line in done.out.splitlines()}
    assert lines["ann"].split() == ["fake", "ann", "en", "female", "tone", "Apache-2.0"]
    assert lines["joe"].endswith("pull: wakegen voices pull joe")
    assert lines["eve"].endswith("non-commercial; pull: wakegen voices pull eve")
    assert "8 voices, 2 more can be pulled" in done.err


def test_the_list_of_what_is_installed_shows_nothing_else(cli, folder, tones):
    assert "joe" not in cli("voices", "list", "--installed").out
    cli("voices", "pull", "joe", "--from", "stick")
    document = json.loads(cli("voices", "list", "--json").out)
    assert [one["name"] for one in document["to_pull"]] == ["eve"]
    assert len(document["voices"]) == 8


@pytest.mark.parametrize(
    ("filters", "names"),
    [({"gender": "female"}, ["eve"]), ({"language": "EN_us"}, ["joe", "eve"]), ({"language": "tr"}, []),
     ({"engine": "kokoro"}, []), ({}, ["joe", "eve"])],
)  # fmt: skip
def test_voices_to_pull_are_filtered_like_the_others(folder, filters, names):
    assert [one.name for one in wakegen.list_voices_to_pull(**filters)] == names


def test_an_engine_whose_voices_are_all_to_be_pulled_is_listed(cli, folder, monkeypatch):
    def refuse(**_):
        raise NotInstalled("No voice was pulled.", hint="wakegen voices pull piper")

    monkeypatch.setattr(wakegen, "list_voices", refuse, raising=False)
    done = cli("voices", "list", "--engine", "piper")
    assert (done.code, "pull: wakegen voices pull joe" in done.out) == (0, True)
    assert cli("voices", "list", "--engine", "piper", "--installed").code == 4


@dataclass
class Voice:
    name: str
    language: str
    engine: str = "espeak"
    gender: str = "female"
    kind: str = "formant"
    licence: str = "GPL-3.0-or-later"
    commercial: bool = True


def test_very_many_voices_are_counted_by_language(cli, folder, monkeypatch):
    rows = [Voice(f"{tag}+{n}", tag) for tag in ("tr", "en") for n in range(150)] + [Voice("x", "en", commercial=False)]
    monkeypatch.setattr(wakegen, "list_voices", lambda **_: rows, raising=False)
    done = cli("voices")
    lines = [line.split() for line in done.out.splitlines()]
    assert lines[1] == ["espeak", "tr", "150", "150", "0", "tr+0"]
    assert lines[3] == ["espeak", "en", "1", "1", "0", "x", "non-commercial"]
    assert "pull: wakegen voices pull piper" in done.out
    assert "301 voices, 2 more can be pulled. --language TAG shows each voice" in done.err
    assert "tr+149" in cli("voices", "list", "--language", "tr").out
    assert len(json.loads(cli("voices", "list", "--json").out)["voices"]) == 301


def seconds(path) -> float:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16000)
        return file.getnframes() / 16000


def test_play_writes_a_wav_file_where_it_is_told(cli, folder):
    done = cli("voices", "play", "ann", "--engine", "fake", "--text", "good morning", "--out", "here/a.wav")
    assert "fake ann: 'good morning'" in done.out
    assert "written to here/a.wav" in done.out
    assert seconds("here/a.wav") > 0.5


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """The only folder of programs."""
    path = tmp_path / "bin"
    path.mkdir()
    monkeypatch.setenv("PATH", str(path))
    return path


def player(programs, name: str, text: str):
    (programs / name).write_text(f"#!/bin/sh\n{text}\n")
    (programs / name).chmod(0o755)


def test_play_hands_the_sound_to_the_first_player_that_works(cli, folder, tones, programs, tmp_path):
    player(programs, "paplay", 'echo "Connection refused" >&2; exit 1')
    player(programs, "aplay", f'while [ "$#" -gt 1 ]; do shift; done; /bin/cp "$1" {tmp_path}/heard.wav')
    player(programs, "ffplay", f"echo no > {tmp_path}/ffplay")
    document = json.loads(cli("voices", "play", "cem", "--json").out)
    assert (document["played_with"], document["file"], document["voice"]) == ("aplay", None, "cem")
    assert seconds(tmp_path / "heard.wav") == pytest.approx(document["seconds"], abs=0.001)
    assert not (tmp_path / "ffplay").exists()


@pytest.mark.parametrize("broken", [False, True])
def test_without_a_player_that_works_the_wav_is_kept_and_the_reason_said(cli, folder, tones, programs, broken):
    if broken:
        player(programs, "aplay", 'echo "no sound card" >&2; exit 1')
    done = cli("voices", "play", "fake:ann")
    assert "written to fake_ann.wav" in done.out
    assert ("aplay: no sound card" if broken else "none of pw-play, paplay") in done.err
    assert seconds("fake_ann.wav") > 0.5


def test_a_voice_asks_for_the_time_in_its_own_language(cli, folder):
    assert "Hey Katja, wie spät ist es?" in cli("voices", "play", "espeak:de", "--out", "a.wav").out
    assert "/heɪ ˈkɑtjə/" in cli("voices", "play", "espeak:ja", "--out", "a.wav").out
    assert "'/ˈtɛst/'" in cli("voices", "play", "espeak:en-us", "--text", "/ˈtɛst/", "--out", "a.wav").out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["anne"], 3, "Did you mean 'ann'?"),
        (["joe"], 3, "It can be pulled: wakegen voices pull joe"),
        (["fake:anne"], 3, "Did you mean 'ann'?"),
        (["ann", "--engine", "fkae"], 3, "There is no engine 'fkae'"),
        (["fails"], 1, "failed"),
        (["ann", "--text", "?!"], 3, "nothing to say"),
        (["ann", "--out", "."], 1, "could not be written"),
    ],
)
def test_a_voice_that_cannot_be_played_says_why(cli, folder, tones, words, code, said):
    done = cli("voices", "play", *words)
    assert (done.code, said in done.err) == (code, True), done.err
