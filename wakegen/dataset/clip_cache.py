"""Clips that a slow engine has spoken, kept for whichever project asks for the same again.

A clip is a pure function of its request, the engine, the voice's files, and the code and libraries that make samples of
them. A hash of all these is the name of its file below the cache folder. The file is FLAC, which any player opens, and
then the SHA-256 of that name and that FLAC: one that was cut short, changed or renamed is dropped and its clip spoken
again. So what a project gets does not depend on what is kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import time
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wakegen.audio.io import flac_bytes, read_flac
from wakegen.core.errors import BadInput, StorageError
from wakegen.core.events import Notice, OnEvent
from wakegen.core.files import sha256_file, write_bytes
from wakegen.core.paths import cache_folder, voices_folder
from wakegen.core.version import VERSION
from wakegen.engines import table
from wakegen.engines.base import Engine, SpeechRequest

FOLDER = "clips"  # in the cache folder; below it ENGINE/AB/ABC….flac
CLIP_NAME = r"[0-9a-f]{64}\.flac"
LIMIT_BYTES = 2_000_000_000  # about 100,000 clips of a second
_WORTH_CPU_S = 0.01  # for a second of speech: reading a clip back takes 0.6 ms
_IS_CLIP = re.compile(CLIP_NAME).fullmatch
_DIGEST = 32  # bytes
_PROBE = bytes(1 << 16)  # more than most clips have
_LEFT_S = 3600.0  # nobody writes a clip for an hour: whoever began it was killed
# What takes part in making samples, beside the engine, which knows its own version.
_LIBRARIES = ("espeakng-loader", "numpy", "onnxruntime", "phonemizer", "phonemizer-fork", "soxr")
_SOURCES = ("audio/*.py", "core/seeds.py", "dataset/speak.py", "engines/*.py", "espeak/*.py")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that is kept, or was not finished."""

    path: Path
    bytes: int
    used_s: float  # when it was last written or read, since 1970


