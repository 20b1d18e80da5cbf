"""A file over HTTP: with a deadline, and going on where an earlier try stopped."""

from __future__ import annotations

import http.client
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any

from wakegen.core.version import VERSION
from wakegen.voices.sources import CHUNK_BYTES, OnBytes, SourceFailed, open_part, write

TIMEOUT_S = 30.0  # without one byte: a mirror that works, however slow, sends something in that time
_NO_SUCH_RANGE = 416
_TRIES = 5  # of one address, while each brings the file on


def fetch(url: str, part: Path, *, size_bytes: int, timeout_s: float = TIMEOUT_S, on_bytes: OnBytes) -> None:
    """Bring `part` to `size_bytes`, going on from what it holds.

    Raises
    ------
    SourceFailed : the server cannot be reached, refuses, stalls, or gives another size. What came stays in `part`.
    StorageError : the disk is full.
    """
    for left in reversed(range(_TRIES)):
        before = _held(part, size_bytes)
        if before == size_bytes:
            return
        try:
            _once(url, part, size_bytes=size_bytes, timeout_s=timeout_s, on_bytes=on_bytes)
        except SourceFailed:
            if not left or _held(part, size_bytes) <= before:
                raise


def _held(part: Path, size_bytes: int) -> int:
    """Give how many bytes of the file are there; a part that is too long is none."""
    held = part.stat().st_size if part.is_file() else 0
    if held > size_bytes:
        part.write_bytes(b"")
        return 0
    return held


def _once(url: str, part: Path, *, size_bytes: int, timeout_s: float, on_bytes: OnBytes) -> None:
    held = _held(part, size_bytes)
    try:
        asked = _asked(url, held, timeout_s)
    except SourceFailed as error:
        if not held or error.status != _NO_SUCH_RANGE:
            raise
        held, asked = 0, _asked(url, 0, timeout_s)  # what is held belongs to another file
    with asked as answer:
        start = _start(answer, held)
        offered = answer.headers.get("Content-Length", "")
        if offered.isdigit() and start + int(offered) != size_bytes:
            raise SourceFailed(f"offers {start + int(offered)} bytes, and the catalogue says {size_bytes}")
        with open_part(part, append=bool(start)) as out:
            _receive(answer, out, part, start=start, size_bytes=size_bytes, timeout_s=timeout_s, on_bytes=on_bytes)


def _receive(
    answer: Any, out: IO[bytes], part: Path, *, start: int, size_bytes: int, timeout_s: float, on_bytes: OnBytes
) -> None:
    done = start
    while done < size_bytes:
        try:
            # read1 gives what has come: read would wait for a whole block, and lose it when the line is cut.
            block = answer.read1(min(CHUNK_BYTES, size_bytes - done))
        except TimeoutError as error:
            raise _failed(error, timeout_s) from error
        except (OSError, http.client.HTTPException):
            block = b""
        if not block:
            raise SourceFailed(f"broke off after {done} of {size_bytes} bytes", down=True)
        write(out, block, part)
        done += len(block)
        on_bytes(done)


def _asked(url: str, held: int, timeout_s: float) -> Any:
    headers = {"User-Agent": f"wakegen/{VERSION}", "Accept-Encoding": "identity"}
    if held:
        headers["Range"] = f"bytes={held}-"
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout_s)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _failed(error, timeout_s) from error


def _start(answer: Any, held: int) -> int:
    """Give the place in the file of the first byte that comes: 0 where the server knows no ranges."""
    if answer.status != 206:
        return 0
    said = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    if not said or int(said[1]) != held:
        raise SourceFailed("answers with another range than was asked for")
    return held


def _failed(error: Exception, timeout_s: float) -> SourceFailed:
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        down = error.code not in (404, 410, _NO_SUCH_RANGE)  # those say nothing of the host's other files
        return SourceFailed(f"answers HTTP {error.code} {error.reason}".strip(), down=down, status=error.code)
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return SourceFailed(f"sent nothing for {timeout_s:g} s", down=True)
    text = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return SourceFailed(f"cannot be reached: {text}", down=True)
