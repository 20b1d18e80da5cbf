"""One suite over every row of the engine table."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from wakegen.core.errors import BadInput, CannotSpeak, EngineError
from wakegen.core.executor import Processes
from wakegen.engines import table
from wakegen.engines.base import NEUTRAL, RANGES, Engine, Speech, SpeechRequest
from wakegen.engines.table import ENGINES, EngineRow

PHRASE = "hey katya"
CHANGES = {
    "rate": 1.3,
    "pitch_semitones": 3.0,
    "pitch_range": 0.3,
    "volume": 0.5,
    "emphasis": 1,
    "pause_s": 0.2,
}


@pytest.fixture(scope="module", params=ENGINES, ids=lambda row: row.name)
def row(request: pytest.FixtureRequest) -> EngineRow:
    found: EngineRow = request.param
    status = table.status(found.name)
    if not status.available:
        pytest.skip(f"{found.name}: {status.reason}. {status.install}")
    return found


@pytest.fixture(scope="module")
def engine(row: EngineRow) -> Iterator[Engine]:
    with table.load(row.name) as made:
        yield made


def english_voice(engine: Engine) -> str:
    return next(voice.name for voice in engine.voices() if voice.language.startswith("en") and not voice.toy)


def digest(speech: Speech) -> str:
    return hashlib.sha256(speech.samples.tobytes()).hexdigest()


def digest_of(task: tuple[str, SpeechRequest]) -> str:
    name, request = task
    with table.load(name) as engine:
        return digest(engine.synthesize(request))


def requests_of(row: EngineRow, engine: Engine) -> list[SpeechRequest]:
    """Give two texts for each of four English voices; for one alone where a clip takes half a second."""
    voices = [voice.name for voice in engine.voices() if voice.language.startswith("en") and not voice.toy]
    few = voices[: 4 if row.cpu_per_s < 0.3 else 1]
    return [SpeechRequest(text, voice, seed=7) for text in (PHRASE, "good morning") for voice in few]


def test_speech_is_finite_float32_mono_at_the_rate_of_the_row(row: EngineRow, engine: Engine) -> None:
    speech = engine.synthesize(SpeechRequest(PHRASE, english_voice(engine)))
    assert speech.samples.dtype == np.float32
    assert speech.samples.ndim == 1
    assert speech.rate_hz == row.rate_hz or (not row.rate_hz and 8000 <= speech.rate_hz <= 48_000)
    assert np.isfinite(speech.samples).all()
    assert 0.01 < np.abs(speech.samples).max() <= 1.0
    assert 0.2 < speech.samples.size / speech.rate_hz < 3.0


def test_voices_have_unique_names_and_their_order_is_fixed(row: EngineRow, engine: Engine) -> None:
    voices = engine.voices()
    assert len({voice.name for voice in voices}) == len(voices)
    assert voices == engine.voices()
    with table.load(row.name) as another:
        assert another.voices() == voices
        assert another.version == engine.version != ""


def test_a_voice_says_who_speaks_what_under_which_licence(row: EngineRow, engine: Engine) -> None:
    for voice in engine.voices():
        assert voice.engine == row.name
        assert voice.gender in ("male", "female", "unknown")
        assert voice.language == voice.language.lower()
        assert all((voice.name, voice.language, voice.speaker, voice.licence, voice.kind))


@pytest.mark.parametrize("name", ["espeak", "fake"])
def test_the_engines_that_speak_alone_have_speakers_for_three_splits(name: str) -> None:
    with table.load(name) as engine:
        assert len({voice.speaker for voice in engine.voices() if not voice.toy}) >= 3


def test_a_request_gives_the_same_bytes_in_any_order(row: EngineRow, engine: Engine) -> None:
    if not row.repeatable:
        pytest.skip(f"{row.name} does not promise to repeat itself")
    requests = requests_of(row, engine)
    first = [digest(engine.synthesize(request)) for request in requests]
    backwards = [digest(engine.synthesize(request)) for request in reversed(requests)]
    assert first == backwards[::-1]


def test_two_engines_at_once_give_the_same_bytes(row: EngineRow, engine: Engine) -> None:
    if not row.repeatable:
        pytest.skip(f"{row.name} does not promise to repeat itself")
    with table.load(row.name) as other:
        for request in requests_of(row, engine):
            changed = replace(request, text="something else in between")
            here, _, there = engine.synthesize(request), other.synthesize(changed), other.synthesize(request)
            assert digest(here) == digest(there)


def test_two_workers_give_the_same_bytes_as_none(row: EngineRow, engine: Engine) -> None:
    if not row.repeatable:
        pytest.skip(f"{row.name} does not promise to repeat itself")
    tasks = [(row.name, request) for request in requests_of(row, engine)]
    with Processes(2) as workers:
        assert list(workers.map(digest_of, tasks)) == [digest(engine.synthesize(request)) for _, request in tasks]


def test_another_process_gives_the_same_bytes(row: EngineRow, engine: Engine) -> None:
    if not row.repeatable:
        pytest.skip(f"{row.name} does not promise to repeat itself")
    voice = english_voice(engine)
    code = (
        "import hashlib\nfrom wakegen.engines import table\nfrom wakegen.engines.base import SpeechRequest\n"
        f"with table.load({row.name!r}) as engine:\n"
        f"    speech = engine.synthesize(SpeechRequest({PHRASE!r}, {voice!r}, seed=3))\n"
        "print(hashlib.sha256(speech.samples.tobytes()).hexdigest())"
    )
    engine.synthesize(SpeechRequest("something else before", voice))
    here = digest(engine.synthesize(SpeechRequest(PHRASE, voice, seed=3)))
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert there.stdout.strip() == here


@pytest.mark.parametrize("control", sorted(CHANGES))
def test_a_control_changes_the_audio_or_is_refused(row: EngineRow, engine: Engine, control: str) -> None:
    plain = SpeechRequest(PHRASE, english_voice(engine))
    changed = replace(plain, **{control: CHANGES[control]})
    if control in row.controls:
        assert digest(engine.synthesize(changed)) != digest(engine.synthesize(plain))
    else:
        with pytest.raises(BadInput, match=control):
            engine.synthesize(changed)


@pytest.mark.parametrize("control", sorted(RANGES))
def test_a_control_out_of_range_is_an_error(row: EngineRow, engine: Engine, control: str) -> None:
    low, high = table.reach(row.name, control)
    for value in (low - 1, high + 1):
        with pytest.raises(BadInput) as caught:
            engine.synthesize(replace(SpeechRequest(PHRASE, english_voice(engine)), **{control: value}))
        assert caught.value.hint
    assert RANGES[control][0] <= low <= NEUTRAL[control] <= high <= RANGES[control][1]


def test_ipa_is_spoken_or_refused(row: EngineRow, engine: Engine) -> None:
    request = SpeechRequest("heɪ ˈkɑtjə", english_voice(engine), ipa=True)
    if "ipa" in row.controls:
        assert digest(engine.synthesize(request)) != digest(engine.synthesize(replace(request, text="ɡʊd ˈmɔnɪŋ")))
    else:
        with pytest.raises(BadInput, match="IPA"):
            engine.synthesize(request)


def test_an_unknown_voice_is_an_error_that_names_the_nearest(engine: Engine) -> None:
    voice = english_voice(engine)
    with pytest.raises(BadInput) as caught:
        engine.synthesize(SpeechRequest(PHRASE, voice + "q"))
    assert voice[:2] in caught.value.hint


@pytest.mark.parametrize("text", ["", "   ", "?!…", "\x00\x07"])
def test_nothing_to_say_cannot_be_spoken(engine: Engine, text: str) -> None:
    with pytest.raises(CannotSpeak) as caught:
        engine.synthesize(SpeechRequest(text, english_voice(engine)))
    assert caught.value.hint


def test_the_errors_of_an_engine_are_told_apart(engine: Engine) -> None:
    assert issubclass(CannotSpeak, EngineError)
    with pytest.raises(BadInput):
        engine.synthesize(SpeechRequest(PHRASE, english_voice(engine), emphasis=9))
