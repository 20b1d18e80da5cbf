"""Who speaks in which split."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wakegen.core.seeds import stream
from wakegen.dataset.splits import cast_speakers, chosen_voices, speaker_splits, voice_pools
from wakegen.engines.base import Voice

RATIO = (0.8, 0.1, 0.1)


def voice(name: str, language: str, *, speaker: str = "", kind: str = "formant", toy: bool = False) -> Voice:
    return Voice("e", name, language, speaker or name, "unknown", "x", kind, toy)


@given(st.sets(st.text(min_size=1, max_size=6), min_size=3, max_size=60), st.integers(0, 1000))
def test_every_split_has_a_speaker_where_there_are_three(speakers, seed):
    splits = speaker_splits("e", speakers, ratio=RATIO, seed=seed)
    assert splits.keys() == speakers
    assert set(splits.values()) == {"train", "val", "test"}


@pytest.mark.parametrize("speakers", [[], ["a"], ["a", "b"]])
def test_one_or_two_speakers_only_train(speakers):
    assert set(speaker_splits("e", speakers, ratio=RATIO, seed=1).values()) <= {"train"}


def test_the_order_of_speakers_does_not_matter():
    names = [f"s{i}" for i in range(40)]
    assert speaker_splits("e", names, ratio=RATIO, seed=1) == speaker_splits("e", names[::-1], ratio=RATIO, seed=1)
    assert speaker_splits("e", names, ratio=RATIO, seed=1) != speaker_splits("e", names, ratio=RATIO, seed=2)
    counts = list(speaker_splits("e", names, ratio=RATIO, seed=1).values())
    assert (counts.count("train"), counts.count("val"), counts.count("test")) == (32, 4, 4)


def pools(voices, only=()):
    chosen = chosen_voices(voices, only)
    splits = cast_speakers({"e": {one.speaker for one in chosen}}, natives=(), validators=(), ratio=RATIO, seed=1)["e"]
    return voice_pools(chosen, splits, native=("en-us", "en-gb"), accents=("de", "en-us"), anyone_native=bool(only))


def test_a_speaker_of_several_languages_is_in_one_split():
    voices = [voice(f"{language}+{who}", language, speaker=who) for language in ("en-us", "de") for who in "abcdefghij"]
    found = pools(voices)
    by_split = {split: {one.speaker for one in (*pool.native, *pool.foreign)} for split, pool in found.items()}
    assert sum(map(len, by_split.values())) == 10
    assert all({one.speaker for one in pool.native} == {one.speaker for one in pool.foreign} for pool in found.values())


@pytest.mark.parametrize("tag", ["en", "en-us", "en_US", "EN-us", "en-gb"])
def test_engines_may_write_the_language_as_they_like(tag):
    found = pools([voice(name, tag) for name in "abc"])
    assert sum(len(pool.native) for pool in found.values()) == 3


def test_another_script_is_another_language_and_another_country_is_not():
    found = pools([voice("a", "en-shaw"), voice("b", "en-shaw"), voice("c", "de-de")])
    assert not any(pool.native for pool in found.values())
    assert [one.name for pool in found.values() for one in pool.foreign] == ["c"]


def test_unknown_languages_are_nobodys():
    found = pools([voice(name, "x-klingon") for name in "abc"])
    assert not any(pool.native or pool.foreign for pool in found.values())


def test_toys_speak_when_named_only():
    voices = [voice("plain", "en-us"), voice("robot", "en-us", toy=True)]
    assert [one.name for pool in pools(voices).values() for one in pool.native] == ["plain"]
    assert [one.name for pool in pools(voices, only=("robot",)).values() for one in pool.native] == ["robot"]


def test_a_voice_that_is_named_speaks_whatever_its_language():
    assert [one.name for pool in pools([voice("a", "de")], only=("a",)).values() for one in pool.native] == ["a"]


def test_klatt_voices_are_a_pool_of_their_own_and_stand_in_where_there_is_no_other():
    mixed = pools([voice("a", "en-us"), voice("k", "en-us", kind="klatt")])["train"]
    assert ([v.name for v in mixed.native], [v.name for v in mixed.klatt]) == (["a"], ["k"])
    assert [v.name for v in pools([voice("k", "en-us", kind="klatt")])["train"].native] == ["k"]


def test_a_language_of_many_voices_does_not_crowd_out_the_others():
    pool = pools([*(voice(f"g{i}", "en-gb") for i in range(2)), *(voice(f"u{i}", "en-us") for i in range(98))])["train"]
    drawn = [pool.draw(stream(1, "draw", i), "text").language for i in range(400)]
    languages = {one.language for one in pool.native}
    assert languages == {"en-gb", "en-us"}
    assert 0.4 < drawn.count("en-gb") / 400 < 0.6


def test_an_empty_pool_gives_nobody():
    assert pools([])["train"].draw(stream(1), "text") is None


def cast(validators=(), natives=(), **speakers):
    return cast_speakers(speakers, natives=natives, validators=validators, ratio=RATIO, seed=1)


MANY = [f"m{i}" for i in range(40)]


def test_the_engine_with_most_speakers_is_held_out_in_part_and_small_ones_train():
    found = cast(big=MANY, small=["a", "b", "c", "d"])
    assert set(found["big"].values()) == {"train", "val", "test"}
    assert set(found["small"].values()) == {"train"}


@pytest.mark.parametrize("natives", [["n1", "n2", "n3"], MANY[:20]])
def test_natives_are_divided_among_themselves(natives):
    found = cast(natives=natives, e=[*natives, *(f"f{i}" for i in range(6))])["e"]
    assert {found[name] for name in natives} == {"train", "val", "test"}
    assert {split for name, split in found.items() if name not in natives} == {"train", "val", "test"}


def test_one_or_two_natives_train_whatever_others_do():
    found = cast(natives=["n1", "n2"], e=["n1", "n2", "f1", "f2", "f3", "f4"])["e"]
    assert found["n1"] == found["n2"] == "train"


def test_an_engine_of_thirty_speakers_is_held_out_in_part_too():
    found = cast(big=MANY, other=[f"o{i}" for i in range(30)])
    assert set(found["other"].values()) == {"train", "val", "test"}


def test_a_validator_never_trains_and_nobody_who_trains_elsewhere_validates():
    found = cast(("judge",), big=MANY, small=["kal", "slt"], judge=["kal", "ked", "slt"])
    assert found["judge"] == {"ked": "val"}
    assert set(found["small"].values()) == {"train"}


def test_a_person_whom_two_engines_know_is_in_one_split():
    found = cast(one=MANY, two=MANY)
    for name in MANY:
        assert len({mine[name] for mine in found.values() if name in mine}) == 1


def test_a_mixture_trains_if_both_its_parts_do_and_is_never_held_out():
    found = cast(one=[*MANY, *(f"{a}+{b}" for a, b in pairwise(MANY))])["one"]
    assert any("+" in name for name in found)
    for name, split in found.items():
        if "+" in name:
            assert split == "train"
            assert {found[part] for part in name.split("+")} == {"train"}


def test_voices_that_may_not_be_used_for_anything_speak_when_named_only():
    voices = [voice("a", "en-us"), Voice("e", "b", "en-us", "b", "unknown", "CC BY-NC", "x", commercial=False)]
    assert [one.name for one in chosen_voices(voices, ())] == ["a"]
    assert [one.name for one in chosen_voices(voices, ("b",))] == ["b"]
