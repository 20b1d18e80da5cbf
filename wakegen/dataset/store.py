"""A project's clips: one SQLite database and content-addressed FLAC files.

A plan is written as rows first; a run is "fill what is still planned". Files are written and synced before
the transaction that names them, so after any crash a row is either planned or its file is there and whole.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.audio.io import read_flac
from wakegen.core.errors import BadInput, StorageError
from wakegen.core.files import storage_error

PLANNED, DONE, FAILED, REJECTED = "planned", "done", "failed", "rejected"
SPEECH, SCENE = "speech", "scene"  # what is spoken; what a device hears

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS clips (
  id INTEGER PRIMARY KEY,
  stage TEXT NOT NULL, label TEXT NOT NULL, kind TEXT NOT NULL, phrase TEXT NOT NULL, text TEXT NOT NULL,
  split TEXT NOT NULL, engine TEXT NOT NULL, engine_version TEXT NOT NULL, voice TEXT NOT NULL,
  speaker TEXT NOT NULL, gender TEXT NOT NULL, language TEXT NOT NULL, accent TEXT NOT NULL,
  parameters TEXT NOT NULL, parent INTEGER, scene TEXT NOT NULL,
  state TEXT NOT NULL, reason TEXT NOT NULL, sha256 TEXT, seconds REAL, span_start_s REAL, span_end_s REAL,
  quality TEXT NOT NULL, licence TEXT NOT NULL, source TEXT NOT NULL, created TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS clips_by_state ON clips (stage, state);
CREATE UNIQUE INDEX IF NOT EXISTS clips_by_sha256 ON clips (sha256) WHERE state = 'done';
CREATE TABLE IF NOT EXISTS stages (
  name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, summary TEXT NOT NULL, seconds REAL NOT NULL, finished TEXT NOT NULL
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Clip:
    """One row: what was planned and, once done, what came of it."""

    id: int
    stage: str  # SPEECH or SCENE
    label: str  # "positive", "negative" or "noise"
    kind: str  # "phrase", "confusable", "partial", "sentence", "word", "noise", …
    phrase: str
    text: str
    split: str  # "train", "val", "test" or "recordings"
    engine: str = ""
    engine_version: str = ""
    voice: str = ""
    speaker: str = ""
    gender: str = ""
    language: str = ""
    accent: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)  # the engine's request, or what a scene is given
    parent: int | None = None  # a scene's clip
    scene: Mapping[str, Any] = field(default_factory=dict)
    state: str = PLANNED
    reason: str = ""
    sha256: str | None = None  # of the int16 samples
    seconds: float | None = None
    span_start_s: float | None = None  # where the phrase (or speech) lies within the clip
    span_end_s: float | None = None
    quality: Mapping[str, Any] = field(default_factory=dict)
    licence: str = ""
    source: str = ""
    created: str | None = None


_JSON = ("parameters", "scene", "quality")
_COLUMNS = tuple(item.name for item in fields(Clip))


class Store:
    """The database of one project. One writer at a time: whoever holds the project's lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "wakegen.db"
        try:
            self._db = sqlite3.connect(self.path, isolation_level=None, timeout=30)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_TABLES)
        except sqlite3.Error as error:
            raise _explained(error, self.path) from error

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, also when the process is killed."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._db.in_transaction:  # SQLite has rolled back already where the disk is full
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise _explained(error, self.path) from error

    def add(self, clips: Iterable[Clip]) -> None:
        """Write planned rows."""
        places = ", ".join("?" * len(_COLUMNS))
        self._db.executemany(f"INSERT INTO clips ({', '.join(_COLUMNS)}) VALUES ({places})", map(_to_row, clips))

    def update(self, clip_id: int, **values: Any) -> None:
        """Change some columns of one row."""
        packed = {name: _packed(name, value) for name, value in values.items()}
        unknown = packed.keys() - set(_COLUMNS)
        assert not unknown, f"no such columns: {unknown}"
        setting = ", ".join(f"{name} = ?" for name in packed)
        self._db.execute(f"UPDATE clips SET {setting} WHERE id = ?", (*packed.values(), clip_id))

    def clips(self, **equal: Any) -> Iterator[Clip]:
        """Give rows by equality of columns (a tuple means: one of these), in the order of the plan."""
        where, values = _where(equal)
        try:
            rows = self._db.execute(f"SELECT {', '.join(_COLUMNS)} FROM clips {where} ORDER BY id", values)
            yield from map(_from_row, rows)
        except sqlite3.Error as error:
            raise _explained(error, self.path) from error

    def count(self, **equal: Any) -> int:
        """Count rows by equality of columns."""
        where, values = _where(equal)
        return int(self._db.execute(f"SELECT count(*) FROM clips {where}", values).fetchone()[0])

    def tally(self, column: str, **equal: Any) -> dict[str, int]:
        """Count rows by the values of a column, most frequent first."""
        assert column in _COLUMNS
        where, values = _where(equal)
        query = f"SELECT {column}, count(*) FROM clips {where} GROUP BY {column} ORDER BY 2 DESC, 1"
        return {str(name): int(number) for name, number in self._db.execute(query, values)}

    def delete(self, **equal: Any) -> None:
        """Remove rows by equality of columns."""
        where, values = _where(equal)
        self._db.execute(f"DELETE FROM clips {where}", values)

    def next_id(self) -> int:
        """Give the first free place in the plan."""
        return int(self._db.execute("SELECT coalesce(max(id), 0) + 1 FROM clips").fetchone()[0])

    def known_sha256(self, sha256: str) -> int | None:
        """Give the done clip that holds these samples, if any."""
        found = self._db.execute("SELECT id FROM clips WHERE sha256 = ? AND state = 'done'", (sha256,)).fetchone()
        return int(found[0]) if found else None

    def meta(self, key: str) -> str | None:
        """Read one fact about the project."""
        found = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(found[0]) if found else None

    def set_meta(self, key: str, value: str) -> None:
        """Write one fact about the project."""
        self._db.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value)
        )

    def stage(self, name: str) -> tuple[str, str, float] | None:
        """Give fingerprint, summary (JSON) and seconds of a finished stage."""
        found = self._db.execute("SELECT fingerprint, summary, seconds FROM stages WHERE name = ?", (name,)).fetchone()
        return (str(found[0]), str(found[1]), float(found[2])) if found else None

    def finish_stage(self, name: str, *, fingerprint: str, summary: Any, seconds: float) -> None:
        """Note that a stage is done for this fingerprint of what it was made from."""
        self._db.execute(
            "INSERT OR REPLACE INTO stages VALUES (?, ?, ?, ?, datetime('now'))",
            (name, fingerprint, json.dumps(summary, ensure_ascii=False), seconds),
        )

    def forget_stages(self, names: Iterable[str]) -> None:
        """Forget that stages were finished."""
        self._db.executemany("DELETE FROM stages WHERE name = ?", [(name,) for name in names])

    def audio_path(self, sha256: str) -> Path:
        """Give the place of a clip's FLAC file."""
        return audio_path(self.folder, sha256)


