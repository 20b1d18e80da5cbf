"""Negatives are near the phrase, never the phrase; the same generator gives the same texts."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from wakegen.text.distance import edits, phoneme_distance, window_edits
from wakegen.text.lexicon import build_lexicon
from wakegen.text.negatives import LEAST_DISTANCE, SHARES, draw_negatives, least_edits
from wakegen.text.phonemes import flat
from wakegen.text.phrase import parse_phrase
from wakegen.text.sounds import Sounds
from wakegen.text.variants import MOST_NOISE, accent_noise, spelling_variants

ENGLISH = ["jarvis", "snowboy", "view glass", "hey katya", "okay nabu", "computer", "hey my little robot friend"]


@pytest.mark.parametrize("text", ENGLISH)
def test_no_negative_is_or_holds_the_phrase(espeak, english_lexicon, text):
    phrase = parse_phrase(text, "en", espeak.phonemes)
    drawn = draw_negatives(phrase, np.random.default_rng(1), 400, english_lexicon, espeak.phonemes)
    assert len(drawn) == 400 == len({one.text for one in drawn})
    least = least_edits(phrase)
    assert least >= 2
    for one in drawn:
        assert edits(flat(one.phonemes), phrase.flat) >= least
        assert one.distance >= LEAST_DISTANCE
        assert one.distance == pytest.approx(phoneme_distance(flat(one.phonemes), phrase.flat), abs=1e-3)
        assert text not in one.text
    assert (window_edits([flat(one.phonemes) for one in drawn], phrase.flat) >= least).all()


def test_the_mix_is_as_the_recipe_says(espeak, english_lexicon):
    phrase = parse_phrase("hey katya", "en", espeak.phonemes)
    drawn = draw_negatives(phrase, np.random.default_rng(2), 1000, english_lexicon, espeak.phonemes)
    counts = Counter(one.kind for one in drawn)
    assert set(counts) == set(SHARES)
    assert counts["confusable"] >= 300
    assert counts["partial"] >= 300
    assert counts["near_word"] == 200
    assert any(one.text == "hey siri" and not one.ipa for one in drawn)
    assert ("k", "ˈæ", "ɾ", "ɪ", "ə") in {one.phonemes[0] for one in drawn if len(one.phonemes) == 1}  # "katya" alone


def test_the_same_generator_gives_the_same_texts(espeak, english_lexicon):
    phrase = parse_phrase("jarvis", "en", espeak.phonemes)
    first, second, other = (
        draw_negatives(phrase, np.random.default_rng(seed), 200, english_lexicon, espeak.phonemes) for seed in (3, 3, 4)
    )
    assert first == second != other


def test_a_rival_that_is_the_phrase_is_left_out(espeak, english_lexicon):
    phrase = parse_phrase("Jarvis", "en", espeak.phonemes)
    drawn = draw_negatives(phrase, np.random.default_rng(5), 1000, english_lexicon, espeak.phonemes)
    assert not [one.text for one in drawn if "jarvis" in one.text]
    assert "hey siri" in {one.text for one in drawn}


def test_russian_gets_russian_words_and_rivals_in_ipa(espeak, russian_lexicon):
    phrase = parse_phrase("привет дом", "ru", espeak.phonemes)
    drawn = draw_negatives(phrase, np.random.default_rng(6), 500, russian_lexicon, espeak.phonemes)
    assert len(drawn) == 500
    assert all(one.ipa for one in drawn if one.kind == "rival")
    assert all(not one.ipa for one in drawn if one.kind == "near_word")


def test_a_language_without_words_gets_what_the_phrase_gives(espeak):
    phrase = parse_phrase("сәлем үйім", "kk", espeak.phonemes)
    lexicon = build_lexicon("kk", espeak.phonemes)
    assert lexicon.words == ()
    drawn = draw_negatives(phrase, np.random.default_rng(7), 300, lexicon, espeak.phonemes)
    assert len(drawn) == 300
    assert "near_word" not in {one.kind for one in drawn}


def test_espeak_can_spell_the_ipa_of_negatives(espeak, english_lexicon):
    phrase = parse_phrase("snowboy", "en", espeak.phonemes)
    for one in draw_negatives(phrase, np.random.default_rng(8), 60, english_lexicon, espeak.phonemes):
        if one.ipa:
            assert espeak.from_ipa(espeak.split_ipa(one.text, "en-us"), "en-us", nearest=True)


@pytest.mark.parametrize("text", ["jarvis", "snowboy", "hey katya"])
def test_accent_noise_stays_near_and_loses_nothing(espeak, english_lexicon, text):
    phrase = parse_phrase(text, "en", espeak.phonemes)
    sounds = Sounds.of(english_lexicon)
    heard = [accent_noise(phrase.phonemes, np.random.default_rng(seed), sounds) for seed in range(150)]
    assert heard[0] == accent_noise(phrase.phonemes, np.random.default_rng(0), sounds)
    assert 5 < len(set(heard)) <= 150
    for one in heard:
        assert [len(word) for word in one] == [len(word) for word in phrase.phonemes]
        assert phoneme_distance(flat(one), phrase.flat) <= MOST_NOISE
        assert [p[0] == "ˈ" for p in flat(one)] == [p[0] == "ˈ" for p in phrase.flat]


def test_spellings_vary_and_start_with_the_plain_one(espeak):
    variants = spelling_variants(parse_phrase("hey katya", "en", espeak.phonemes))
    assert variants[0] == "hey katya"
    assert {"hey katya.", "hey katya!", "hey katya?", "hey katya,", "hey, katya", "hey-katya", "Hey Katya"} <= set(
        variants
    )
    assert len(variants) == len(set(variants))
    assert spelling_variants(parse_phrase("/hˈeɪ/", "en", espeak.phonemes)) == ()
