"""Phrases are read as typed, as IPA, or refused with a reason."""

from __future__ import annotations

import pytest

from wakegen.core.errors import BadInput
from wakegen.text.phonemes import flat, ipa_of, syllables, words_of_ipa
from wakegen.text.phrase import parse_phrase, spelled_words

KATYA = (("h", "ˈeɪ"), ("k", "ˈa", "t", "j", "ə"))


def test_a_spelled_phrase_gets_words_and_phonemes(espeak):
    phrase = parse_phrase("  View Glass! ", "en", espeak.phonemes)
    assert phrase.words == ("View", "Glass")
    assert phrase.phonemes == (("v", "j", "ˈuː"), ("ɡ", "l", "ˈæ", "s"))
    assert phrase.flat == flat(phrase.phonemes)
    assert (phrase.slug, phrase.ipa, phrase.warnings) == ("view_glass", "", ())


@pytest.mark.parametrize("typed", ["/hˈeɪ kˈatjə/", "/ˈheɪ ˈkatjə/", "/h'eɪ k'atjə/"])
def test_ipa_is_read_wherever_the_stress_is_written(espeak, typed):
    phrase = parse_phrase(typed, "en", espeak.phonemes)
    assert phrase.phonemes == KATYA
    assert phrase.words == ()
    both = parse_phrase(f"hey katya {typed}", "en", espeak.phonemes, espeak.split_ipa)
    assert both.words == ("hey", "katya")
    assert both.slug == "hey_katya"
    assert ipa_of(both.phonemes) == "hˈeɪ kˈatjə"


def test_ipa_goes_around_in_a_circle(espeak):
    for word in espeak.phonemes(["chocolate judge", "strength", "idea"], "en-us"):
        again = words_of_ipa(ipa_of(word))
        assert ipa_of(again) == ipa_of(word)
    assert words_of_ipa("t͡sˈãː pʲ") == (("ts", "ˈãː"), ("pʲ",))


@pytest.mark.parametrize(
    ("text", "language", "reason"),
    [
        ("", "en", "empty"),
        (" \t", "en", "empty"),
        ("?! …", "en", "nothing to say"),
        ("🎉", "en", "nothing to say"),
        ("привет", "en", "cyrillic"),
        ("hey", "klingonese", "no language"),
        ("hey katya " * 12, "en", "phonemes long"),
        ("/h%/", "en", "not an IPA letter"),
        ("/ /", "en", "nothing to say"),
        ("/ˈ/", "en", "no phoneme"),
    ],
)
def test_a_phrase_that_cannot_be_said_is_refused_with_a_hint(espeak, text, language, reason):
    with pytest.raises(BadInput, match=reason) as caught:
        parse_phrase(text, language, espeak.phonemes)
    assert caught.value.hint


def test_risky_phrases_come_with_warnings(espeak):
    warnings = " ".join(parse_phrase("time", "en", espeak.phonemes).warnings)
    assert "3 phonemes" in warnings
    assert "common word" in warnings
    assert not parse_phrase("jarvis", "en", espeak.phonemes).warnings


def test_words_are_split_in_many_scripts():
    assert spelled_words("Don't stop, snow-boy!") == ("Don't", "stop", "snow-boy")
    assert spelled_words("привет, дом?") == ("привет", "дом")
    assert spelled_words("नमस्ते घर।") == ("नमस्ते", "घर")


def test_syllables_hold_one_vowel_each_and_lose_nothing():
    word = ("s", "n", "ˈoʊ", "b", "ɔɪ")
    assert syllables(word) == [("s", "n", "ˈoʊ"), ("b", "ɔɪ")]
    assert syllables(("p", "s", "t")) == [("p", "s", "t")]
    assert flat(syllables(("ˈaɪ", "ə", "n", "t", "r", "i"))) == ("ˈaɪ", "ə", "n", "t", "r", "i")
