"""festival: texts stay strings, its death is an error, clips do not depend on what came before."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress

import psutil
import pytest

from tests.engines.speaking import SENTENCE, TRICKY, engine_or_skip, heard_s
from wakegen.core.errors import CannotSpeak, EngineError
from wakegen.engines import festival, table
from wakegen.engines.base import Engine, SpeechRequest
from wakegen.engines.festival import Festival

VOICES = ("cmu_us_slt_arctic_hts", "kal_diphone", "ked_diphone")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with engine_or_skip("festival") as made:
        if len(made.voices()) < 3:
            pytest.skip(f"needs its three voices: {table.row('festival').install}")
        yield made


def test_its_voices_are_three_people_two_of_whom_flite_has_too(engine: Engine) -> None:
    assert tuple(voice.name for voice in engine.voices()) == VOICES
    assert [voice.speaker for voice in engine.voices()] == ["cmu slt", "kal", "ked"]
    assert engine.version[0].isdigit()


def test_it_is_kept_out_of_training() -> None:
    assert not table.row("festival").trains


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("rate", [0.5, 1.4, 2.0])
def test_rate_divides_the_length(engine: Engine, voice: str, rate: float) -> None:
    plain, changed = (heard_s(engine.synthesize(SpeechRequest(SENTENCE, voice, rate=r))) for r in (1.0, rate))
    assert plain / changed == pytest.approx(rate, rel=0.08)


def test_a_rate_does_not_stay_for_the_next_clip(engine: Engine) -> None:
    for voice in VOICES:
        plain = engine.synthesize(SpeechRequest("hey katya", voice)).samples.tobytes()
        engine.synthesize(SpeechRequest("hey katya", voice, rate=2.0))
        assert engine.synthesize(SpeechRequest("hey katya", voice)).samples.tobytes() == plain


@pytest.mark.parametrize("text", TRICKY)
def test_a_text_is_never_a_command(engine: Engine, text: str) -> None:
    before = engine.synthesize(SpeechRequest("hey katya", "kal_diphone")).samples.tobytes()
    with suppress(CannotSpeak):
        assert engine.synthesize(SpeechRequest(text, "kal_diphone")).samples.any()
    assert engine.synthesize(SpeechRequest("hey katya", "kal_diphone")).samples.tobytes() == before


@pytest.mark.parametrize("text", ["привет", "hey 世界", "hello 🙂", "5 €"])
def test_what_would_end_festival_is_refused_before(engine: Engine, text: str) -> None:
    with pytest.raises(CannotSpeak):
        engine.synthesize(SpeechRequest(text, "kal_diphone"))


def processes() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if one.name() == "festival"]


def test_a_festival_that_was_ended_is_started_again(engine: Engine) -> None:
    with Festival() as own:
        others = set(processes())
        plain = own.synthesize(SpeechRequest("hey katya", "ked_diphone")).samples.tobytes()
        (process,) = set(processes()) - others
        os.kill(process.pid, signal.SIGKILL)
        process.wait(5)
        assert own.synthesize(SpeechRequest("hey katya", "ked_diphone")).samples.tobytes() == plain
        (process,) = set(processes()) - others
    assert not process.is_running()


def program(folder, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (folder / "festival").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "festival").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


# A program that lists a voice as festival does, and misbehaves when it is asked for a clip.
LISTS = """while read line; do case "$line" in *voice.list*) echo "(kal_diphone)";; *utt.synth*) {};; *begin*) printf '\\nwakegen: done\\n';; esac; done"""


@pytest.mark.parametrize(
    ("does", "told"),
    [
        ("kill -SEGV $$", "SIGSEGV"),
        ("echo 'SIOD ERROR: no such thing'", "SIOD ERROR: no such thing"),
        ("echo not a wave > $(ls)", "no WAV file"),
        ("sleep 60", "took too long"),
        ("exec head -c 3000000 /dev/zero", "more than"),
    ],
)
def test_misbehaviour_is_an_error_that_says_so(tmp_path, monkeypatch: pytest.MonkeyPatch, does: str, told: str) -> None:
    program(tmp_path, monkeypatch, LISTS.format(does))
    (tmp_path / "clips").mkdir()
    monkeypatch.setattr(festival.tempfile, "tempdir", str(tmp_path / "clips"))
    monkeypatch.setattr(festival, "_DEADLINE_S", 1.5)
    with Festival() as engine, pytest.raises(EngineError, match=told) as caught:
        engine.synthesize(SpeechRequest("hey katya", "kal_diphone"))
    assert "hey katya" in str(caught.value) or "kal_diphone" in str(caught.value)
    assert caught.value.hint


def test_it_leaves_no_file_behind_though_nobody_closes_it(tmp_path, monkeypatch) -> None:
    engine_or_skip("festival")
    monkeypatch.setattr(festival.tempfile, "tempdir", str(tmp_path))
    engine = Festival()
    voice = engine.voices()[0].name
    assert engine.synthesize(SpeechRequest("hey katya", voice)).samples.any()
    assert list(tmp_path.iterdir()) == []
    engine.__exit__()
