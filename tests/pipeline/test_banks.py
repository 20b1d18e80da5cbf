"""The negative bank: built once, the same from any number of workers, cut to what a phrase may use."""

from __future__ import annotations

import hashlib
import json
import shutil

import numpy as np
import pytest

import wakegen
from tests.small import settings
from wakegen.core.errors import BadInput
from wakegen.core.events import Notice, ignore
from wakegen.core.executor import Processes, Serial
from wakegen.dataset import bank as store
from wakegen.dataset import bank_plan
from wakegen.pipeline import bank_windows, banks
from wakegen.pipeline.project import opened

pytestmark = pytest.mark.xdist_group("project")
HOURS = 0.06


@pytest.fixture(scope="module")
def own_cache(cache, tmp_path_factory):
    """Give a cache of this module's own: a bank that other tests found would change their detectors."""
    return shutil.copytree(cache, tmp_path_factory.mktemp("bank") / "cache")


@pytest.fixture(autouse=True)
def _own_cache(own_cache, monkeypatch):
    monkeypatch.setenv("WAKEGEN_CACHE", str(own_cache))


@pytest.fixture(scope="module")
def built(own_cache):
    """Build a small bank with the engine for tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAKEGEN_CACHE", str(own_cache))
        return banks.build("en-us", HOURS, engines=("fake",), executor=Serial, on_event=ignore)


def test_a_bank_is_built_once(built):
    before = built.stat().st_mtime_ns
    said: list[str] = []
    again = banks.build(
        "en-us", HOURS, engines=("fake",), executor=Serial, on_event=lambda event: said.append(repr(event))
    )
    assert again == built
    assert built.stat().st_mtime_ns == before
    assert said == []


def test_a_bank_has_about_the_hours_asked_for_and_nothing_else_is_left_behind(built):
    bank = store.load(built)
    assert 0.7 * HOURS < bank.hours < 1.4 * HOURS
    assert bank.about["engines"] == {"fake": "1"}
    assert not list((banks.folder() / "shards").glob("*"))
    assert {segment.voice for segment in bank.segments} == {"ann", "bea", "cem", "dov", "eli", "fay"}  # no toys


@pytest.mark.slow
def test_two_workers_make_the_same_bytes(built):
    first = hashlib.sha256(built.read_bytes()).hexdigest()
    banks.build("en-us", HOURS, engines=("fake",), executor=lambda: Processes(2), on_event=ignore, redo=True)
    assert hashlib.sha256(built.read_bytes()).hexdigest() == first


def test_the_plan_is_a_pure_function_and_no_text_is_read_twice():
    readers = banks.readers_of("en-us", ("fake",))
    plan = bank_plan.plan("en-us", 0.2, readers)
    assert plan == bank_plan.plan("en-us", 0.2, readers)
    texts = [reading.request.text for reading in plan]
    assert len(set(texts)) > 0.98 * len(texts)


def test_engines_read_for_equal_times_unless_one_is_too_slow(monkeypatch):
    monkeypatch.setattr(bank_plan, "_ENGINE_CPU_S", 100.0)
    readers = [bank_plan.Readers(name, "1", ()) for name in ("kokoro", "pico", "flite")]
    given = bank_plan._divided(9000.0, readers)
    assert sum(given.values()) == pytest.approx(9000)
    assert given["kokoro"] < 200
    assert given["pico"] == pytest.approx(9000 - given["kokoro"] - given["flite"])


@pytest.fixture
def project(planned, built):
    with opened(settings(planned, generation__negatives__bank_hours=HOURS), on_event=ignore) as opened_project:
        yield opened_project


def test_a_bank_that_merely_is_there_is_not_used(planned, built):
    with opened(settings(planned), on_event=ignore) as without:
        assert bank_windows.windows(without, first_row=0) is None


def test_held_out_speakers_and_words_of_the_phrase_are_left_out(project, built):
    held_out = json.loads(project.store.meta("held_out"))["fake"]
    assert held_out
    banked = bank_windows.windows(project, first_row=1000)
    assert set(banked.starts) == {"bank fake"}
    bank = store.load(built)
    used = sum(one.count for one in bank.segments if one.speaker not in held_out)
    assert 0 < len(banked.rows) <= used < len(bank.rows)
    assert banked.starts["bank fake"].min() == 1000
    assert banked.starts["bank fake"].max() + 16 <= 1000 + len(banked.rows)


def test_whom_another_engine_holds_out_is_left_out_too(project, built):
    bank = store.load(built)
    people = sorted({one.speaker for one in bank.segments})
    with project.store.transaction():
        project.store.set_meta("held_out", json.dumps({"fake": [], "festival": people[1:]}))
        project.store.set_meta("validators", json.dumps(["festival"]))
    banked = bank_windows.windows(project, first_row=0)
    assert 0 < len(banked.rows) <= sum(one.count for one in bank.segments if one.speaker == people[0])


def test_a_mixture_is_left_out_if_one_of_its_parts_is_held_out():
    keep = bank_windows._Keep(frozenset(("kokoro",)), frozenset(("a",)), frozenset(("sarah",)))
    names = ("bella", "sarah", "bella+sarah", "sarah+bella", "bella+kore")
    kept = [name for name in names if keep(store.Segment("kokoro", "v", name, "a", 0, 1))]
    assert kept == ["bella", "bella+kore"]


def test_the_licences_of_what_took_part_are_told(project, built):
    bank_windows.windows(project, first_row=0)
    assert bank_windows.licences(project) == tuple(store.load(built).about["licences"]["fake"])


def test_a_text_that_holds_the_phrase_is_dropped(project, built, monkeypatch):
    bank = store.load(built)
    spoiled = bank.segments[0]
    texts = [f"{one.text} hey katya" if one is spoiled else one.text for one in bank.segments]
    segments = [
        store.Segment(s.engine, s.voice, "ann", t, s.first, s.count) for s, t in zip(bank.segments, texts, strict=True)
    ]
    monkeypatch.setattr(
        banks.store,
        "load",
        lambda path: store.NegativeBank(bank.rows, bank.centre, bank.scale, tuple(segments), bank.about),
    )
    with project.store.transaction():
        project.store.set_meta("held_out", json.dumps({"fake": []}))
    assert len(bank_windows.windows(project, first_row=0).rows) == len(bank.rows) - spoiled.count


def test_a_damaged_bank_is_passed_over(built):
    whole = built.read_bytes()
    try:
        built.write_bytes(whole[: len(whole) // 2])
        assert list(banks.there("en-us")) == []
    finally:
        built.write_bytes(whole)
    assert [path for path, _ in banks.there("en-us")] == [built]


def test_a_bank_of_another_language_is_not_taken(built):
    assert list(banks.there("de")) == []


def test_a_language_that_nobody_reads_is_an_error():
    with pytest.raises(BadInput, match="No engine reads 'tr'"):
        banks.build("tr", HOURS, engines=("fake",), executor=Serial, on_event=ignore)


def test_texts_that_an_engine_cannot_speak_are_counted(monkeypatch):
    said: list[str] = []
    readers = banks.readers_of("en-us", ("fake",))
    failing = bank_plan.Readers("fake", "fails", (*readers[0].voices, next(v for v in _toys() if v.name == "fails")))
    monkeypatch.setattr(banks, "readers_of", lambda language, engines, on_event: (failing,))
    path = banks.build(
        "en-us",
        0.04,
        executor=Serial,
        on_event=lambda event: said.append(event.message) if isinstance(event, Notice) else None,
    )
    assert any("could not be spoken by fake" in text for text in said)
    assert np.isfinite(store.load(path).scale).all()
    path.unlink()


def _toys():
    from wakegen.engines import table

    with table.load("fake") as engine:
        return engine.voices()


def test_the_public_call_tells_what_is_there(built):
    found = wakegen.list_banks()
    assert [one.path for one in found] == [built, *banks.shipped_paths()]
    assert "fake" in found[0].to_text()
    assert found[0].to_json()["segments"] == len(store.load(built).segments)


def test_too_few_hours_are_refused_before_anything_is_made():
    with pytest.raises(BadInput, match=r"0\.001 hours are too few"):
        banks.build("en-us", 0.001, engines=("fake",), executor=lambda: Processes(1), on_event=ignore)
