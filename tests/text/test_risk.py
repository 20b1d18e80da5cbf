"""What speaks against a phrase is found in its sounds and in word lists, and nothing is found against a good one."""

from __future__ import annotations

from functools import cache

import pytest

from wakegen.text.how_often import WORDS_PER_HOUR, heard_in, near_to, per_hour, pull, rate_of, times, words_of
from wakegen.text.lexicon import build_lexicon, has_word_list
from wakegen.text.phrase import Phrase, parse_phrase
from wakegen.text.risk import Risk, assess


@pytest.fixture(scope="module")
def lexicon_of(espeak, english_lexicon):
    """Lexicons by language: the whole English one, 5,000 words of others."""

    @cache
    def lexicon(tag: str):
        return english_lexicon if tag == "en-us" else build_lexicon(tag, espeak.phonemes, 5000)

    return lexicon


@pytest.fixture(scope="module")
def read(espeak):
    def phrase(text: str, language: str = "en") -> Phrase:
        return parse_phrase(text, language, espeak.phonemes, espeak.split_ipa)

    return phrase


@pytest.fixture(scope="module")
def judge(espeak, read, lexicon_of):
    @cache
    def risk(text: str, language: str = "en") -> Risk:
        phrase = read(text, language)
        return assess(phrase, lexicon_of(phrase.language), espeak.phonemes)

    return risk


def names(risk: Risk) -> set[str]:
    return {reason.name for reason in risk.reasons}


@pytest.mark.parametrize(("zipf", "expected"), [(0, 0.0), (3, 0.009), (4.5, 0.2846), (6, 9.0), (7, 90.0)])
def test_zipf_becomes_times_an_hour(zipf, expected):
    assert per_hour(zipf) == pytest.approx(expected, rel=1e-3)


def test_words_together_lie_between_chance_and_the_rarest_of_them():
    rate = rate_of([1e-3, 1e-4])
    assert rate.least == pytest.approx(1e-7 * WORDS_PER_HOUR)
    assert rate.most == pytest.approx(1e-4 * WORDS_PER_HOUR)
    assert rate.least < rate.likely < rate.most
    one = rate_of([1e-4])
    assert one.least == one.most == pytest.approx(one.likely)
    assert rate_of([]).most == rate_of([0.0, 0.1]).likely == 0.0


@pytest.mark.parametrize(
    ("rate", "text"), [(0, "0"), (1e-6, "<0.001"), (0.0347, "0.035"), (1.23, "1.2"), (45.16, "45")]
)
def test_rates_are_read_in_two_digits(rate, text):
    assert times(rate) == text


def test_longer_words_that_hold_the_phrase_are_found(read, english_lexicon):
    held = [one.text for one in heard_in(read("alexa"), english_lexicon)]
    assert {"election", "collection"} <= set(held)
    assert heard_in(read("hey katya"), english_lexicon) == ()


def test_near_words_are_within_two_steps_and_are_not_the_phrase(read, english_lexicon):
    phrase = read("hey jarvis")
    words = words_of(phrase, english_lexicon)
    near = near_to(phrase, english_lexicon, words, heard_in(phrase, english_lexicon))
    texts = [one.text for one in near]
    assert "hey service" in texts
    assert "hey jarvis" not in texts
    assert all(0 <= one.distance <= 2 and one.per_hour <= one.per_hour_most for one in near)
    assert [pull(one) for one in near] == sorted(map(pull, near), reverse=True)


def test_a_common_word_counts_more_than_a_rare_one_that_is_as_near(read, english_lexicon):
    phrase = read("jarvis")
    near = near_to(phrase, english_lexicon, words_of(phrase, english_lexicon), ())
    order = [one.text for one in near]
    assert order.index("service") < order.index("davis")  # ten times as common, hardly further


@pytest.mark.parametrize("text", ["no", "hey", "computer", "katya", "alexa", "thank you", "good morning"])
def test_words_that_people_say_or_nearly_say_are_of_high_risk(judge, text):
    assert judge(text).level == "high"


@pytest.mark.parametrize("text", ["hey katya", "okay kassandra", "hey magnolia"])
def test_a_greeting_and_a_rare_name_is_of_low_risk(judge, text):
    risk = judge(text)
    assert (risk.level, risk.points, risk.reasons) == ("low", 0, ())


def test_phrases_are_put_in_the_order_that_experience_has(judge):
    order = ["hey katya", "okay jarvis", "hey computer", "computer", "hey"]
    points = [judge(text).points for text in order]
    assert points == sorted(points)
    assert len(set(points)) == len(points)


@pytest.mark.parametrize(
    ("text", "name", "evidence"),
    [
        ("bob", "short", "3 phonemes and 1 syllable"),
        ("open the pod bay doors please hal", "long", "8 syllables"),
        ("computer", "said", "'computer' is said about 0.8"),
        ("good morning", "said", "by chance"),
        ("alexa", "heard", "'election'"),
        ("hey you", "near", "'he you' 0.8 steps"),
        ("hey jarvis", "rival", "'hey jarvis'"),
        ("hey echo", "rival", "'echo'"),
        ("mirror mirror", "repeats", "twice"),
        ("the author", "soft", "ð"),
    ],
)
def test_each_reason_shows_its_evidence(judge, text, name, evidence):
    found = [reason for reason in judge(text).reasons if reason.name == name]
    assert len(found) == 1
    assert evidence in found[0].text


def test_too_long_is_worse_than_long(judge):
    def level(text: str) -> str:
        return next(reason.level for reason in judge(text).reasons if reason.name == "long")

    assert level("open the pod bay doors please hal") == "medium"
    assert level("supercalifragilistic expialidocious") == "high"


def test_the_level_is_that_of_the_worst_reason_which_comes_first(judge):
    for text in ("no", "jarvis", "snowboy", "hey siri", "how are you"):
        risk = judge(text)
        assert risk.level == risk.reasons[0].level
        assert risk.points == sum({"medium": 1, "high": 3}[reason.level] for reason in risk.reasons)


@pytest.mark.parametrize(
    ("language", "common", "rare"),
    [("de", "nein", "hallo katja"), ("tr", "evet", "merhaba katya"), ("fr", "maison", "salut camille")],
)
def test_other_languages_are_judged_by_their_own_words(judge, language, common, rare):
    assert judge(common, language).level == "high"
    assert "said" in names(judge(common, language))
    assert judge(rare, language).level == "low"
    assert judge(common, language).notes == ()


def test_ipa_alone_is_judged_by_the_words_that_sound_so(judge):
    risk = judge("/nˈoʊ/")
    assert risk.words[0].text == "no"
    assert {"short", "said", "heard"} <= names(risk)
    assert "guessed" in risk.notes[0]
    assert judge("/hˈeɪ kˈatjə/").level == "low"
    assert judge("/hˈeɪ kˈatjə/").words[1].per_hour == 0


def test_given_sounds_beat_those_of_the_letters(judge):
    assert "heard" in names(judge("katya"))  # read with the ɾ of "getting"
    assert "heard" not in names(judge("katya /kˈatjə/"))


def test_a_language_without_a_word_list_says_what_was_not_judged(judge):
    assert not has_word_list("cy")
    for text in ("croeso", "/krˈɔɨsɔ/"):
        risk = judge(text, "cy")
        assert names(risk) == {"short"}
        assert risk.near == risk.heard == ()
        assert "no word list" in risk.notes[0]
