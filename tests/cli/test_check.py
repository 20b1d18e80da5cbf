"""`wakegen check` over the real text room, espeak-ng and the `fake` engine; the player is a program that the test writes."""

from __future__ import annotations

import json
import stat
import wave
from dataclasses import replace

import pytest

import wakegen
from wakegen.core.errors import BadInput
from wakegen.engines import table
from wakegen.engines.base import Voice
from wakegen.espeak import Espeak
from wakegen.pipeline.check_voices import native_voice
from wakegen.text.phonemes import ipa_of
from wakegen.text.phrase import parse_phrase


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Lexicons are made once for this file, and not where the user has his."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def quiet_home(cache, monkeypatch, tmp_path):
    monkeypatch.setenv("WAKEGEN_CACHE", str(cache))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def engines(monkeypatch):
    """espeak, the fake engine in sight, and one whose package is missing."""
    fake = replace(table.row("fake"), hidden=False, controls=table.row("fake").controls - {"ipa"})
    absent = replace(table.row("espeak"), name="absent", needs=("no_such_module",), install="pip install it")
    monkeypatch.setattr(table, "ENGINES", (table.row("espeak"), fake, absent))


@pytest.fixture
def check(cli):
    def document(*arguments: str):
        done = cli("check", *arguments, "--json")
        assert done.code == 0, done.err
        return json.loads(done.out)

    return document


def test_a_good_phrase_is_told_in_text(cli):
    done = cli("check", "hey katya")
    assert done.code == 0
    assert "“hey katya” (en-us): low risk" in done.out
    assert "/hˈeɪ kˈæɾɪə/  7 phonemes, 4 syllables" in done.out
    assert "rule of thumb" in done.out
    assert "wakegen make 'hey katya /hˈeɪ kˈæɾɪə/'" in done.out
    assert "Less risky" not in done.out


def test_a_risky_phrase_gets_reasons_and_less_risky_ones(cli):
    done = cli("check", "computer")
    assert done.code == 0
    assert "high risk" in done.out
    assert "high:   'computer' is said" in done.out
    assert "hey computer: medium risk (everyday words, shared with other devices)" in done.out


def test_offers_are_less_risky_three_at_most_and_the_best_come_first(check):
    found = check("robot")
    points = [offer["points"] for offer in found["offers"]]
    assert 0 < len(points) <= 3
    assert points == sorted(points)
    assert all(point < found["risk"]["points"] for point in points)
    for offer in found["offers"]:
        assert check(offer["text"])["risk"]["points"] == offer["points"]


def test_a_greeting_is_replaced_not_doubled_and_one_alone_has_no_offers(check):
    offers = [offer["text"] for offer in check("hey no")["offers"]]
    assert "hello no" in offers
    assert not any("hey" in text for text in offers)
    assert check("hey")["offers"] == []


def test_offers_are_in_the_language_of_the_phrase(check):
    assert check("evet", "--language", "tr")["offers"][0]["text"] == "merhaba evet"


def test_offers_for_sounds_are_sounds(check):
    assert {"/oʊkˈeɪ nˈoʊ/"} <= {offer["text"] for offer in check("/nˈoʊ/")["offers"]}
    assert "okay robot /oʊkˈeɪ ɹˈoʊbɑːt/" in {offer["text"] for offer in check("robot /ɹˈoʊbɑːt/")["offers"]}


@pytest.mark.parametrize("phrase", ["hey katya", "thank you very much", "/hˈeɪ kˈatjə/", "katya /kˈatjə/"])
def test_what_is_offered_to_paste_is_the_same_phrase(check, phrase):
    found = check(phrase)
    with Espeak() as espeak:
        pasted = parse_phrase(found["paste"], "en", espeak.phonemes, espeak.split_ipa)
        typed = parse_phrase(phrase, "en", espeak.phonemes, espeak.split_ipa)
    assert ipa_of(pasted.phonemes) == ipa_of(typed.phonemes) == found["ipa"]
    assert pasted.words == typed.words


def test_varieties_that_read_alike_stand_together(check):
    readings = {tuple(one["varieties"]): one["ipa"] for one in check("hey katya")["readings"]}
    assert readings["en-us", "en-us-nyc"] == "hˈeɪ kˈæɾɪə"
    assert readings["en-gb",] == "hˈeɪ kˈatɪə"
    assert check("/hˈeɪ kˈatjə/")["readings"] == []


def test_only_spellings_that_change_a_sound_are_named(check):
    assert check("hey katya")["spellings"] == []
    assert check("turn on the light")["spellings"] == [{"text": "turn, on, the, light", "ipa": "tˈɜːn ˈɔn ðə lˈaɪt"}]


def test_several_phrases_are_compared(cli):
    runs = json.loads(cli("check", "computer", "hey katya", "--json").out)["runs"]
    assert [run["risk"]["level"] for run in runs] == ["high", "low"]


