"""flite: five voices, a rate that holds, texts that are texts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engines.speaking import SENTENCE, TRICKY, engine_or_skip, heard_s
from wakegen.core.errors import CannotSpeak, EngineError, NotInstalled
from wakegen.engines.base import Engine, SpeechRequest
from wakegen.engines.flite import Flite

VOICES = ("awb", "kal", "kal16", "rms", "slt")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with engine_or_skip("flite") as made:
        yield made


def test_it_has_five_voices_of_four_people(engine: Engine) -> None:
    speakers = {voice.name: voice.speaker for voice in engine.voices()}
    assert tuple(speakers) == VOICES
    assert speakers["kal"] == speakers["kal16"] == "kal"
    assert speakers["slt"] == "cmu slt"
    assert engine.version[0].isdigit()


def test_every_voice_sounds_otherwise(engine: Engine) -> None:
    clips = [engine.synthesize(SpeechRequest("hey katya", voice)).samples.tobytes() for voice in VOICES]
    assert len(set(clips)) == 5


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("rate", [0.5, 1.4, 2.0])
def test_rate_divides_the_length(engine: Engine, voice: str, rate: float) -> None:
    plain, changed = (heard_s(engine.synthesize(SpeechRequest(SENTENCE, voice, rate=r))) for r in (1.0, rate))
    assert plain / changed == pytest.approx(rate, rel=0.05)


@pytest.mark.parametrize("text", ["привет", "hey 世界", "hello 🙂", "5 €"])
def test_what_it_would_leave_out_cannot_be_spoken(engine: Engine, text: str) -> None:
    with pytest.raises(CannotSpeak) as caught:
        engine.synthesize(SpeechRequest(text, "slt"))
    assert caught.value.hint


def test_letters_with_accents_are_read_as_plain_ones(engine: Engine) -> None:
    accented, plain = (engine.synthesize(SpeechRequest(text, "slt")).samples for text in ("Zoë café", "Zoe cafe"))
    assert accented.tobytes() == plain.tobytes()


@pytest.mark.parametrize("text", TRICKY)
def test_a_text_is_never_an_option(engine: Engine, text: str) -> None:
    try:
        speech = engine.synthesize(SpeechRequest(text, "slt"))
    except CannotSpeak:
        return
    assert 0.1 < heard_s(speech) < 4


def program(folder, text: str) -> None:
    (folder / "flite").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "flite").chmod(0o755)


def test_a_program_that_crashes_or_gives_no_sound_is_an_error(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    program(tmp_path, 'case "$1" in -lv) echo "Voices available: kal slt";; *) kill -SEGV $$;; esac')
    with Flite() as engine, pytest.raises(EngineError, match=r"flite crashed.*slt.*hey katya"):
        engine.synthesize(SpeechRequest("hey katya", "slt"))
    program(tmp_path, "echo Voices available: kal slt")
    with Flite() as engine, pytest.raises(EngineError, match="no WAV file"):
        engine.synthesize(SpeechRequest("hey katya", "slt"))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NotInstalled):
        Flite().voices()
