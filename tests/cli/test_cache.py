"""`wakegen cache`: what is there is told, what is damaged goes, and nothing of anybody else's is touched."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import wakegen
from tests.disk import mounted
from tests.small import small_bank
from wakegen.core.errors import BadInput
from wakegen.dataset.clip_cache import GenerationCache
from wakegen.engines import vits
from wakegen.features import backbone
from wakegen.pipeline import banks

FOREIGN = (
    "clips/holiday.flac",
    "clips/piper/notes.txt",
    "banks/loan.pdf",
    "models.txt",
    "piper/mine.onnx",
    "notes.json",
)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("WAKEGEN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def clips(folder) -> GenerationCache:
    """Three clips of piper and one of flite."""
    kept = GenerationCache()
    for number, engine in enumerate(("piper", "piper", "piper", "flite")):
        kept.put(engine, f"{number:064x}", np.arange(1000 * number + 100, dtype=np.int16))
    return kept


@pytest.fixture
def full(clips, folder) -> Path:
    """Something of each kind, as those who make it name it; and files of somebody else."""
    small_bank(folder)
    backbone.graph_path()
    for path in (
        banks.path_of("en", (), 1.0),
        banks.folder() / "shards" / f"{'0a' * 16}.npz",
        folder / "lexicons" / "en-us-1.52.0-3.1.1-0.1.0.json",
        folder / "piper" / f"{'ab' * 32}-{vits._FORMAT}.onnx",
        folder / "negatives" / ".tmp-ab_d3fgh",
        *(folder / name for name in FOREIGN),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(1000))
    return folder


def there(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_path_is_the_folder_and_nothing_else(cli, folder):
    assert cli("cache", "path").out == f"{folder}\n"
    assert json.loads(cli("cache", "path", "--json").out) == {"path": str(folder)}


def test_stats_count_each_kind_and_clips_by_engine(cli, full):
    document = json.loads(cli("cache", "stats", "--json").out)
    counts = {row["kind"]: row["count"] for row in document["kinds"]}
    assert counts == {"clips": 4, "rooms": 1, "negatives": 3, "lexicons": 1, "models": 2}
    assert {name: one["count"] for name, one in document["kinds"][0]["by_engine"].items()} == {"flite": 1, "piper": 3}
    own = there(full) - set(FOREIGN)
    assert document["bytes"] == sum((full / name).stat().st_size for name in own)
    assert document["bytes"] == sum(row["bytes"] for row in document["kinds"])
    text = cli("cache", "stats").out
    assert "what engines spoke, for any project: flite 1, piper 3" in text
    assert f"in {full}; of clips at most 2.0 GB are kept" in text


def test_an_empty_cache_has_nothing_of_anything(cli, folder):
    assert {row["count"] for row in json.loads(cli("cache", "stats", "--json").out)["kinds"]} == {0}
    assert json.loads(cli("cache", "list", "--json").out)["items"] == []
    assert cli("cache", "verify").out == "0 of 0 clips are whole.\n"
    assert cli("cache", "clear").code == 0, "nothing to ask"
    assert not folder.exists()


def test_the_list_names_things_by_kind(cli, full):
    items = json.loads(cli("cache", "list", "--json").out)["items"]
    names = [(item["kind"], item["name"], item["files"]) for item in items]
    assert names[:3] == [("clips", "flite", 1), ("clips", "piper", 3), ("lexicons", "en-us-1.52.0-3.1.1-0.1.0", 1)]
    assert sorted(item["files"] for item in items if item["kind"] == "rooms") == [4]
    text = cli("cache", "list", "lexicons", "clips").out
    assert [line.split()[0] for line in text.splitlines()] == ["KIND", "clips", "clips", "lexicons"]
    piper = text.splitlines()[2].split()
    size = sum(path.stat().st_size for path in full.glob("clips/piper/*/*.flac"))
    assert piper[:5] == ["clips", "piper", "3", str(size), "B"]


def test_clear_removes_one_kind_and_leaves_the_others(cli, full):
    before = there(full)
    done = cli("cache", "clear", "clips", "lexicons", "--yes")
    assert (done.code, done.out.startswith("Removed ")) == (0, True)
    gone = before - there(full)
    assert len(gone) == 5
    assert all(name.startswith(("clips/", "lexicons/")) for name in gone)
    assert not (full / "lexicons").exists()


@pytest.mark.parametrize("words", [(), ("all",), ("clips", "all")])
def test_clear_of_all_leaves_what_is_somebody_elses(cli, full, words):
    assert cli("cache", "clear", *words, "--yes").code == 0
    assert there(full) == set(FOREIGN)
    assert json.loads(cli("cache", "list", "--json").out)["items"] == []


def test_clear_says_as_json_what_it_removed(cli, clips):
    document = json.loads(cli("cache", "clear", "clips", "-y", "--json").out)
    assert [(item["name"], item["files"]) for item in document["items"]] == [("flite", 1), ("piper", 3)]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "code", "left"), [("n\n", 1, 4), ("\n", 1, 4), ("y\n", 0, 0)])
def test_on_a_terminal_clear_asks_first(cli, clips, monkeypatch, answer, code, left):
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    size = sum(entry.bytes for entry in clips.entries())
    done = cli("cache", "clear")
    assert (done.code, len(list(clips.entries()))) == (code, left)
    assert f"Remove clips, {size / 1000:.1f} kB, from {clips.folder.parent}?" in done.err
    assert ("Nothing was removed." in done.err) == bool(left)


def test_without_a_terminal_clear_needs_yes(cli, clips, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    done = cli("cache", "clear")
    assert (done.code, "add --yes" in done.err) == (2, True)
    assert len(list(clips.entries())) == 4


@pytest.mark.parametrize("command", ["list", "clear"])
def test_a_kind_that_there_is_not_is_refused_with_the_nearest(cli, clips, command):
    done = cli("cache", command, "clisp")
    assert (done.code, "Did you mean 'clips'?" in done.err) == (3, True)
    with pytest.raises(BadInput):
        wakegen.clear_cache(["clisp"])
    assert len(list(clips.entries())) == 4


def test_clear_follows_no_link_out_of_the_folder(cli, clips, folder, tmp_path):
    outside = clips.folder.rename(tmp_path / "outside")
    before = there(outside)
    clips.folder.symlink_to(outside, target_is_directory=True)
    (folder / "banks" / "0a").mkdir(parents=True)
    (folder / "banks" / ("0b" * 16)).symlink_to(outside, target_is_directory=True)
    (outside / "bank.json").write_text("{}")
    clip = folder / "lexicons" / "linked.json"
    clip.parent.mkdir()
    clip.symlink_to(outside / "bank.json")
    assert cli("cache", "clear", "all", "--yes").code == 0
    assert there(outside) == before | {"bank.json"}
    assert not clip.is_symlink(), "the link itself was in the folder"


def test_verify_names_and_removes_what_is_damaged(cli, clips):
    bad = clips.path("piper", f"{1:064x}")
    bad.write_bytes(bad.read_bytes()[:-1])
    empty = clips.path("flite", f"{3:064x}")
    empty.write_bytes(b"")
    done = cli("cache", "verify")
    assert done.code == 0
    assert sorted(done.out.splitlines()) == sorted(
        [f"damaged, removed: {bad}", f"damaged, removed: {empty}", "2 of 4 clips are whole."]
    )
    assert len(list(clips.entries())) == 2
    assert json.loads(cli("cache", "verify", "--json").out) == {"folder": str(clips.folder), "clips": 2, "removed": []}


def test_what_cannot_be_removed_is_a_clear_error(cli, folder):
    with mounted(folder, size_kb=500):
        GenerationCache().put("piper", "ab" * 32, np.arange(1000, dtype=np.int16))
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        done = cli("cache", "clear", "--yes")
    assert (done.code, "cannot be removed: Read-only file system" in done.err) == (1, True)
