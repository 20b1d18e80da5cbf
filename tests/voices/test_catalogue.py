"""The catalogue: what it says of voices, and how a wrong one is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.voices.made import catalogue, item, voice_file
from wakegen.core.errors import BadInput
from wakegen.core.paths import voices_folder
from wakegen.voices.catalogue import Facts, facts, load
from wakegen.voices.sources import check

URL = "https://example.org/x.onnx"


def test_the_catalogue_knows_the_licence_language_and_gender_of_its_voices(folder):
    assert facts("kokoro", "bm_george") == Facts("Apache-2.0", "male", "en-gb", "bm_george", True)
    joe = facts("piper", "en_US-joe-medium")
    assert joe is not None
    assert (joe.licence, joe.language, joe.commercial) == ("CC0-1.0", "en-us", True)
    assert facts("piper", "bm_george") is None
    assert facts("kokoro", "kokoro-v1.0.int8") is None, "a model is no voice"


def test_the_catalogue_holds_all_54_styles_of_kokoro_and_what_they_need(folder):
    styles = [one for one in load() if one.engine == "kokoro" and not one.model]
    assert len(styles) == 54
    assert {one.needs for one in styles} == {("kokoro-v1.0.int8",)}
    assert all(one.files[0].path == f"kokoro/styles/{one.name}.bin" for one in styles)
    assert all(one.files[0].bytes == 4 * 510 * 256 for one in styles)


def test_every_file_of_the_catalogue_has_its_origin_and_a_package_as_sources(folder):
    for file in (file for one in load() for file in one.files):
        kinds = [parts[0].partition(":")[0] for parts in file.sources]
        assert kinds[0] == "https"
        assert kinds[1] in ("pip", "npm")


def test_the_configuration_of_a_piper_voice_comes_before_its_model(folder):
    """A pull that is cut off between them leaves no model that cannot be read."""
    [joe] = [one for one in load() if one.engine == "piper"]
    assert [file.path.rpartition(".")[2] for file in joe.files] == ["json", "onnx"]


def test_speakers_that_the_styles_share_are_one_speaker(folder):
    assert {facts("kokoro", name).speaker for name in ("am_santa", "em_santa", "pm_santa")} == {"kokoro santa"}


def test_voices_that_were_pulled_here_are_those_of_the_catalogue():
    held = [(voices_folder() / file.path, file) for one in load() for file in one.files]
    held = [(path, file) for path, file in held if path.is_file()]
    if not held:
        pytest.skip("no voices were pulled: wakegen voices pull")
    for path, file in held:
        check(path, file)


def test_another_catalogue_is_named_by_the_environment(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("WAKEGEN_CATALOGUE", str(catalogue(tmp_path, item("anna", [URL], gender="female"))))
    assert facts("piper", "anna").gender == "female"
    assert facts("piper", "en_US-joe-medium") is None


def without(key: str) -> dict:
    return {name: value for name, value in item("joe", [URL]).items() if name != key}


@pytest.mark.parametrize("key", ["name", "engine", "language", "gender", "speaker", "licence", "commercial", "files"])
def test_an_item_that_lacks_a_key_is_refused_by_item_and_key(tmp_path, key):
    with pytest.raises(BadInput, match=f"lacks the key '{key}' in ('joe'|item 0)") as caught:
        load(catalogue(tmp_path, without(key)))
    assert "WAKEGEN_CATALOGUE" in caught.value.hint


WRONG = {
    "an unknown key": (item("joe", [URL], licens="x"), "unknown key 'licens' in item 0. Did you mean 'licence'"),
    "a gender of its own": (item("joe", [URL], gender="man"), "gender 'man' in 'joe'"),
    "a number for a name": (item("joe", [URL], language=3), "'language' in 'joe', which is no str"),
    "a word for yes": (item("joe", [URL], commercial="yes"), "'commercial' in 'joe', which is no bool"),
    "a need that is not there": (item("joe", [URL], needs=["ann"]), "needs 'ann', which it has not"),
    "no files": (item("joe", [URL], files=[]), "has no files"),
    "a path up": (item("joe", [], files=[voice_file("piper/../../x", [URL])]), "is not below piper/"),
    "an absolute path": (item("joe", [], files=[voice_file("/etc/x", [URL])]), "is not below piper/"),
    "another engine's path": (item("joe", [], files=[voice_file("kokoro/x", [URL])]), "is not below piper/"),
    "a short hash": (item("joe", [], files=[voice_file("piper/x", [URL]) | {"sha256": "ab"}]), "64 hex digits"),
    "a file address": (item("joe", ["file:///etc/passwd"]), "source 'file:///etc/passwd'"),
    "an option for a package": (item("joe", ["pip:-rx==1#y"]), "source 'pip:-rx==1#y'"),
    "a package of no version": (item("joe", ["pip:x#y"]), "source 'pip:x#y'"),
    "addresses as parts": (item("joe", [[URL, URL]]), "not all of packages"),
    "a text for an item": ("joe", "item 0, which is no object"),
}


@pytest.mark.parametrize(("wrong", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_item_is_refused_by_what_is_wrong(tmp_path, wrong, said):
    with pytest.raises(BadInput) as caught:
        load(catalogue(tmp_path, wrong))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read"),
        ("[]", "no object"),
        ("{}", "lacks the key 'format'"),
        ('{"format": 2}', "format 2"),
        ('{"format": 1}', "lacks the key 'items'"),
        ('{"format": 1, "items": 3}', "no list"),
    ],
)
def test_a_catalogue_that_is_none_is_refused(tmp_path, text, said):
    path = tmp_path / "c.json"
    path.write_text(text)
    with pytest.raises(BadInput, match=said):
        load(path)


def test_a_catalogue_that_is_missing_or_names_an_item_twice_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        load(tmp_path / "none.json")
    with pytest.raises(BadInput, match="twice"):
        load(catalogue(tmp_path, item("joe", [URL]), item("joe", [URL])))


def test_the_file_of_the_catalogue_is_laid_out_one_file_a_line():
    text = Path(load.__code__.co_filename).with_name("catalogue.json").read_text()
    assert text.count('"sha256"') == sum('"sha256"' in line for line in text.splitlines())
    assert json.loads(text)["format"] == 1