class GenerationCache:
    """The clips that are kept in a cache folder. Any number of processes may use it at once."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = (folder or cache_folder()) / FOLDER

    def path(self, engine: str, key: str) -> Path:
        """Give the place of a clip."""
        return self.folder / engine / key[:2] / f"{key}.flac"

    def get(self, engine: str, key: str) -> NDArray[np.int16] | None:
        """Give the samples of a clip, int16 at 16 kHz; None if it is not kept. Drops what is damaged."""
        path = self.path(engine, key)
        try:
            if not is_whole(path):
                path.unlink()
                return None
            samples = read_flac(path)
        except (OSError, BadInput):  # not there, or it cannot be read or dropped: then it is spoken again
            return None
        with suppress(OSError):  # a folder that is only to be read serves as well
            os.utime(path)  # what was not used for the longest time is dropped first
        return samples

    def put(self, engine: str, key: str, samples: NDArray[np.int16]) -> None:
        """Keep a clip. Where nothing can be written it is not kept: see `trouble`."""
        data = flac_bytes(samples)
        with suppress(StorageError):
            write_bytes(self.path(engine, key), data + _digest(key, data), sync=False)

    def entries(self) -> Iterator[Entry]:
        """Give all clips that are kept."""
        return (entry for entry in self._files() if _IS_CLIP(entry.path.name))

    def trouble(self) -> str:
        """Say why no clip can be kept, "" if one can."""
        probe = self.folder / ".probe"
        try:
            write_bytes(probe, _PROBE, sync=False)
        except StorageError as error:
            return str(error)
        finally:
            with suppress(OSError):
                probe.unlink()
        return ""

    def prune(self, limit_bytes: int = LIMIT_BYTES) -> None:
        """Drop the clips that were not used for the longest time, down to a limit, and what killed writers left."""
        total, left_s = 0, time.time() - _LEFT_S
        for entry in sorted(self._files(), key=lambda entry: -entry.used_s):
            is_clip = _IS_CLIP(entry.path.name) is not None
            total += entry.bytes * is_clip
            unfinished = entry.path.name.startswith(".")
            if (is_clip and total > limit_bytes) or (unfinished and entry.used_s < left_s):
                with suppress(OSError):
                    entry.path.unlink()

    def _files(self) -> Iterator[Entry]:
        for where, _, names in os.walk(self.folder):
            for name in names:
                path = Path(where) / name
                with suppress(OSError):  # dropped meanwhile
                    found = path.stat()
                    yield Entry(path, found.st_size, found.st_mtime)


@contextmanager
def tended(engines: Iterable[str], on_event: OnEvent) -> Iterator[None]:
    """Around a run in which these speak: say, once, that their clips cannot be kept; afterwards, prune."""
    if not any(map(is_worth, engines)):
        yield
        return
    kept = GenerationCache()
    before = kept.trouble()
    if before:
        on_event(_notice(before))
    yield
    kept.prune()
    after = "" if before else kept.trouble()  # the disk may have become full
    if after:
        on_event(_notice(after))


def is_worth(engine: str) -> bool:
    """Say whether clips of an engine are kept: it repeats itself, and takes longer to speak than reading takes."""
    found = next((row for row in table.ENGINES if row.name == engine), None)
    return found is not None and found.repeatable and found.cpu_per_s >= _WORTH_CPU_S


def key_of(sources: str, request: SpeechRequest) -> str:
    """Name the clip of a request; `sources` is what `sources_of` gave for its voice."""
    return _hash([sources, asdict(request)])


def sources_of(name: str, engine: Engine, voice: str) -> str:
    """Hash what the clips of a voice come from, besides their requests."""
    files = _voice_files(name, engine, voice) if table.row(name).pulled else {}
    return _hash([name, engine.version, files, _surroundings()])


def _voice_files(name: str, engine: Engine, voice: str) -> dict[str, str]:
    """Give the sha256 of each file in an engine's folder of voices, but for those that are named after other voices.

    So the model that all voices share counts, both styles of a mixture do, and a voice that is pulled later does not.
    """
    own = _names(voice)
    others = {part for one in engine.voices() for part in _names(one.name)} - own
    folder = voices_folder() / name
    hashes = {}
    for path in sorted(folder.rglob("*")):
        foreign = _named_after(path, others) and not _named_after(path, own)
        if path.is_file() and not foreign and not path.name.startswith(".") and path.suffix != ".part":
            found = path.stat()
            hashes[path.relative_to(folder).as_posix()] = _sha256(path, found.st_size, found.st_mtime_ns)
    return hashes


@lru_cache(maxsize=4096)
def _names(voice: str) -> frozenset[str]:
    """Give the names of a voice's files, without endings: "a" of "a#speaker", "a" and "b" of "a+b:0.35"."""
    return frozenset(re.split("[#:]", voice)[0].split("+"))


def _named_after(path: Path, names: Set[str]) -> bool:
    parts = path.name.split(".")
    return any(".".join(parts[:count]) in names for count in range(1, len(parts) + 1))


@lru_cache(maxsize=1024)
def _sha256(path: Path, size_bytes: int, changed_ns: int) -> str:
    """Hash a file, once for as long as it does not change: a model has 100 MB."""
    return sha256_file(path)


@cache
def _surroundings() -> list[object]:
    """Give what a clip depends on besides engine, voice and request: wakegen's own code, libraries, the machine."""
    home = Path(__file__).parents[1]
    code = hashlib.sha256()
    for path in sorted(path for pattern in _SOURCES for path in home.glob(pattern)):
        code.update(path.read_bytes())
    return [VERSION, code.hexdigest(), [_version(name) for name in _LIBRARIES], platform.machine()]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def is_whole(path: Path) -> bool:
    """Say whether the file of a clip is as it was written. Raises OSError where it cannot be read."""
    data = path.read_bytes()
    return data[-_DIGEST:] == _digest(path.stem, data[:-_DIGEST])


def _digest(key: str, data: bytes) -> bytes:
    return hashlib.sha256(key.encode() + data).digest()


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _notice(trouble: str) -> Notice:
    return Notice("warning", f"What is spoken is not kept for other projects: {trouble}")
