"""The database: rows come back as they went in, and a transaction is all or nothing."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.disk import mounted
from wakegen.core.errors import StorageError
from wakegen.dataset.fill import keep
from wakegen.dataset.store import Clip, Store, audio_path, read_clip


def clip(number: int, **more: object) -> Clip:
    values = {
        "stage": "speech",
        "label": "positive",
        "kind": "phrase",
        "phrase": "hey катя",
        "text": "hey",
        "split": "train",
    }
    return Clip(number, **(values | more))


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path) as opened:
        yield opened


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
)


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(st.text(max_size=4), JSON, max_size=3),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
def test_a_row_comes_back_as_it_went_in(tmp_path_factory, parameters, text):
    row = clip(
        1, parameters=parameters, text=text, scene={"snr_db": 3.25}, seconds=1.5, parent=7, sha256="ab", state="done"
    )
    with Store(tmp_path_factory.mktemp("store")) as store:
        with store.transaction():
            store.add([row])
        assert list(store.clips()) == [row]


def test_rows_are_found_by_their_columns_in_the_order_of_the_plan(store):
    with store.transaction():
        store.add([clip(3, split="test"), clip(1), clip(2, kind="word"), clip(4, kind="noise", parent=1)])
    assert [row.id for row in store.clips()] == [1, 2, 3, 4]
    assert [row.id for row in store.clips(kind=("phrase", "word"), split="train")] == [1, 2]
    assert [row.id for row in store.clips(parent=None)] == [1, 2, 3]
    assert store.count(kind="phrase") == 2
    assert store.tally("kind") == {"phrase": 2, "noise": 1, "word": 1}
    assert store.next_id() == 5


def test_a_failed_transaction_leaves_nothing(store):
    with pytest.raises(AttributeError), store.transaction():
        store.add([clip(1), None])
    assert store.count() == 0


def test_two_done_rows_cannot_hold_the_same_samples(store):
    with store.transaction():
        store.add([clip(1, state="done", sha256="ab"), clip(2), clip(3, state="rejected", sha256="ab")])
    assert store.known_sha256("ab") == 1
    with pytest.raises(StorageError, match="UNIQUE"), store.transaction():
        store.update(2, state="done", sha256="ab")


DIE = """
import os, signal, sys
from pathlib import Path
from tests.dataset.test_store import clip
from wakegen.dataset.store import Store
store = Store(Path(sys.argv[1]))
with store.transaction():
    store.add([clip(1)])
with store.transaction():
    store.add([clip(i) for i in range(2, 5000)])
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_transaction_of_a_killed_process_never_was(tmp_path):
    assert subprocess.run([sys.executable, "-c", DIE, str(tmp_path)]).returncode == -signal.SIGKILL
    with Store(tmp_path) as store:
        assert [row.id for row in store.clips()] == [1]


def test_stages_and_facts_are_remembered(store):
    with store.transaction():
        store.finish_stage("train", fingerprint="f", summary={"line": "ü"}, seconds=1.5)
        store.set_meta("phrase", "a")
        store.set_meta("phrase", "b")
    assert store.stage("train") == ("f", '{"line": "ü"}', 1.5)
    assert (store.meta("phrase"), store.meta("none"), store.stage("none")) == ("b", None, None)
    store.forget_stages(["train"])
    assert store.stage("train") is None


def test_a_database_is_in_wal_mode_and_synced(tmp_path):
    with Store(tmp_path) as store:
        assert store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)


@pytest.mark.parametrize("content", [b"nonsense " * 1000, b"SQLite format 3\x00" + bytes(5000)])
def test_a_damaged_database_is_a_storage_error(tmp_path, content):
    (tmp_path / "wakegen.db").write_bytes(content)
    with pytest.raises(StorageError, match=r"wakegen\.db cannot be used"):
        Store(tmp_path)


def test_a_full_disk_is_said(tmp_path):
    with mounted(tmp_path / "disk", size_kb=400) as disk, Store(disk) as store:
        with pytest.raises(StorageError, match="The disk is full"), store.transaction():
            store.add([clip(i, text="x" * 1000) for i in range(2000)])
        assert store.count() == 0


def test_a_missing_folder_is_a_storage_error(tmp_path):
    with pytest.raises(StorageError):
        Store(tmp_path / "none")


def test_the_columns_are_those_promised(store):
    columns = {row[1] for row in store._db.execute("PRAGMA table_info(clips)")}
    promised = {
        "id",
        "phrase",
        "text",
        "label",
        "kind",
        "split",
        "engine",
        "engine_version",
        "voice",
        "gender",
        "language",
    }
    assert promised | {"accent", "parameters", "scene", "quality", "licence", "source", "created", "sha256"} <= columns
    assert sqlite3.sqlite_version_info >= (3, 37), "STRICT tables"


def test_samples_are_kept_under_the_hash_of_their_bytes(tmp_path):
    samples = np.arange(-2000, 2000, dtype=np.int16)
    sha256 = keep(tmp_path, samples)
    assert sha256 == hashlib.sha256(samples.tobytes()).hexdigest()
    assert audio_path(tmp_path, sha256) == tmp_path / "audio" / sha256[:2] / f"{sha256}.flac"
    assert np.array_equal(read_clip(tmp_path, sha256), samples)
    before = os.stat(audio_path(tmp_path, sha256)).st_mtime_ns
    assert keep(tmp_path, samples.copy()) == sha256
    assert os.stat(audio_path(tmp_path, sha256)).st_mtime_ns == before, "what is there is not written again"
    assert keep(tmp_path, samples[::-1]) != sha256
    assert keep(tmp_path, samples[::2]) == keep(tmp_path, np.ascontiguousarray(samples[::2])), (
        "memory layout is no matter"
    )
