"""Piper through the real library: small voices that the test makes, and the real ones where they are installed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from wakegen.core.errors import BadInput, CannotSpeak, EngineError, NotInstalled
from wakegen.core.paths import voices_folder
from wakegen.engines.base import SpeechRequest
from wakegen.engines.piper import Piper

pytest.importorskip("piper")

from tests.engines.voice_files import piper_config, piper_model, put_piper

REAL = voices_folder()
PLAIN = SpeechRequest("hey katya", "en_US-ann-low", seed=3)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of voices with one in it."""
    monkeypatch.setenv("WAKEGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("WAKEGEN_VOICES", str(tmp_path / "voices"))
    put_piper(tmp_path / "voices", "en_US-ann-low")
    return tmp_path / "voices"


@pytest.fixture
def engine(folder: Path) -> Iterator[Piper]:
    with Piper() as made:
        yield made


def said(engine: Piper, request: SpeechRequest = PLAIN, **changes: Any) -> NDArray[np.float32]:
    return engine.synthesize(replace(request, **changes)).samples


def test_the_library_alone_does_not_repeat_itself(folder: Path) -> None:
    # Else the tests below would hold for a model that draws nothing.
    from piper import PiperVoice

    voice = PiperVoice.load(folder / "piper" / "en_US-ann-low.onnx")
    first, second = (next(iter(voice.synthesize("hey katya"))).audio_float_array for _ in range(2))
    assert not np.array_equal(first, second)


def test_a_clip_depends_on_its_request_and_on_no_other(engine: Piper) -> None:
    requests = [replace(PLAIN, text=text, seed=seed) for text in ("hey katya", "one. Two. Three") for seed in range(4)]
    forwards = [said(engine, request) for request in requests]
    backwards = [said(engine, request) for request in reversed(requests)][::-1]
    assert all(np.array_equal(a, b) for a, b in zip(forwards, backwards, strict=True))
    assert len({samples.tobytes() for samples in forwards}) == len(requests)


def test_another_process_says_the_same(engine: Piper) -> None:
    code = (
        "import sys\nfrom wakegen.engines.base import SpeechRequest\nfrom wakegen.engines.piper import Piper\n"
        "with Piper() as engine:\n"
        "    speech = engine.synthesize(SpeechRequest('hey katya', 'en_US-ann-low', seed=3))\n"
        "sys.stdout.buffer.write(speech.samples.tobytes())"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    assert there.stdout == said(engine).tobytes()


def test_without_noise_the_patched_model_gives_what_the_library_gives(folder: Path) -> None:
    from piper import PiperVoice, SynthesisConfig

    from wakegen.core.seeds import stream
    from wakegen.engines.vits import VitsModel

    path = folder / "piper" / "en_US-ann-low.onnx"
    bare = PiperVoice.load(path)
    ids = bare.phonemes_to_ids(bare.phonemize("hey katya")[0])
    theirs = bare.phoneme_ids_to_audio(ids, SynthesisConfig(length_scale=1.2, noise_scale=0, noise_w_scale=0))
    ours = VitsModel(path).speak(ids, scales=(0.0, 1.2, 0.0), speaker=0, rng=stream(0, "t"))
    assert np.array_equal(ours, theirs)


def test_both_kinds_of_noise_are_drawn_anew_for_each_seed(engine: Piper) -> None:
    from wakegen.core.seeds import stream
    from wakegen.engines.vits import VitsModel

    model = VitsModel(voices_folder() / "piper" / "en_US-ann-low.onnx")
    heard = {}
    for scales in ((0.0, 1.0, 0.0), (1.0, 1.0, 0.0), (0.0, 1.0, 1.0)):
        clips = [model.speak([1, 0, 20, 0, 2], scales=scales, speaker=0, rng=stream(s, "t")) for s in (1, 2, 1)]
        assert np.array_equal(clips[0], clips[2])
        heard[scales] = not np.array_equal(clips[0], clips[1])
    assert list(heard.values()) == [False, True, True]


def test_noise_is_standard_normal_and_the_nodes_share_no_number(tmp_path: Path, folder: Path) -> None:
    from wakegen.core.seeds import stream
    from wakegen.engines.vits import VitsModel

    model = VitsModel(folder / "piper" / "en_US-ann-low.onnx")
    loud, quiet = (
        model.speak([20] * 50, scales=(scale, 1.0, 0.0), speaker=0, rng=stream(0, "t")) for scale in (1.0, 0.0)
    )
    hiss = (loud - quiet) / (0.5 * 0.02)  # the test model's own gains
    assert abs(hiss.mean()) < 0.03  # 25,600 numbers: five standard errors
    assert hiss.std() == pytest.approx(1, abs=0.03)
    drawn = stream(0, "t").standard_normal(hiss.size + 50, np.float32)
    assert np.allclose(hiss, drawn[50:], atol=1e-3)  # the first fifty went into the pitch of the symbols


def test_the_rate_divides_the_length(engine: Piper) -> None:
    plain = said(engine).size
    assert said(engine, rate=0.8).size == pytest.approx(plain / 0.8, rel=0.01)
    assert said(engine, rate=1.6).size == pytest.approx(plain / 1.6, rel=0.01)


def test_a_voice_keeps_its_level_and_one_that_is_too_loud_is_turned_down(folder: Path) -> None:
    put_piper(folder, "en_US-loud-low", model=piper_model(gain=3))
    with Piper() as engine:
        assert 0.45 < np.abs(said(engine)).max() < 0.6
        loud = said(engine, voice="en_US-loud-low")
    assert np.abs(loud).max() == 1.0
    assert (np.abs(loud) > 0.999).mean() < 0.05  # turned down, not cut off


def test_speakers_of_one_file_are_named_and_sound_apart(folder: Path) -> None:
    config = piper_config(speakers=3, speaker_id_map={"p12": 1, "p7": 0})
    put_piper(folder, "de_DE-many-low", config=config | {"espeak": {"voice": "de"}}, speakers=3)
    with Piper() as engine:
        voices = [voice for voice in engine.voices() if voice.name.startswith("de")]
        assert [voice.name for voice in voices] == ["de_DE-many-low#p7", "de_DE-many-low#p12", "de_DE-many-low#2"]
        assert [voice.speaker for voice in voices] == ["many#p7", "many#p12", "many#2"]
        assert {voice.language for voice in voices} == {"de"}
        clips = {said(engine, voice=voice.name).tobytes() for voice in voices}
        assert len(clips) == 3
        for wrong in ("de_DE-many-low", "de_DE-many-low#", "de_DE-many-low#p8", "en_US-ann-low#0", "en_US-ann-low#"):
            with pytest.raises(BadInput, match="no voice") as caught:
                said(engine, voice=wrong)
            assert wrong[:5] in caught.value.hint


def test_hundreds_of_speakers_are_listed_without_loading_the_model(folder: Path) -> None:
    put_piper(folder, "en_US-crowd-low", config=piper_config(speakers=904), speakers=904)
    code = (
        "import sys\nfrom wakegen.engines.piper import Piper\nwith Piper() as engine:\n"
        "    print(len(engine.voices()), 'onnxruntime' in sys.modules)"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert there.stdout.split() == ["905", "False"]
    start = time.monotonic()
    Piper().voices()
    assert time.monotonic() - start < 1


def test_a_file_of_ones_own_speaks_and_its_licence_is_said_to_be_unknown(engine: Piper) -> None:
    (voice,) = engine.voices()
    assert (voice.licence, voice.commercial, voice.gender) == ("unknown", True, "unknown")
    assert (voice.speaker, voice.language, voice.kind) == ("ann", "en-us", "neural")


def test_a_voice_of_the_catalogue_is_what_the_catalogue_says(folder: Path) -> None:
    put_piper(folder, "en_US-joe-medium")
    with Piper() as engine:
        voice = engine.voices()[1]
    assert (voice.licence, voice.speaker, voice.gender, voice.commercial) == ("CC0-1.0", "joe", "male", True)


def _without(key: str) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        config = piper_config()
        del config[key]
        path.with_name("bad.onnx.json").write_text(json.dumps(config))

    return spoil


def _with(**changes: Any) -> Callable[[Path], None]:
    return lambda path: path.with_name("bad.onnx.json").write_text(json.dumps(piper_config(**changes))) and None


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "a JSON without sample rate": (_with(audio={}), "audio.sample_rate"),
    "a JSON without symbols": (_without("phoneme_id_map"), "phoneme_id_map"),
    "a JSON without espeak": (_without("espeak"), "espeak.voice"),
    "symbols without a pad": (_with(phoneme_id_map={"^": [1], "$": [2]}), "lacks '_'"),
    "a symbol with a number out of reach": (_with(num_symbols=9), "below 9"),
    "a speaker out of reach": (_with(speaker_id_map={"bea": 1}), "speaker_id_map"),
    "another reader": (_with(phoneme_type="pinyin"), "pinyin"),
    "a JSON that is none": (lambda path: path.with_name("bad.onnx.json").write_text("<html>"), "no JSON"),
    "a JSON that is a list": (lambda path: path.with_name("bad.onnx.json").write_text("[]"), "missing"),
    "a JSON that is bytes": (lambda path: path.with_name("bad.onnx.json").write_bytes(b"\xff\xfe"), "no JSON"),
    "a missing JSON": (lambda path: path.with_name("bad.onnx.json").unlink(), "bad.onnx.json is missing"),
    "a missing model": (lambda path: path.unlink(), "bad.onnx is missing"),
    "a model cut short": (lambda path: path.write_bytes(piper_model()[:-20]), "cut short"),
    "a page in its place": (lambda path: path.write_bytes(b"<!DOCTYPE html><html>not found"), "no ONNX model"),
    "an empty model": (lambda path: path.write_bytes(b""), "no ONNX model"),
}
BROKEN_WITHIN: dict[str, tuple[Callable[[Path], object], str]] = {
    "a model that draws otherwise": (lambda path: path.write_bytes(piper_model(random="RandomUniformLike")), "seeded"),
    "a model damaged within": (lambda path: path.write_bytes(_garbled(piper_model())), "cannot"),
    "a model of another kind": (
        lambda path: path.write_bytes(piper_model().replace(b"input_lengths", b"input_breadth")), "no VITS model",
    ),
}  # fmt: skip


def _garbled(model: bytes) -> bytes:
    return model.replace(b"CumSum", b"CumSun")


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_voice_is_left_out_with_its_reason(folder: Path, kind: str) -> None:
    spoil, reason = BROKEN[kind]
    put_piper(folder, "bad")
    spoil(folder / "piper" / "bad.onnx")
    with Piper() as engine:
        assert [voice.name for voice in engine.voices()] == ["en_US-ann-low"]
        assert len(engine.problems) == 1
        assert engine.problems[0].startswith("bad: ")
        assert reason in engine.problems[0]
        with pytest.raises(BadInput, match="'bad'") as caught:
            said(engine, voice="bad")
        assert reason in str(caught.value)
        assert said(engine).size


@pytest.mark.parametrize("kind", BROKEN_WITHIN)
def test_a_model_that_does_not_load_is_left_out_from_then_on(folder: Path, kind: str) -> None:
    spoil, reason = BROKEN_WITHIN[kind]
    put_piper(folder, "bad")
    spoil(folder / "piper" / "bad.onnx")
    with Piper() as engine:
        for _ in range(2):
            with pytest.raises(BadInput, match=reason) as caught:
                said(engine, voice="bad")
            assert "bad" in str(caught.value)
        assert [voice.name for voice in engine.voices()] == ["en_US-ann-low"]
        assert reason in engine.problems[0]
        assert said(engine).size


def test_a_damaged_copy_in_the_cache_is_made_anew(folder: Path, tmp_path: Path) -> None:
    with Piper() as engine:
        before = said(engine)
    (kept,) = (tmp_path / "cache" / "piper").iterdir()
    kept.write_bytes(kept.read_bytes()[:-30])
    with Piper() as engine:
        assert np.array_equal(said(engine), before)


def test_no_more_than_four_voices_are_kept_loaded(folder: Path) -> None:
    names = [f"en_US-v{index}-low" for index in range(6)]
    for name in names:
        put_piper(folder, name)
    with Piper() as engine:
        before = [said(engine, voice=name) for name in names]
        assert list(engine._loaded) == names[2:]
        assert all(np.array_equal(said(engine, voice=name), clip) for name, clip in zip(names, before, strict=True))


def test_without_any_voice_the_hint_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAKEGEN_VOICES", str(tmp_path / "none"))
    with Piper() as engine:
        assert engine.voices() == ()
        with pytest.raises(NotInstalled) as caught:
            said(engine)
    assert "wakegen voices pull piper" in caught.value.hint


@pytest.mark.parametrize("text", ["", " ", "?!…", "привет", "你好", "hey привет"])
def test_what_the_voice_cannot_read_is_refused(engine: Piper, text: str) -> None:
    with pytest.raises(CannotSpeak) as caught:
        said(engine, text=text)
    assert caught.value.hint


def test_brackets_in_a_text_are_no_phonemes(engine: Piper) -> None:
    assert np.array_equal(said(engine, text="hey [[katya]]"), said(engine, text="hey katya"))


def test_ipa_is_read_as_espeak_writes_it(engine: Piper) -> None:
    same = [said(engine, text=text, ipa=True) for text in ("ˈd͡ʒoʊ", "ˈʤoʊ", "dʒˈoʊ", "dʒˈo.ʊ")]
    assert all(np.array_equal(one, same[0]) for one in same)
    assert not np.array_equal(same[0], said(engine, text="ʒˈoʊ", ipa=True))


def test_a_symbol_that_is_no_sound_is_named(engine: Piper) -> None:
    for text, symbol in (("Hɛɪ", "H"), ("hɛ★", "★"), ("привет", "п")):
        with pytest.raises(CannotSpeak, match=f"'{symbol}'"):
            said(engine, text=text, ipa=True)


def test_a_sound_that_the_voice_lacks_becomes_its_nearest_or_is_named(folder: Path) -> None:
    symbols = piper_config()["phoneme_id_map"]
    few = {symbol: symbols[symbol] for symbol in "_^$ ˈheɪkætdə"}
    put_piper(folder, "few", config=piper_config(phoneme_id_map=few))
    with Piper() as engine:
        # espeak-ng's American "katya" is kˈæɾɪʲə: the tap becomes a d, and the palatal mark alone is left off.
        assert np.array_equal(said(engine, voice="few"), said(engine, text="hˈeɪ kˈædɪə", ipa=True))
        with pytest.raises(CannotSpeak, match="'ʘ'"):
            said(engine, voice="few", text="ʘa", ipa=True)


def test_a_voice_of_letters_reads_letters_alone(folder: Path) -> None:
    letters = {symbol: [index] for index, symbol in enumerate("_^$ abdehkty")}
    put_piper(folder, "abc", config=piper_config(phoneme_type="text", phoneme_id_map=letters))
    with Piper() as engine:
        assert np.array_equal(said(engine, voice="abc", text="Hey, Katya!"), said(engine, voice="abc"))
        with pytest.raises(CannotSpeak, match="'z'"):
            said(engine, voice="abc", text="hey zoe")
        with pytest.raises(CannotSpeak, match="no IPA"):
            said(engine, voice="abc", text="heɪ", ipa=True)


def test_a_voice_that_leaves_sounds_out_is_found_by_the_length(folder: Path) -> None:
    put_piper(folder, "mute", model=piper_model(samples=16))
    with Piper() as engine, pytest.raises(CannotSpeak, match="says nothing, or not all"):
        said(engine, voice="mute")


def test_a_voice_that_gives_no_numbers_fails(folder: Path) -> None:
    put_piper(folder, "nan", model=piper_model(gain=float("inf")))
    with Piper() as engine, pytest.raises(EngineError, match="NaN or Inf"):
        said(engine, voice="nan")


def test_an_espeak_voice_that_is_none_fails_on_texts_and_speaks_ipa(folder: Path) -> None:
    put_piper(folder, "odd", config=piper_config(espeak={"voice": "qq"}))
    with Piper() as engine:
        with pytest.raises(EngineError, match="cannot read texts"):
            said(engine, voice="odd")
        assert said(engine, voice="odd", text="heɪ", ipa=True).size


@pytest.mark.skipif(not (REAL / "piper").is_dir(), reason="wakegen voices pull piper")
def test_a_real_voice_says_the_phrase_in_the_time_a_person_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAKEGEN_VOICES", str(REAL))
    with Piper() as engine:
        voice = next(one.name for one in engine.voices() if one.language.startswith("en"))
        clips = [engine.synthesize(SpeechRequest("hey katya", voice, seed=seed)) for seed in (1, 2, 1)]
        assert all(0.4 < clip.samples.size / clip.rate_hz < 1.6 for clip in clips)
        assert np.array_equal(clips[0].samples, clips[2].samples)
        assert not np.array_equal(clips[0].samples, clips[1].samples)
