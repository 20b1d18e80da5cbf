"""How alike phonemes are."""

from __future__ import annotations

import itertools

import pytest

from wakegen.espeak.ipa import FEATURES, is_vowel, phoneme_cost, segments, unknown


def test_the_cost_is_symmetric_and_zero_only_for_the_same_sound() -> None:
    for a, b in itertools.combinations(FEATURES, 2):
        cost = phoneme_cost(a, b)
        assert cost == phoneme_cost(b, a)
        assert 0 < cost <= 1 or {a, b} == {"g", "ɡ"}
    assert all(phoneme_cost(a, a) == 0 for a in FEATURES)


@pytest.mark.parametrize(
    ("near", "far"),
    [
        (("s", "θ"), ("s", "m")), (("ɪ", "i"), ("u", "i")), (("m", "n"), ("m", "k")), (("tʃ", "ʃ"), ("tʃ", "m")),
        (("eɪ", "e"), ("eɪ", "uː")), (("ɑː", "ɑ"), ("ɑ", "i")), (("t", "tʲ"), ("t", "k")), (("ɹ", "r"), ("ɹ", "s")),
        (("j", "i"), ("j", "a")), (("w", "u"), ("w", "i")), (("ɛ̃", "ɛ"), ("ɛ", "o")), (("t", "d"), ("t", "z")),
    ],
)  # fmt: skip
def test_what_sounds_alike_costs_less(near: tuple[str, str], far: tuple[str, str]) -> None:
    assert phoneme_cost(*near) < 0.4
    assert phoneme_cost(*near) < phoneme_cost(*far)


def test_a_vowel_is_no_consonant() -> None:
    assert phoneme_cost("a", "k") == 1
    assert is_vowel("ˈaɪ")
    assert not is_vowel("tʃ")


def test_stress_and_normal_form_do_not_count() -> None:
    assert phoneme_cost("ˈa", "a") == 0
    assert phoneme_cost("ç", "c\u0327") == 0


def test_phonemes_decompose_into_sounds_with_marks() -> None:
    assert len(segments("dʒ")) == 2
    assert segments("tʲ")[0].marks == {"ʲ"}
    assert segments("ɑː")[0].length == 1
    assert unknown("kЖ") == "Ж"
    assert unknown("ɔ̃ː") == ""
