"""Shares of the engines: by weight, by what they may take, by what they can read."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.small import settings
from wakegen.config import EngineChoice, Settings
from wakegen.core.seeds import stream
from wakegen.dataset.cast import Cast, Speakers
from wakegen.dataset.splits import VoicePool
from wakegen.engines.base import Voice

WANTED = {kind: {"train": 1000, "val": 100, "test": 100} for kind in ("phrase", "confusable", "sentence", "word")}


def auto(**more: object) -> Settings:
    return settings(Path("unused"), engines=["auto"], **more)


def speaker(
    name: str, weight: float, *, cpu_per_s: float = 0.01, ipa: bool = False, splits: str = "train val test"
) -> Speakers:
    def pool(split: str) -> VoicePool:
        voice = Voice(name, f"{name} {split}", "en", f"{name} {split}", "male", "x", "neural")
        return VoicePool((voice,) if split in splits.split() else (), (), ())

    controls = frozenset(("rate", "ipa") if ipa else ("rate",))
    pools = {split: pool(split) for split in ("train", "val", "test")}
    return Speakers(EngineChoice(name, (), weight), "1", "x", controls, pools, cpu_per_s)


def drawn(cast: Cast, kind: str, *, split: str = "train", spelled: bool = True, ipa: bool = False) -> Counter[str]:
    rng = stream(1, "draw", kind)
    found = [cast.draw_engine(kind, split, rng, spelled=spelled, ipa=ipa) for _ in range(1000)]
    return Counter(one.choice.type for one in found)


def test_engines_speak_by_their_weights():
    cast = Cast(auto(), [speaker("espeak", 0.4), speaker("a", 0.3), speaker("b", 0.3)], WANTED)
    found = drawn(cast, "phrase")
    assert found["espeak"] == pytest.approx(400, abs=50)
    assert found["a"] == pytest.approx(300, abs=50)


def test_a_slow_engine_speaks_as_much_as_its_time_allows_and_the_embedded_one_the_rest():
    slow = speaker("slow", 0.5, cpu_per_s=1.0)
    # 400 s, half of them for the phrase and 0.7 of that for training: 140 clips of one second.
    cast = Cast(auto(generation__engine_cpu_s=400.0), [speaker("espeak", 0.5), slow], {"phrase": {"train": 400}})
    assert cast.share("slow", "phrase", "train") == pytest.approx(140 / 400)
    assert cast.share("espeak", "phrase", "train") == pytest.approx(260 / 400)


def test_an_engine_that_could_say_a_handful_only_is_left_out():
    cast = Cast(
        auto(generation__engine_cpu_s=4.0), [speaker("espeak", 0.5), speaker("slow", 0.5, cpu_per_s=1.0)], WANTED
    )
    assert cast.share("slow", "phrase", "train") == 0
    assert set(drawn(cast, "phrase")) == {"espeak"}


def test_an_engine_that_only_validates_reads_most_of_the_streams_whatever_its_time():
    judge = replace(speaker("judge", 0.3, cpu_per_s=1.0, splits="val test"), trains=False)
    cast = Cast(auto(generation__engine_cpu_s=4.0), [speaker("espeak", 0.4), judge], WANTED)
    assert cast.share("judge", "sentence", "val") == pytest.approx(0.6 / 0.9)
    assert cast.share("judge", "word", "test") == pytest.approx(0.6 / 0.9)
    assert cast.share("judge", "sentence", "train") == 0


def test_an_engine_that_only_validates_reads_the_streams_of_other_languages_with_its_accent():
    english = Voice("judge", "kal", "en-us", "kal", "male", "x", "concatenative")
    pools = {split: VoicePool((), (english,) if split != "train" else (), ()) for split in ("train", "val", "test")}
    judge = replace(speaker("judge", 0.3), trains=False, pools=pools)
    cast = Cast(auto(), [speaker("espeak", 0.4), judge], WANTED)
    assert cast.share("judge", "sentence", "val") == pytest.approx(0.6 / 0.9)
    assert cast.share("judge", "phrase", "val") == 0  # the phrase is for those who know its language
    assert cast.share("judge", "sentence", "train") == 0
    assert cast.draw_voice(judge, "test", "text", stream(1, "draw")) == english


def test_an_engine_that_trains_reads_no_stream_with_an_accent():
    foreign = Voice("other", "x", "en-us", "x", "male", "x", "neural")
    pools = {split: VoicePool((), (foreign,), ()) for split in ("train", "val", "test")}
    cast = Cast(auto(), [speaker("espeak", 0.4), replace(speaker("other", 0.6), pools=pools)], WANTED)
    assert cast.share("other", "sentence", "val") == 0


def test_engines_that_were_named_are_not_held_back():
    named = settings(Path("unused"), engines=["espeak", "slow"], generation__engine_cpu_s=0.0)
    cast = Cast(named, [speaker("espeak", 0.5), speaker("slow", 0.5, cpu_per_s=9.0)], WANTED)
    assert cast.share("slow", "phrase", "train") == 0.5


def test_sounds_are_said_by_engines_that_read_them_and_letters_more_often_by_the_others():
    both = [speaker("espeak", 0.5, ipa=True), speaker("letters", 0.5)]
    cast = Cast(auto(), both, WANTED)
    assert set(drawn(cast, "confusable", spelled=False, ipa=True)) == {"espeak"}
    assert drawn(cast, "confusable")["letters"] > 650


def test_an_engine_speaks_in_splits_where_it_has_a_voice():
    cast = Cast(auto(), [speaker("espeak", 0.4), speaker("judge", 0.6, splits="val")], WANTED)
    assert set(drawn(cast, "phrase")) == {"espeak"}
    assert drawn(cast, "phrase", split="val")["judge"] > 500
    assert set(drawn(cast, "phrase", split="test")) == {"espeak"}


def test_styles_are_those_that_an_engine_can_do():
    cast = Cast(auto(), [speaker("letters", 1.0)], WANTED)
    rng = stream(1, "style")
    assert "blurred" not in {cast.draw_style(cast.speakers[0], "train", rng) for _ in range(200)}
    assert "foreign" not in {cast.draw_style(cast.speakers[0], "train", rng) for _ in range(200)}


def test_an_engine_whose_only_native_trains_lends_him_rather_than_a_foreigner():
    native = Voice("pico", "en-us", "en-us", "en-us", "female", "x", "parametric")
    foreign = Voice("pico", "es-es", "es-es", "es-es", "female", "x", "parametric")
    pools = {"train": VoicePool((native,), (), ()), "val": VoicePool((), (foreign,), ()), "test": VoicePool((), (), ())}
    alone = replace(speaker("pico", 1.0), pools=pools)
    cast = Cast(settings(Path("unused"), engines=["pico"]), [alone], WANTED)
    assert cast.draw_voice(alone, "val", "text", stream(1, "draw")) == native
    assert cast.draw_voice(alone, "val", "foreign", stream(1, "draw")) == foreign
    assert cast.draw_voice(alone, "test", "text", stream(1, "draw")) == native