def test_nothing_is_spoken_unless_it_is_asked_for(check, engines, tmp_path):
    found = check("hey katya")["engines"]
    assert [(one["engine"], one["available"], one["voice"]) for one in found] == [
        ("espeak", True, ""),
        ("fake", True, ""),
        ("absent", False, ""),
    ]
    assert list(tmp_path.iterdir()) == []


def test_each_engine_writes_a_sample_and_one_that_cannot_is_named_with_its_reason(check, engines, tmp_path):
    spoken = {one["engine"]: one for one in check("hey katya", "--out", str(tmp_path / "heard"))["engines"]}
    for name, rate_hz in (("espeak", 22050), ("fake", 16000)):
        with wave.open(str(tmp_path / "heard" / f"hey_katya-{name}.wav")) as file:
            assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (rate_hz, 2, 1)
            assert file.getnframes() / rate_hz == pytest.approx(spoken[name]["seconds"], abs=0.001)
            assert 0.3 < spoken[name]["seconds"] < 2
    assert spoken["espeak"]["voice"] == "en-us"
    assert "no_such_module" in spoken["absent"]["reason"]
    assert "pip install it" in spoken["absent"]["reason"]
    assert spoken["absent"]["file"] is None


def test_an_engine_without_the_language_or_without_ipa_does_not_stop_the_others(cli, check, engines, tmp_path):
    spoken = {one["engine"]: one for one in check("evet", "--language", "tr", "--out", str(tmp_path))["engines"]}
    assert spoken["espeak"]["voice"] == "tr"
    assert "no voice for the language 'tr'" in spoken["fake"]["reason"]
    spoken = {one["engine"]: one for one in check("/hˈeɪ kˈatjə/", "--out", str(tmp_path))["engines"]}
    assert (spoken["espeak"]["reads"], spoken["espeak"]["reason"]) == ("IPA", "")
    assert "does not read IPA" in spoken["fake"]["reason"]
    assert "fake: nothing: " in cli("check", "/hˈeɪ kˈatjə/", "--out", str(tmp_path)).out


@pytest.mark.parametrize(
    ("language", "voice"), [("en-gb", "en"), ("en-us", "en-us"), ("pt-br", "pt-br"), ("zh", "cmn")]
)
def test_the_variety_asked_for_speaks(language, voice):
    with table.load("espeak") as engine:
        assert native_voice(engine.voices(), language).name == voice  # "en" is espeak-ng's name for British English


def test_a_toy_or_a_voice_for_private_use_is_not_heard_by_itself():
    voice = Voice("some", "v", "en_NZ", "v", "female", "CC0", "neural")
    assert native_voice([replace(voice, toy=True), replace(voice, commercial=False), voice], "en") is voice
    with pytest.raises(BadInput, match="no voice"):
        native_voice([replace(voice, toy=True), replace(voice, commercial=False)], "en")


def test_samples_are_played_in_turn_and_are_gone_afterwards(cli, engines, monkeypatch, tmp_path):
    programs = tmp_path / "bin"
    programs.mkdir()
    player = programs / "aplay"
    player.write_text(f'#!/bin/sh\necho "$2" >> {tmp_path}/played\ntest -s "$2"\n')
    player.chmod(player.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(programs))
    done = cli("check", "hey katya", "--play")
    assert done.code == 0
    assert [line.rsplit("-", 1)[1] for line in (tmp_path / "played").read_text().split()] == ["espeak.wav", "fake.wav"]
    assert done.err.splitlines() == ["espeak en-us", "fake ann"]
    assert "espeak: voice en-us, " in done.out
    assert ".wav" not in done.out


def test_without_a_player_the_verdict_comes_all_the_same(cli, engines, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = cli("check", "hey katya", "--play", "--json")
    assert done.code == 0
    assert "Nothing was played" in done.err
    assert "--out DIR" in done.err
    assert json.loads(done.out)["risk"]["level"] == "low"


@pytest.mark.parametrize(
    ("arguments", "kind", "reason"),
    [
        ([""], "BadInput", "empty"),
        (["  "], "BadInput", "empty"),
        (["?!"], "BadInput", "nothing to say"),
        (["привет катя"], "BadInput", "cyrillic"),
        (["hey katya", "--language", "klingonese"], "BadInput", "no language"),
        (["/h%/"], "CannotSpeak", "%"),
        (["hey katya " * 12], "BadInput", "phonemes long"),
    ],
)
def test_bad_input_is_an_error_with_a_hint(cli, arguments, kind, reason):
    done = cli("check", *arguments, "--json")
    error = json.loads(done.out)["error"]
    assert (done.code, error["kind"]) == (3, kind)
    assert reason in error["message"]
    assert error["hint"]


def test_a_phrase_must_be_given(cli):
    assert cli("check").code == 2


def test_a_folder_that_cannot_be_written_is_an_error(cli, engines, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = cli("check", "hey katya", "--out", str(tmp_path / "file"))
    assert done.code == 1
    assert "file" in done.err


def test_the_call_says_what_the_command_says(check):
    assert json.loads(json.dumps(wakegen.check_phrase("hey katya").to_json())) == check("hey katya")
