"""Text to IPA phonemes and back to mnemonics."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from wakegen.core.errors import BadInput, CannotSpeak
from wakegen.espeak import Espeak
from wakegen.espeak.ipa import STRESS, unknown


@pytest.fixture(scope="module")
def espeak() -> Iterator[Espeak]:
    with Espeak() as made:
        yield made


PHRASES = [
    ("en-us", "hey katya", "h ˈeɪ | k ˈæ ɾ ɪ ə"),
    ("en-GB", "car", "k ˈɑː"),
    ("de", "Hallo Straße", "h ˈa l oː | ʃ t ɾ ˈɑː s ə"),
    ("fr", "bonjour", "b ɔ̃ ʒ ˈu ʁ"),
    ("ru", "эй катя", "ˈɛ j | k ˈɑ tʲ ʌ"),
    ("ru", "привет", "p rʲ i vʲ ˈe t"),
    ("uk", "привіт", "p r ɪ β ˈiː t̪"),
    ("el", "γειά σου", "j ˈa | s u"),
    ("ar", "مرحبا", "m r ħ b ˈaː"),
    ("he", "שלום", "ʃ a l ˈo m"),
    ("hi", "नमस्ते", "n ə m ˈʌ s t eː"),
    ("zh", "你好", "n i214 χ ˈɑu214"),
    ("ja", "アレクサ", "ˌä ɽ e̞ k ˈɯᵝ s ä"),
    ("ko", "안녕", "ˈɐ n n j ʌ ŋ"),
    ("pl", "cześć", "tʃ ˈɛ ɕ tɕ"),
    ("vi", "xin chào", "s ˈi n | tʃ ˈaː2 w"),
]


@pytest.mark.parametrize(("language", "text", "expected"), PHRASES)
def test_a_phrase_becomes_words_of_phonemes(espeak: Espeak, language: str, text: str, expected: str) -> None:
    words = espeak.phonemes([text], language)[0]
    assert [list(word) for word in words] == [word.split() for word in expected.split(" | ")]
    assert not any(unknown(phoneme.strip(STRESS)) for word in words for phoneme in word)


@pytest.mark.parametrize(("language", "text", "expected"), PHRASES)
def test_phonemes_become_mnemonics_that_speak(espeak: Espeak, language: str, text: str, expected: str) -> None:
    words = espeak.phonemes([text], language)[0]
    spelled = espeak.from_ipa(words, language)
    samples = espeak.speak(spelled, language=language, mnemonic=True)
    direct = espeak.speak(text, language=language)
    assert 0.6 < samples.size / direct.size < 1.6


def test_the_words_are_the_same_alone_and_among_others(espeak: Espeak) -> None:
    texts = [
        f"{first} {second}" for first in ("hey", "good", "okay") for second in ("katya", "jarvis", "computer")
    ] * 30
    together = espeak.phonemes(texts, "en-us")
    assert len(together) == 270
    assert together[:9] == together[9:18]
    assert together[4] == espeak.phonemes([texts[4]], "en-us")[0]


def test_several_clauses_are_all_read(espeak: Espeak) -> None:
    words = espeak.phonemes(["hey katya, how are you? fine."], "en-us")[0]
    assert words[0] == ("h", "ˈeɪ")
    assert words[-1] == ("f", "ˈaɪ", "n")


def test_a_word_read_by_the_rules_of_another_language_is_kept_without_the_marks(espeak: Espeak) -> None:
    assert espeak.phonemes(["Job"], "de")[0] == (("dʒ", "ˈɒ", "b"),)


@pytest.mark.parametrize(
    ("language", "text"), [("ru", "hey"), ("en-us", "привет"), ("ja", "東京"), ("hi", "hello"), ("en", "!")]
)
def test_a_foreign_script_cannot_be_read(espeak: Espeak, language: str, text: str) -> None:
    with pytest.raises(CannotSpeak) as caught:
        espeak.phonemes([text], language)
    assert caught.value.hint


def test_a_language_without_a_dictionary_is_not_listed(espeak: Espeak) -> None:
    names = {language.name for language in espeak.voices()}
    assert len(names) > 130
    assert not names & {"fo", "kaa", "xex"}  # listed by espeak-ng 1.52.0, but without a dictionary


def test_an_unknown_language_names_the_nearest(espeak: Espeak) -> None:
    with pytest.raises(BadInput) as caught:
        espeak.phonemes(["hello"], "en-uss")
    assert "en-us" in caught.value.hint


def test_every_language_has_an_inventory_of_ipa(espeak: Espeak) -> None:
    for name in ("en-us", "de", "fr", "ru", "cmn", "ja", "kl", "vi", "fa-latn", "en-us-nyc", "yue-latn-jyutping"):
        sounds = espeak.inventory(name)
        assert len(sounds) > 40
        assert not any(unknown(sound) for sound in sounds)


def test_a_lacking_sound_is_named_with_its_nearest_or_replaced_by_it(espeak: Espeak) -> None:
    words = [("t", "ˈyː")]
    with pytest.raises(CannotSpeak, match="no sound /yː/; its nearest is /iː/"):
        espeak.from_ipa(words, "en-us")
    assert espeak.from_ipa(words, "en-us", nearest=True) == "[[t|'i:]]"


def test_a_softened_or_lengthened_sound_is_spelled_with_its_mark(espeak: Espeak) -> None:
    assert espeak.from_ipa([("rʲ", "ˈaː")], "uk").endswith("|'a|:]]")


def test_the_phrase_of_one_language_is_spoken_by_another(espeak: Espeak) -> None:
    words = espeak.phonemes(["эй катя"], "ru")[0]
    for language in ("en-us", "de", "ja", "cmn"):
        samples = espeak.speak(espeak.from_ipa(words, language, nearest=True), language=language, mnemonic=True)
        assert samples.size > 0.2 * espeak.rate_hz


def test_ipa_without_separators_is_split_and_its_stress_moves_to_the_vowel(espeak: Espeak) -> None:
    assert espeak.split_ipa("/ˈheɪ ˈkɑtjə ˈtʃɜːtʃ/", "en-us") == (
        ("h", "ˈeɪ"),
        ("k", "ˈɑ", "t", "j", "ə"),
        ("tʃ", "ˈɜː", "tʃ"),
    )
    with pytest.raises(CannotSpeak):
        espeak.split_ipa("//", "en-us")
