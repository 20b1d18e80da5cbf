"""Files that are whole or absent: written beside their place, synced, renamed."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from wakegen.core.errors import BadInput, StorageError
from wakegen.core.paths import cache_folder

_UNFINISHED = ".tmp-"


def write_bytes(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Write `data` to `path` so that a reader sees the old file or the new one, never a part.

    Raises
    ------
    StorageError : the folder cannot be written or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=_UNFINISHED, dir=path.parent)
    except OSError as error:
        raise storage_error(error, path) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise storage_error(error, path) from error
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def sweep(folder: Path) -> None:
    """Remove what writers that were killed left below `folder`; nobody may be writing there."""
    for where, _, names in os.walk(folder):
        for name in names:
            if name.startswith(_UNFINISHED):
                (Path(where) / name).unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text as `write_bytes` does."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write JSON with sorted-as-given keys, two spaces, and a final newline."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def sha256_file(path: Path) -> str:
    """Give the sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def confined(root: Path, name: str) -> Path:
    """Give `root/name`, refusing names that lead out of `root`.

    Raises
    ------
    BadInput : the resolved path is not below `root`.
    """
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()):
        raise BadInput(f"'{name}' leads out of {root}.", hint="Use a name without '..' or a leading '/'.")
    return path


def storage_error(error: OSError, path: Path) -> StorageError:
    """Say what an OSError on `path` means and what to do."""
    if error.errno == errno.ENOSPC:
        return StorageError(
            f"The disk is full: {path} could not be written.",
            hint="Free some space and run the same command again; it goes on where it stopped.",
        )
    cached = path.is_relative_to(cache_folder())
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        how = "in WAKEGEN_CACHE" if cached else "with --out"
        return StorageError(
            f"No permission to write {path}.", hint=f"Name another folder {how}, or change its owner or mode."
        )
    where = "that WAKEGEN_CACHE names" if cached else "given with --out"
    return StorageError(f"{path} could not be written: {error.strerror or error}.", hint=f"Check the folder {where}.")
