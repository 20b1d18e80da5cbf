"""espeak-ng as an engine: names, controls as heard, languages, arbitrary text."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from wakegen.core.errors import BadInput, CannotSpeak, EngineError
from wakegen.engines.base import Speech, SpeechRequest
from wakegen.engines.espeak import Espeak, pitch_value


@pytest.fixture(scope="module")
def engine() -> Iterator[Espeak]:
    with Espeak() as made:
        yield made


def f0_hz(speech: Speech) -> float:
    """The median pitch over loud frames, by autocorrelation."""
    found = []
    for start in range(0, speech.samples.size - 1024, 512):
        frame: NDArray[np.float64] = speech.samples[start : start + 1024].astype(np.float64)
        if frame.std() < 0.04:
            continue
        likeness = np.correlate(frame, frame, "full")[1023:]
        low, high = speech.rate_hz // 420, speech.rate_hz // 45
        lag = low + int(likeness[low:high].argmax())
        if likeness[lag] > 0.5 * likeness[0]:
            found.append(speech.rate_hz / lag)
    return float(np.median(found))


def seconds(speech: Speech) -> float:
    return speech.samples.size / speech.rate_hz


def test_voices_are_all_languages_times_all_variants(engine: Espeak) -> None:
    voices = engine.voices()
    assert len(voices) > 14_000
    by_name = {voice.name: voice for voice in voices}
    assert by_name["en-us+f3"].gender == "female"
    assert by_name["en-us+m2"].gender == "male"
    assert by_name["en-us"].speaker == "default"
    assert by_name["de+klatt2"].kind == "klatt"
    assert by_name["en"].language == "en-gb"
    assert by_name["en-us+whisper"].toy
    assert by_name["en-us+robosoft3"].toy
    assert not by_name["en-us+Annie"].toy
    assert by_name["en-us+f3"].speaker == by_name["de+f3"].speaker


def test_a_bcp47_tag_is_another_name_for_the_same_voice(engine: Espeak) -> None:
    named, tagged = (engine.synthesize(SpeechRequest("hello", voice)) for voice in ("en+f3", "en-GB+F3"))
    assert named.samples.tobytes() == tagged.samples.tobytes()


@pytest.mark.parametrize(("voice", "nearest"), [("en-us+f33", "en-us+f3"), ("en-uss", "en-us"), ("dee+f3", "de")])
def test_a_wrong_voice_names_the_nearest(engine: Espeak, voice: str, nearest: str) -> None:
    with pytest.raises(BadInput) as caught:
        engine.synthesize(SpeechRequest("hello", voice))
    assert nearest in caught.value.hint


@pytest.mark.parametrize("variant", ["", "+m3", "+f1", "+f5"])
@pytest.mark.parametrize("semitones", [-6.5, -3.0, 3.0, 8.0])
def test_pitch_moves_by_semitones(engine: Espeak, variant: str, semitones: float) -> None:
    text = "hey katya going home now"
    plain, moved = (
        f0_hz(engine.synthesize(SpeechRequest(text, f"en-us{variant}", pitch_semitones=shift)))
        for shift in (0.0, semitones)
    )
    # One semitone: the share of the pitch that moves differs between voices by a tenth.
    assert abs(12 * np.log2(moved / plain) - semitones) < 1.0


def test_pitch_values_rise_and_the_middle_is_neutral() -> None:
    values = [pitch_value(semitones) for semitones in (-7, -3, 0, 3, 8.5)]
    assert values == sorted(set(values))
    assert values[2] == 50


def test_rate_and_pauses_set_the_length(engine: Espeak) -> None:
    def length(**controls: float) -> float:
        return seconds(engine.synthesize(SpeechRequest("hey katya", "en-us", **controls)))  # type: ignore[arg-type]

    assert length(rate=0.6) > 1.5 * length() > 1.5 * 1.5 * length(rate=2.0)
    added = [length(pause_s=pause) - length() for pause in (0.1, 0.3)]
    assert added[1] - added[0] == pytest.approx(0.2, abs=0.02)
    with pytest.raises(BadInput, match="rate"):
        length(rate=0.42)


@pytest.mark.parametrize("ipa", [False, True])
@pytest.mark.parametrize("word", [0, 1])
def test_a_stressed_word_is_louder(engine: Espeak, word: int, ipa: bool) -> None:
    text = "heɪ kɑtjə" if ipa else "hey katya"
    plain, stressed = (
        engine.synthesize(SpeechRequest(text, "en-us+f2", ipa=ipa, emphasis=index)) for index in (-1, word)
    )
    assert stressed.samples.std() > 1.15 * plain.samples.std()


def test_volume_scales_the_level(engine: Espeak) -> None:
    half, full = (engine.synthesize(SpeechRequest("hey katya", "en-us", volume=v)).samples.std() for v in (0.5, 1.0))
    assert full / half == pytest.approx(2.0, rel=0.1)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Hallo Straße"), ("fr", "bonjour Chloé"), ("es", "hola Jiménez"), ("tr", "merhaba ığdır"),
        ("ru", "эй катя"), ("uk", "привіт"), ("el", "γειά σου"), ("ar", "مرحبا"), ("he", "שלום"), ("hi", "नमस्ते"),
        ("cmn", "你好小明"), ("zh", "你好小明"), ("ja", "こんにちは"), ("ja", "アレクサ"), ("ko", "안녕하세요"), ("pl", "cześć"),
        ("vi", "xin chào"), ("th", "สวัสดี"), ("pt-br", "olá amigo"), ("ka", "გამარჯობა"),
    ],
)  # fmt: skip
def test_a_phrase_in_its_own_language_and_script_is_spoken(engine: Espeak, language: str, text: str) -> None:
    plain = engine.synthesize(SpeechRequest(text, f"{language}+f2"))
    assert 0.3 < seconds(plain) < 2.5
    assert engine.synthesize(SpeechRequest(text, f"{language}+f2", pause_s=0.1, emphasis=0)).samples.any()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en-us", "你好"),
        ("en-us", "привет"),
        ("ru", "hey катя"),
        ("ja", "東京"),
        ("cmn", "hello"),
        ("de", "γειά"),
        ("hi", "hello"),
    ],
)
def test_a_foreign_script_cannot_be_spoken(engine: Espeak, language: str, text: str) -> None:
    with pytest.raises(CannotSpeak) as caught:
        engine.synthesize(SpeechRequest(text, language))
    assert "IPA" in caught.value.hint
    assert language in str(caught.value)


def test_markup_in_a_text_is_text(engine: Espeak) -> None:
    plain = engine.synthesize(SpeechRequest("tom & jerry", "en-us"))
    marked = engine.synthesize(SpeechRequest("tom & jerry", "en-us", pause_s=0.001))
    assert abs(seconds(marked) - seconds(plain)) < 0.3
    assert engine.synthesize(SpeechRequest("a <break/> b", "en-us", pause_s=0.1)).samples.any()
    assert engine.synthesize(SpeechRequest("[[h'eI]]", "en-us")).samples.any()


def test_ipa_is_spoken_with_the_accent_of_the_voice(engine: Espeak) -> None:
    for language in ("en-us", "de", "ja", "ru", "cmn", "es"):
        speech = engine.synthesize(SpeechRequest("/heɪ ˈkɑtjə/", f"{language}+f2", ipa=True))
        assert 0.3 < seconds(speech) < 2.0
    with pytest.raises(CannotSpeak, match="Ж"):
        engine.synthesize(SpeechRequest("heЖ", "en-us", ipa=True))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(max_size=25),
    voice=st.sampled_from(("en-us+f3", "ru+m1", "cmn", "ja+klatt2", "ar", "de", "kl", "vi")),
    ipa=st.booleans(),
    pause_s=st.sampled_from((0.0, 0.1)),
)
def test_any_text_is_spoken_or_refused(engine: Espeak, text: str, voice: str, ipa: bool, pause_s: float) -> None:
    try:
        speech = engine.synthesize(SpeechRequest(text, voice, ipa=ipa, pause_s=pause_s))
    except EngineError:  # CannotSpeak is one
        return
    assert np.isfinite(speech.samples).all()
    assert speech.samples.size > 0


def test_a_core_makes_thousands_of_clips_a_minute() -> None:
    voices = ("en-us+f3", "en-us+m2", "de+klatt2", "fr+f1", "en-us+Annie")
    count = 400
    before = sum(os.times()[:4])
    with Espeak() as engine:
        for index in range(count):
            request = SpeechRequest("hey katya", voices[index % 5], rate=0.8 + index / count, seed=index)
            engine.synthesize(request)
    spent_s = sum(os.times()[:4]) - before  # of this process and of those that it has waited for
    assert 60 * count / spent_s > 8_000
