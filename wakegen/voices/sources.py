"""What all sources of a file have in common: how they fail, and how bytes reach the disk."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Protocol

from wakegen.core.errors import StorageError
from wakegen.core.files import sha256_file, storage_error
from wakegen.voices.catalogue import VoiceFile

CHUNK_BYTES = 1 << 17
OnBytes = Callable[[int], None]  # told how many bytes of the file are there now


class Readable(Protocol):
    """What bytes can be read from: a file, a member of an archive, an unpacked stream."""

    def read(self, size: int, /) -> bytes:
        """Give `size` bytes or fewer; none at the end."""
        ...


class SourceFailed(Exception):
    """A source did not give the file; the text says why. Never seen by a user: the next source is tried."""

    def __init__(self, reason: str, *, down: bool = False, status: int = 0) -> None:
        super().__init__(reason)
        self.down = down  # there is no point in asking the same host for another file
        self.status = status  # of HTTP, where that was the answer


def check(part: Path, file: VoiceFile) -> None:
    """Let pass a file whose bytes are those of the catalogue. Raises SourceFailed, naming both hashes."""
    size = part.stat().st_size
    if size != file.bytes:
        raise SourceFailed(f"gave {size} bytes, and the catalogue says {file.bytes}")
    found = sha256_file(part)
    if found != file.sha256:
        raise SourceFailed(f"refused: its sha256 is {found}, and the catalogue says {file.sha256}")


def place(part: Path, target: Path) -> None:
    """Give a checked file its name. Raises StorageError."""
    try:
        with part.open("rb") as file:
            os.fsync(file.fileno())
        os.chmod(part, 0o644)
        os.replace(part, target)
    except OSError as error:
        raise disk_error(error, target) from error


def copy(source: Readable, part: Path, *, limit_bytes: int, append: bool = False, on_bytes: OnBytes) -> None:
    """Copy into `part`, `limit_bytes` at most in all.

    Raises
    ------
    SourceFailed : the source holds more.
    StorageError : the disk is full.
    """
    with open_part(part, append=append) as out:
        done = out.tell()
        while block := source.read(CHUNK_BYTES):
            done += len(block)
            if done > limit_bytes:
                raise SourceFailed(f"holds more than the {limit_bytes} bytes that the catalogue says")
            write(out, block, part)
            on_bytes(done)


def open_part(part: Path, *, append: bool) -> IO[bytes]:
    """Open an unfinished file for writing, its folder made. Raises StorageError."""
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        return part.open("ab" if append else "wb", buffering=0)
    except OSError as error:
        raise disk_error(error, part) from error


def write(out: IO[bytes], block: bytes, part: Path) -> None:
    """Write a block. Raises StorageError, so that a full disk is never taken for a failed network."""
    try:
        view = memoryview(block)
        while view:  # unbuffered: a write may be short where the disk fills up
            view = view[out.write(view) :]
    except OSError as error:
        raise disk_error(error, part) from error


def disk_error(error: OSError, path: Path) -> StorageError:
    """Say what an OSError below the folder of voices means and what to do."""
    said = storage_error(error, path)
    if error.errno == errno.ENOSPC:
        return said
    return StorageError(str(said), hint="Choose another folder of voices with WAKEGEN_VOICES, or change its owner.")
