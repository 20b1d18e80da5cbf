"""Which items a few words stand for, and the rule for licences that forbid commercial use."""

from __future__ import annotations

import pytest

from tests.voices.made import catalogue, item
from wakegen.core.errors import BadInput
from wakegen.voices.catalogue import load
from wakegen.voices.choose import choose

URL = "https://example.org/x.onnx"


@pytest.fixture
def items(tmp_path):
    style = {"engine": "piper", "needs": ["base"]}
    return load(
        catalogue(
            tmp_path,
            item("joe", [URL]),
            item("eve", [URL], commercial=False, licence="CC-BY-NC-4.0"),
            item("base", [URL], model=True),
            item("style", [URL], **style),
        )
    )


def names(chosen):
    return [one.name for one in chosen]


@pytest.mark.parametrize("words", [(), ("all",), ("piper",)])
def test_voices_that_may_not_be_sold_are_left_out_unless_asked_for(items, words):
    wanted, left_out = choose(items, words)
    assert (names(wanted), names(left_out)) == (["joe", "base", "style"], ["eve"])
    wanted, left_out = choose(items, words, non_commercial=True)
    assert (names(wanted), names(left_out)) == (["joe", "eve", "base", "style"], [])


@pytest.mark.parametrize("words", [("eve",), ("piper:eve",), ("eve", "eve")])
def test_a_voice_that_is_named_is_pulled_whatever_its_licence(items, words):
    wanted, left_out = choose(items, words)
    assert (names(wanted), names(left_out)) == (["eve"], [])


def test_what_is_named_is_not_left_out_by_another_word(items):
    wanted, left_out = choose(items, ("piper", "eve"))
    assert (names(wanted), names(left_out)) == (["joe", "eve", "base", "style"], [])


def test_a_voice_brings_what_it_needs(items):
    assert names(choose(items, ("style",))[0]) == ["base", "style"]


@pytest.mark.parametrize(
    ("words", "engine", "hint"),
    [
        (("jeo",), None, "'joe'"),
        (("yl",), None, "style"),
        (("joe",), "pipr", "'piper'"),
        (("pipper",), None, "'piper'"),
        (("",), None, "Known"),
    ],
)
def test_a_word_that_stands_for_nothing_names_the_nearest(items, words, engine, hint):
    with pytest.raises(BadInput) as caught:
        choose(items, words, engine=engine)
    assert hint in caught.value.hint
