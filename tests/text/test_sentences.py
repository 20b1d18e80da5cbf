"""Sentences are fluent, many, apart by split, and free of the phrase."""

from __future__ import annotations

import time

import numpy as np
import pytest

from wakegen.core.errors import BadInput
from wakegen.text import grammar
from wakegen.text.avoid import Avoid
from wakegen.text.data_files import lines, sections
from wakegen.text.lexicon import SPLITS, build_lexicon, split_of_word, word_list
from wakegen.text.phrase import parse_phrase, spelled_words
from wakegen.text.pseudo import draw_pseudo
from wakegen.text.sentences import LONGEST_LETTERS, SHORTEST_LETTERS, draw_sentences, short_utterances
from wakegen.text.sounds import Sounds


@pytest.mark.parametrize("language", ["en", "de", "ru", "cmn", "ja", "ar", "hi", "ko"])
def test_sentences_differ_and_repeat_with_their_generator(language):
    first, again = (draw_sentences(language, np.random.default_rng(1), 60, "train") for _ in range(2))
    assert first == again
    assert len(set(first)) == 60
    assert draw_sentences(language, np.random.default_rng(2), 60, "train") != first
    short = short_utterances(language, np.random.default_rng(1), 40, "val")
    assert len(set(short)) == 40


def test_english_sentences_are_of_speakable_length_and_have_no_open_slot():
    for split in SPLITS:
        for text in draw_sentences("en", np.random.default_rng(3), 400, split):
            assert SHORTEST_LETTERS * 0.8 <= len(text) <= LONGEST_LETTERS
            assert "{" not in text
            assert "  " not in text
            assert not any(bad in text for bad in (" a apple", " a animal", " an useful", " a egg"))
            assert not any(symbol.isdigit() for symbol in text)


def test_there_are_many_templates_and_each_is_in_one_split():
    every = [line for group in sections("sentences_en.txt").values() for line in group]
    assert len(every) == len(set(every)) >= 120
    parts = [set(grammar.english(split).templates) for split in SPLITS]
    assert sum(map(len, parts)) == len(every)
    assert all(parts)
    assert set.union(*parts) == set(every)


def test_slot_words_are_in_one_split():
    for name, words in grammar.english("train").slots.items():
        if name not in grammar.SHARED_SLOTS:
            others = {word for split in ("val", "test") for word in grammar.english(split).slots[name]}
            assert not set(words) & others, name


@pytest.mark.parametrize("language", ["de", "ru"])
def test_content_words_of_pseudo_sentences_are_in_one_split(language):
    function = set(word_list(language)[:150])
    seen = {}
    for split in SPLITS:
        texts = draw_sentences(language, np.random.default_rng(4), 150, split)
        seen[split] = {word.lower() for text in texts for word in spelled_words(text)} - function
        assert {split_of_word(word) for word in seen[split]} == {split}
    assert not seen["train"] & seen["val"]
    assert not seen["val"] & seen["test"]


@pytest.mark.parametrize("text", ["stop", "hey robot", "good morning", "view glass", "computer"])
def test_no_sentence_holds_the_phrase(espeak, english_lexicon, text):
    phrase = parse_phrase(text, "en", espeak.phonemes)
    avoid = Avoid(phrase, english_lexicon, espeak.phonemes)
    rng = np.random.default_rng(5)
    made = draw_sentences("en", rng, 300, "train", avoid) + short_utterances("en", rng, 200, "train", avoid)
    for one in made:
        assert text not in " ".join(spelled_words(one.lower()))
        if len(phrase.words) == 1:
            assert text not in spelled_words(one.lower())


@pytest.mark.parametrize(
    ("phrase", "bad", "good"),
    [
        (
            "jarvis",
            ["Jarvis", "ask jarviss now", "tell Jarvis, please", "jar vis", "JARVIS's hat"],
            ["a jar of jam", "Marcus"],
        ),
        (
            "view glass",
            ["a glass of milk", "what a vue", "the view from here", "viewglass"],
            ["a cup of milk", "you laugh"],
        ),
        ("hey katya", ["katya is here", "heykatya"], ["hey you", "hey, what is that"]),
        ("time", ["what time is it", "a thyme leaf"], ["take your hat"]),
        ("silent knight", ["late at night"], ["a quiet day"]),
    ],
)
def test_the_guard_knows_spellings_and_homophones(espeak, english_lexicon, phrase, bad, good):
    avoid = Avoid(parse_phrase(phrase, "en", espeak.phonemes), english_lexicon, espeak.phonemes)
    assert avoid.keep([*bad, *good]) == good
    assert not avoid.clean(bad[0])
    assert avoid.clean(good[0])


def test_the_guard_works_for_ipa_and_without_a_phonemizer(espeak, english_lexicon):
    ipa = parse_phrase("/ɡlˈæs hˈaʊs/", "en", espeak.phonemes)
    assert Avoid(ipa, english_lexicon).keep(["the glass", "a tall house", "the river"]) == ["the river"]
    spelled = parse_phrase("jarvis", "en", espeak.phonemes)
    assert not Avoid(spelled, english_lexicon).clean("jarviss")


def test_the_guard_reads_languages_without_spaces(espeak):
    lexicon = build_lexicon("cmn", espeak.phonemes, 2000)
    avoid = Avoid(parse_phrase("你好小爱", "cmn", espeak.phonemes), lexicon, espeak.phonemes)
    assert not avoid.clean("我说你好小爱同学")
    assert avoid.clean("今天 天气 不错。")
    assert not avoid.clean("兄弟")  # espeak-ng has no reading for it, so it cannot be said either
    assert len(draw_sentences("cmn", np.random.default_rng(9), 200, "train", avoid)) == 200


def test_thousands_of_sentences_are_judged_in_seconds(espeak, english_lexicon):
    avoid = Avoid(parse_phrase("hey katya", "en", espeak.phonemes), english_lexicon, espeak.phonemes)
    start = time.perf_counter()
    texts = draw_sentences("en", np.random.default_rng(6), 2000, "train", avoid)
    assert len(texts) == 2000
    assert time.perf_counter() - start < 10


def test_a_language_without_words_says_so_and_has_pseudo_words(espeak):
    with pytest.raises(BadInput) as caught:
        draw_sentences("kk", np.random.default_rng(7), 5, "train")
    assert "pseudo" in caught.value.hint
    sounds = Sounds.from_inventory(espeak.inventory("kk"))
    made = draw_pseudo(sounds, np.random.default_rng(7), 20, "val")
    assert len(made) == 20
    assert {split_of_word("".join(word)) for words in made for word in words} == {"val"}


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "zero"), (13, "thirteen"), (40, "forty"), (342, "three hundred forty-two"), (9001, "nine thousand one")],
)
def test_numbers_are_written_out(number, words):
    assert grammar.number_words(number) == words


def test_every_slot_of_every_template_can_be_filled():
    rng = np.random.default_rng(8)
    every = [*lines("commands_en.txt"), *(line for group in sections("sentences_en.txt").values() for line in group)]
    for split in SPLITS:
        for template in every:
            assert "{" not in grammar.fill(template, grammar.english(split), rng)
