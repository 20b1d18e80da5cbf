"""sessions/<time>-<device>/: what one measurement on a device leaves behind, and where a broken-off one goes on."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from wakegen.bench.kept import NAME, Kept
from wakegen.core.errors import BadInput, StorageError
from wakegen.core.files import write_json
from wakegen.core.names import did_you_mean, slug

RESULTS, LOG, TRACE, REPORT = "results.json", "log.txt", "received.bin", "report.html"


@dataclass(slots=True)
class Session:
    """A measurement that is under way."""

    folder: Path
    kept: Kept
    trace: BinaryIO
    continued: bool  # an earlier one broke off here

    def log(self, level: int, text: str) -> None:
        """Write a line to log.txt."""
        line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S} {logging.getLevelName(level).lower()}: {text}\n"
        try:
            with (self.folder / LOG).open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            raise StorageError(f"{self.folder / LOG} cannot be written: {error}.", hint="Is the disk full?") from error

    def close(self) -> None:
        """Close its files."""
        with suppress(OSError):  # a full disk has been told of already
            self.trace.close()
        self.kept.close()

    def drop_if_empty(self) -> None:
        """Leave nothing behind where nothing was heard."""
        if not self.continued and not self.kept.count():
            self.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def finish(self, results: Mapping[str, Any]) -> Path:
        """Write results.json: from now on the session is done."""
        self.close()
        write_json(self.folder / RESULTS, results)
        return self.folder


def begin(home: Path, device: str, context: Mapping[str, Any]) -> Session:
    """Go on with a session of this very context that broke off, or begin one.

    Raises
    ------
    StorageError : the folder cannot be written.
    """
    identity = hashlib.sha256(json.dumps(context, sort_keys=True).encode()).hexdigest()
    folder = next(_unfinished(home, identity), None)
    continued = folder is not None
    if folder is None:
        folder = _free(home / "sessions" / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{slug(device)}")
    kept = Kept(folder)
    kept.write_note("context", identity)
    try:
        return Session(folder, kept, (folder / TRACE).open("ab"), continued)
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error}.", hint="Is the disk full?") from error


def finished(place: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Give the finished sessions of a project (or a folder with `sessions`), the oldest first, with their results."""
    found = []
    for path in sorted((place / "sessions").glob(f"*/{RESULTS}")):
        try:
            found.append((path.parent, json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError):
            continue  # damaged: `read` says so where it is asked for
    return found


def read(place: Path, *, home: Path = Path()) -> dict[str, Any]:
    """Give the results of a session: its folder, its results.json, or its name in `home`.

    Raises
    ------
    BadInput : there is no such session, or it cannot be read.
    """
    for path in (place, place / RESULTS, home / "sessions" / place / RESULTS):
        if path.is_file():
            try:
                results: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise BadInput(f"{path} cannot be read: {error}.", hint="Measure again: wakegen bench.") from error
            return results
    names = {folder.name for folder, _ in finished(home)}
    raise BadInput(
        f"There is no finished session at {place}.",
        hint=did_you_mean(place.name, names) if names else "wakegen bench list shows them.",
    )


def _unfinished(home: Path, identity: str) -> Iterator[Path]:
    for path in sorted((home / "sessions").glob(f"*/{NAME}"), reverse=True):
        if (path.parent / RESULTS).exists():
            continue
        kept = Kept(path.parent)
        same = kept.note("context") == identity
        kept.close()
        if same:
            yield path.parent


def _free(folder: Path) -> Path:
    """Give a folder that is not there yet: two sessions may begin in one second."""
    number, found = 2, folder
    while found.exists():
        found, number = folder.with_name(f"{folder.name}-{number}"), number + 1
    return found
