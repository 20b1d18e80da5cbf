"""Kokoro through the real library: a small model that the test makes, and the real one where it is installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from wakegen.core.errors import BadInput, CannotSpeak, NotInstalled
from wakegen.core.paths import voices_folder
from wakegen.engines.base import SpeechRequest
from wakegen.engines.kokoro import Kokoro
from wakegen.voices.catalogue import load

pytest.importorskip("kokoro_onnx")

from tests.engines.voice_files import put_kokoro

REAL = voices_folder()
PLAIN = SpeechRequest("hey katya", "af_bella")
STYLES = ("af_bella", "am_adam", "bf_emma", "ef_dora", "ff_siwis", "hf_alpha", "jf_alpha", "zf_xiaobei")
ALL = sorted(item.name for item in load() if item.engine == "kokoro" and not item.model)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of voices with a small model and eight styles."""
    monkeypatch.setenv("WAKEGEN_VOICES", str(tmp_path))
    put_kokoro(tmp_path, *STYLES)
    return tmp_path


@pytest.fixture
def engine(folder: Path) -> Iterator[Kokoro]:
    with Kokoro() as made:
        yield made


def said(engine: Kokoro, **changes: Any) -> NDArray[np.float32]:
    return engine.synthesize(replace(PLAIN, **changes)).samples


def test_a_clip_depends_on_text_voice_and_rate_alone(engine: Kokoro) -> None:
    changes: list[dict[str, Any]] = [{}, {"voice": "am_adam"}, {"text": "good morning"}, {"rate": 0.7}]
    forwards = [said(engine, **change) for change in changes]
    backwards = [said(engine, **change) for change in reversed(changes)][::-1]
    assert all(np.array_equal(a, b) for a, b in zip(forwards, backwards, strict=True))
    assert len({samples.tobytes() for samples in forwards}) == len(changes)
    assert np.array_equal(said(engine, seed=5), forwards[0])


