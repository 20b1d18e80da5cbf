"""Letters: what a voice reads comes through, what it would drop is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wakegen.core.errors import BadInput, CannotSpeak
from wakegen.engines.base import Voice
from wakegen.engines.letters import ALPHABETS, find_voice, spell


def voice(language: str) -> Voice:
    return Voice("some", "one", language, "someone", "unknown", "none", "tone")


@pytest.mark.parametrize(
    ("language", "text", "spelled"),
    [
        ("en-us", "Zoë’s naïve “café”…", 'Zoe\'s naive "cafe"...'),
        ("en-us", "Łódź — Æsop", "Lodz - AEsop"),
        ("de-de", "Straße, schön", "Straße, schön"),
        ("fr-fr", "œuf", "œuf"),
        ("es-es", "¿Qué? ¡Niño!", "Qué? Niño!"),
        ("ru", "Ещё раз", "Ещё раз"),
        ("uk", "їжак", "їжак"),
        ("uk", "ёж", "еж"),  # ё is е with two dots, and Ukrainian has е
        ("eo", "ĝis", "ĝis"),
        ("pt-br", "olá, irmão", "olá, irmão"),
        ("en-gb", "tab\tand\nline", "tab and line"),
    ],
)
def test_letters_come_through_or_as_what_they_are_made_of(language: str, text: str, spelled: str) -> None:
    assert spell(text, voice(language)) == spelled


@pytest.mark.parametrize(
    ("language", "text", "named"),
    [
        ("en-us", "hey катя", "к"),
        ("ru", "hey катя", "h"),
        ("ka", "hello", "h"),
        ("en", "smile 🙂", "🙂"),
    ],
)
def test_a_letter_that_would_be_left_out_is_named(language: str, text: str, named: str) -> None:
    with pytest.raises(CannotSpeak, match=f"'{named}'") as caught:
        spell(text, voice(language))
    assert caught.value.hint


@given(text=st.text(max_size=40), language=st.sampled_from(sorted(ALPHABETS)))
def test_what_comes_through_holds_nothing_else(text: str, language: str) -> None:
    try:
        spelled = spell(text, voice(language))
    except CannotSpeak:
        return
    rest = [c for c in spelled if c.lower() not in ALPHABETS[language]]
    assert all(c.isascii() and c.isprintable() and not c.isalpha() for c in rest)
    assert any(c.isalnum() for c in spelled)


def test_a_wrong_voice_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(BadInput) as caught:
        find_voice("onne", (voice("en"),), "some")
    assert "one" in caught.value.hint