def audio_path(folder: Path, sha256: str) -> Path:
    """Give the place of a clip's FLAC file below a project folder."""
    return folder / "audio" / sha256[:2] / f"{sha256}.flac"


def read_clip(folder: Path, sha256: str) -> NDArray[np.int16]:
    """Read the samples of a clip.

    Raises
    ------
    StorageError : its file is gone or damaged.
    """
    path = audio_path(folder, sha256)
    try:
        return read_flac(path)
    except BadInput as error:
        raise StorageError(
            f"The clip {path} cannot be read: {error}",
            hint="Put the file back, or remove the project folder and run the same command again.",
        ) from error


def _where(equal: Mapping[str, Any]) -> tuple[str, list[Any]]:
    assert set(equal) <= set(_COLUMNS)
    parts: list[str] = []
    values: list[Any] = []
    for name, value in equal.items():
        if isinstance(value, tuple):
            parts.append(f"{name} IN ({', '.join('?' * len(value))})")
            values += value
        elif value is None:
            parts.append(f"{name} IS NULL")
        else:
            parts.append(f"{name} = ?")
            values.append(value)
    return ("WHERE " + " AND ".join(parts) if parts else ""), values


def _packed(name: str, value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if name in _JSON else value


def _to_row(clip: Clip) -> tuple[Any, ...]:
    return tuple(_packed(name, getattr(clip, name)) for name in _COLUMNS)


def _from_row(row: tuple[Any, ...]) -> Clip:
    values = dict(zip(_COLUMNS, row, strict=True))
    for name in _JSON:
        values[name] = json.loads(values[name])
    return Clip(**values)


def _explained(error: sqlite3.Error, path: Path) -> StorageError:
    text = str(error)
    if "full" in text:
        return storage_error(OSError(28, "No space left on device"), path)
    if "readonly" in text or "unable to open" in text:
        return storage_error(OSError(13, "Permission denied"), path)
    return StorageError(
        f"{path} cannot be used: {text}.", hint="If it is damaged, remove the project folder and run again."
    )