def test_another_process_says_the_same(engine: Kokoro) -> None:
    code = (
        "import sys\nfrom wakegen.engines.base import SpeechRequest\nfrom wakegen.engines.kokoro import Kokoro\n"
        "with Kokoro() as engine:\n"
        "    speech = engine.synthesize(SpeechRequest('hey katya', 'af_bella+am_adam:0.35'))\n"
        "sys.stdout.buffer.write(speech.samples.tobytes())"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    assert there.stdout == said(engine, voice="af_bella+am_adam:0.35").tobytes()


def test_the_rate_divides_the_length(engine: Kokoro) -> None:
    plain = said(engine).size
    assert said(engine, rate=0.5).size == pytest.approx(2 * plain, rel=0.01)
    assert said(engine, rate=2.0).size == pytest.approx(plain / 2, rel=0.01)


def test_it_says_what_the_library_says(engine: Kokoro) -> None:
    said(engine)
    assert engine._library is not None
    style = np.fromfile(voices_folder() / "kokoro/styles/af_bella.bin", "<f4").reshape(510, 1, 256)
    bare, _ = engine._library.create("Hey Katya, good morning!", style, lang="en-us", trim=False)
    assert np.array_equal(said(engine, text="Hey Katya, good morning!"), bare)


def test_a_mixture_lies_between_its_parts(engine: Kokoro) -> None:
    # The test model's pitch is the style's number: 0.02 and 0.03 radians a sample for the same symbol.
    def pitch(voice: str) -> float:
        samples = said(engine, voice=voice)[:2400]
        return float(np.arccos(np.clip((samples[2:] + samples[:-2])[500] / (2 * samples[501]), -1, 1)))

    low, high = pitch("af_bella"), pitch("am_adam")
    assert pitch("af_bella+am_adam:0.25") == pytest.approx(low + 0.25 * (high - low), rel=0.02)
    assert pitch("am_adam+af_bella:0.25") == pytest.approx(high + 0.25 * (low - high), rel=0.02)


def test_languages_and_genders_are_those_of_the_names(engine: Kokoro) -> None:
    voices = {voice.name: voice for voice in engine.voices()}
    assert [voices[name].language for name in STYLES] == [
        "en-us", "en-us", "en-gb", "es", "fr", "hi", "ja", "cmn",
    ]  # fmt: skip
    assert voices["am_adam"].gender == "male"
    assert voices["zf_xiaobei"].gender == "female"


def test_sixty_mixtures_within_a_language_are_listed_and_always_the_same(folder: Path) -> None:
    assert len(ALL) == 54
    put_kokoro(folder, *ALL)
    voices = {voice.name: voice for voice in Kokoro().voices()}
    assert list(voices)[:54] == ALL
    mixtures = list(voices.values())[54:]
    assert len(mixtures) == 60
    for mixture in mixtures:
        first, _, rest = mixture.name.partition("+")
        second = voices[rest.partition(":")[0]]
        assert voices[first].language == second.language == mixture.language
        assert mixture.speaker == f"{voices[first].speaker}+{second.speaker}"
        assert mixture.gender == (second.gender if second.gender == voices[first].gender else "unknown")
    assert len({mixture.speaker for mixture in mixtures}) == 60
    # Which are listed does not depend on which other styles are there.
    (folder / "kokoro/styles/af_bella.bin").unlink()
    fewer = {voice.name for voice in Kokoro().voices()}
    assert fewer == {name for name in voices if "af_bella" not in name}


def test_a_listed_mixture_speaks(folder: Path) -> None:
    put_kokoro(folder, *ALL)
    with Kokoro() as engine:
        mixture = engine.voices()[-1]
        assert engine.synthesize(SpeechRequest("heɪ", mixture.name, ipa=True)).samples.any()


@pytest.mark.parametrize(
    ("voice", "near"),
    [
        ("af_bela", "af_bella"),
        ("af_bella+am_adm:0.5", "am_adam"),
        ("af_bella+am_adam", "STYLE+STYLE:WEIGHT"),
        ("af_bella+am_adam:0.99", "0.05 … 0.95"),
        ("af_bella+am_adam:nan", "0.05 … 0.95"),
        ("af_bella+af_bella:0.5", "STYLE+STYLE:WEIGHT"),
        ("../af_bella", "af_bella"),
    ],
)
def test_a_wrong_voice_is_an_error_that_names_the_right_form(engine: Kokoro, voice: str, near: str) -> None:
    with pytest.raises(BadInput) as caught:
        said(engine, voice=voice)
    assert near in caught.value.hint


BROKEN: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "cut short": ("af_sky", lambda path: path.write_bytes(bytes(1000)), "1000 bytes"),
    "of no language": ("qf_sky", lambda path: path.write_bytes(bytes(4 * 510 * 256)), "start with a language"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_style_is_left_out_with_its_reason(folder: Path, kind: str) -> None:
    name, spoil, reason = BROKEN[kind]
    spoil(folder / "kokoro/styles" / f"{name}.bin")
    with Kokoro() as engine:
        assert name not in {voice.name for voice in engine.voices()}
        assert reason in engine.problems[0]
        for voice in (name, f"af_bella+{name}:0.5"):
            with pytest.raises(BadInput, match=reason):
                said(engine, voice=voice)
        assert said(engine).any()


def test_a_style_that_holds_no_numbers_is_an_error(folder: Path) -> None:
    np.full(510 * 256, np.nan, "<f4").tofile(folder / "kokoro/styles/af_sky.bin")
    with Kokoro() as engine, pytest.raises(BadInput, match="NaN"):
        said(engine, voice="af_sky")


def test_without_the_model_there_are_no_voices(folder: Path) -> None:
    model = folder / "kokoro/kokoro-v1.0.int8.onnx"
    whole = model.read_bytes()
    for content, reason in ((None, "missing"), (whole[:-9], "cut short"), (b"<html>", "no ONNX model")):
        model.unlink(missing_ok=True)
        if content is not None:
            model.write_bytes(content)
        with Kokoro() as engine:
            assert engine.voices() == ()
            assert reason in engine.problems[0]
            with pytest.raises(NotInstalled, match=reason) as caught:
                said(engine)
            assert "wakegen voices pull kokoro" in caught.value.hint


def test_a_model_whose_speed_is_a_whole_number_is_refused(folder: Path) -> None:
    # The library would round every rate to 1 or 2.
    put_kokoro(folder, "af_bella", speed="int32")
    with Kokoro() as engine:
        with pytest.raises(BadInput, match="another kind"):
            said(engine, rate=1.3)
        assert engine.voices() == ()


@pytest.mark.parametrize(
    ("voice", "text"),
    [
        ("af_bella", ""),
        ("af_bella", "?!…"),
        ("af_bella", "привет"),
        ("af_bella", "hey 你好"),
        ("hf_alpha", "hey katya"),
        ("jf_alpha", "hey katya"),
        ("jf_alpha", "こんにちは"),
        ("zf_xiaobei", "你好"),
    ],
)
def test_what_the_voice_cannot_read_is_refused(engine: Kokoro, voice: str, text: str) -> None:
    with pytest.raises(CannotSpeak) as caught:
        said(engine, voice=voice, text=text)
    assert caught.value.hint


def test_voices_of_every_language_speak_ipa(engine: Kokoro) -> None:
    clips = [said(engine, voice=voice, text="heɪ ˈkɑtjə", ipa=True) for voice in STYLES]
    assert len({clip.tobytes() for clip in clips}) == len(STYLES)
    assert np.array_equal(clips[0], said(engine, text="heɪ kˈɑtjə", ipa=True))


def test_no_symbol_is_dropped(engine: Kokoro) -> None:
    # The vocabulary has no ɓ and no ʉ: the nearest sounds are said.
    lacking = said(engine, text="ɓʉ", ipa=True)
    assert np.array_equal(lacking, said(engine, text="bɨ", ipa=True))
    for text, symbol in (("hɛ★", "★"), ("ʘa", "ʘ"), ("кa", "к")):
        with pytest.raises(CannotSpeak, match=f"'{symbol}'"):
            said(engine, text=text, ipa=True)


def test_a_word_of_another_language_brings_no_flag_into_the_speech(engine: Kokoro) -> None:
    # espeak-ng writes "(en)wiːkˈɛnd(fr)", and the library would say "en" and "fr".
    said(engine)
    assert engine._library is not None
    assert "(en)" in engine._library.tokenizer.phonemize("weekend", "fr-fr")
    assert np.array_equal(
        said(engine, voice="ff_siwis", text="weekend"), said(engine, voice="ff_siwis", text="wiːkˈɛnd", ipa=True)
    )


@pytest.mark.skipif(not (REAL / "kokoro" / "styles").is_dir(), reason="wakegen voices pull kokoro")
def test_real_voices_say_the_phrase_in_the_time_a_person_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAKEGEN_VOICES", str(REAL))
    with Kokoro() as engine:
        voices = [voice.name for voice in engine.voices() if voice.language.startswith("en")]
        for voice in (voices[0], voices[-1]):
            first, second = (engine.synthesize(SpeechRequest("hey katya", voice)) for _ in range(2))
            assert 0.8 < first.samples.size / first.rate_hz < 2.5
            assert 0.1 < np.abs(first.samples).max() <= 1.0
            assert np.array_equal(first.samples, second.samples)
