"""One process at a time in a project folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wakegen.core.errors import ProjectBusy
from wakegen.core.files import storage_error


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the lock of a project folder; the system drops it when the process dies, however it dies.

    Raises
    ------
    ProjectBusy : another process holds it.
    StorageError : the folder cannot be written.
    """
    path = folder / ".lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise storage_error(error, path) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
            raise ProjectBusy(
                f"Another wakegen (process {holder}) is working in {folder}.",
                hint="Wait for it, stop it, or give another folder with --out.",
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
