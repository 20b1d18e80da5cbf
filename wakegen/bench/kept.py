"""What a device has made of clips, kept as it comes: a run that broke off goes on behind the last clip."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import StorageError
from wakegen.devices.messages import record_type

NAME = "heard.db"


class Kept:
    """A file of clips by their key. Each is there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        """Open or begin the file in a session's folder.

        Raises
        ------
        StorageError : it cannot be written.
        """
        self._path = folder / NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self._path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("CREATE TABLE IF NOT EXISTS heard (key TEXT PRIMARY KEY, models INTEGER, steps BLOB)")
            self._db.execute("CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT)")
        except (OSError, sqlite3.Error) as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def find(self, key: str) -> NDArray[np.void] | None:
        """Give the steps of a clip that was heard before."""
        row = self._db.execute("SELECT models, steps FROM heard WHERE key = ?", (key,)).fetchone()
        return None if row is None else np.frombuffer(row[1], record_type(row[0]))

    def keep(self, key: str, steps: NDArray[np.void]) -> None:
        """Keep the steps of a clip.

        Raises
        ------
        StorageError : the disk is full, for one.
        """
        row = (key, steps.dtype["models"].shape[0], steps.tobytes())
        self._run("INSERT OR REPLACE INTO heard VALUES (?, ?, ?)", row)

    def count(self) -> int:
        """Give how many clips are kept."""
        return int(self._db.execute("SELECT count(*) FROM heard").fetchone()[0])

    def note(self, name: str) -> object:
        """Give what was noted under a name; None if nothing was."""
        row = self._db.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def write_note(self, name: str, value: object) -> None:
        """Note something that JSON can hold."""
        self._run("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, json.dumps(value)))

    def _run(self, statement: str, row: tuple[object, ...]) -> None:
        try:
            self._db.execute(statement, row)
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> StorageError:
        return StorageError(
            f"{self._path} cannot be written: {error}.",
            hint="Is the disk full? Make room and run the same again: it goes on where it was.",
        )
