"""Tags, voices and scripts agree with espeak-ng's own."""

from __future__ import annotations

import pytest

from wakegen.core.errors import BadInput
from wakegen.text import languages as lang
from wakegen.text.data_files import lines
from wakegen.text.lexicon import has_word_list, word_list


def test_every_voice_of_the_table_is_one_of_espeak(espeak):
    tags = {voice.tag for voice in espeak.voices()} | {voice.name for voice in espeak.voices()}
    assert {one.voice for one in lang.all_languages()} <= tags


def test_every_language_reads_the_scripts_that_espeak_reads(espeak):
    for one in lang.all_languages():
        assert {script.upper() for script in one.scripts} == set(espeak.language(one.voice).scripts), one.tag


def test_tags_are_unique_and_sorted():
    tags = [line.split("|")[0].strip() for line in lines("languages.txt")]
    assert tags == sorted(set(tags))


def test_tags_are_found_however_they_are_written():
    assert lang.find_language("en").tag == lang.find_language("EN_us").tag == "en-us"
    assert lang.find_language("zh").tag == "cmn"
    assert lang.find_language("fr").base == "fr"


@pytest.mark.parametrize(("tag", "hint"), [("english", "en"), ("de-at", "'de'"), ("germn", "'de'"), ("qqq", "Known")])
def test_an_unknown_language_is_refused_with_the_nearest(tag, hint):
    with pytest.raises(BadInput) as caught:
        lang.find_language(tag)
    assert hint in caught.value.hint


def test_english_has_its_native_accents_and_many_foreign_ones():
    native = lang.native_voices("en")
    assert native[0] == "en-us"
    assert {"en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029"} <= set(native)
    foreign = lang.accent_voices("en-gb")
    assert len(foreign) > 50
    assert not set(foreign) & set(native)
    assert "en-us" in lang.accent_voices("de")


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("hey katya", "latin"), ("привет дом", "cyrillic"), ("你好", "cjk"), ("ねえ", "hiragana"), ("안녕", "hangul"),
        ("γεια", "greek"), ("مرحبا", "arabic"), ("नमस्ते", "devanagari"), ("12 !", ""),
    ],
)  # fmt: skip
def test_scripts_are_told_apart(text, script):
    assert lang.script_of(text) == script


def test_letters_that_the_language_does_not_read_are_refused():
    lang.check_script("zdravo здраво", "sr")
    with pytest.raises(BadInput, match="cyrillic"):
        lang.check_script("hеy", "en")  # the е is Cyrillic


@pytest.mark.parametrize("tag", ["de", "ru", "ja", "cmn", "ko", "hi", "ar", "pt"])
def test_word_lists_hold_words_that_the_language_reads(tag):
    assert has_word_list(tag)
    words = word_list(tag, 2000)
    assert len(words) == 2000 == len(set(words))
    for word in words:
        lang.check_script(word, tag)


def test_a_language_without_a_word_list_says_so():
    assert not has_word_list("kk")
    assert word_list("kk") == ()
