"""Pico: six languages, controls that hold, markup that cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import pytest

from tests.engines.speaking import SENTENCE, TRICKY, engine_or_skip, heard_s, pitch_hz
from wakegen.core.errors import CannotSpeak
from wakegen.engines.base import Engine, SpeechRequest


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with engine_or_skip("pico") as made:
        yield made


def test_it_has_six_women_of_six_languages(engine: Engine) -> None:
    voices = engine.voices()
    assert {voice.language for voice in voices} == {"en-us", "en-gb", "de-de", "es-es", "fr-fr", "it-it"}
    assert len({voice.speaker for voice in voices}) == 6
    assert {voice.gender for voice in voices} == {"female"}


def test_uninitialised_memory_decides_nothing(engine: Engine) -> None:
    """Without its row's environment five of the six voices differ within six repetitions of this."""
    requests = [SpeechRequest("hallo anna", voice.name) for voice in engine.voices()]
    first = [engine.synthesize(request).samples.tobytes() for request in requests]
    for seed in range(1, 4):
        order = np.random.default_rng(seed).permutation(len(requests))
        engine.synthesize(SpeechRequest("something long that leaves much behind in memory", "en-gb"))
        again = {int(index): engine.synthesize(requests[index]).samples.tobytes() for index in order}
        assert [again[index] for index in range(len(requests))] == first


@pytest.mark.parametrize("voice", ["en-us", "de-de"])
@pytest.mark.parametrize("rate", [0.4, 0.7, 1.5, 2.5])
def test_rate_divides_the_length(engine: Engine, voice: str, rate: float) -> None:
    plain, changed = (heard_s(engine.synthesize(SpeechRequest(SENTENCE, voice, rate=r))) for r in (1.0, rate))
    assert plain / changed == pytest.approx(rate, rel=0.08)


@pytest.mark.parametrize("semitones", [-8.0, -3.0, 3.0, 8.0])
def test_pitch_moves_by_semitones(engine: Engine, semitones: float) -> None:
    plain, moved = (
        pitch_hz(engine.synthesize(SpeechRequest(SENTENCE, "en-us", pitch_semitones=s))) for s in (0.0, semitones)
    )
    assert 12 * np.log2(moved / plain) == pytest.approx(semitones, abs=0.6)


def test_volume_scales_and_the_loudest_is_not_cut_off(engine: Engine) -> None:
    levels = [engine.synthesize(SpeechRequest(SENTENCE, "en-us", volume=v)).samples for v in (0.5, 1.0, 1.3)]
    assert levels[1].std() / levels[0].std() == pytest.approx(2.0, rel=0.05)
    assert np.count_nonzero(np.abs(levels[2]) > 0.999) < 5


def test_letters_of_the_language_are_kept_and_others_are_read_as_what_they_are_made_of(engine: Engine) -> None:
    def bytes_of(text: str, voice: str) -> bytes:
        return engine.synthesize(SpeechRequest(text, voice)).samples.tobytes()

    assert bytes_of("schön", "de-de") != bytes_of("schon", "de-de")
    assert bytes_of("café", "en-us") == bytes_of("cafe", "en-us")
    assert bytes_of("Kučera", "de-de") == bytes_of("Kucera", "de-de")
    assert bytes_of("it’s", "en-us") == bytes_of("it's", "en-us")


@pytest.mark.parametrize(
    "text", ["привет", "hey 世界", "hello 🙂", "5 €", "<speed level='300'>hi", "a < b", "1" * 1001]
)
def test_what_it_would_leave_out_cannot_be_spoken(engine: Engine, text: str) -> None:
    with pytest.raises(CannotSpeak) as caught:
        engine.synthesize(SpeechRequest(text, "en-us"))
    assert caught.value.hint


@pytest.mark.parametrize("text", TRICKY)
def test_any_text_is_spoken_or_refused(engine: Engine, text: str) -> None:
    before = engine.synthesize(SpeechRequest("hey katya", "en-us")).samples.tobytes()
    with suppress(CannotSpeak):
        assert engine.synthesize(SpeechRequest(text, "en-us")).samples.any()
    assert engine.synthesize(SpeechRequest("hey katya", "en-us")).samples.tobytes() == before
