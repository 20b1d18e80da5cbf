"""What wakegen keeps in its cache folder: listed, checked, removed. All of it can be made again."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wakegen.core.errors import BadInput, StorageError
from wakegen.core.events import OnEvent, Progress, ignore
from wakegen.core.names import did_you_mean
from wakegen.core.paths import cache_folder
from wakegen.dataset.clip_cache import CLIP_NAME, FOLDER, LIMIT_BYTES, GenerationCache, is_whole

ALL = "all"
_CLIPS_AT_ONCE = 500  # between two events


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of what is kept. Files of other names are not wakegen's, and left alone."""

    name: str
    folder: str  # in the cache folder; "": the cache folder itself, without what lies deeper
    pattern: str  # of a file's path below `folder`; the group is the thing that it belongs to
    doc: str


KINDS = (
    Kind("clips", FOLDER, rf"(\w+)/[0-9a-f]{{2}}/{CLIP_NAME}", "what engines spoke, for any project"),
    Kind("rooms", "banks", r"([0-9a-f]{32})/(?:bank\.json|(?:rirs|noises|tones)\.npy)", "rooms and noises for scenes"),
    Kind(
        "negatives",
        "negatives",
        r"([^/]+-[0-9a-f]{16})\.npz|(shards)/[0-9a-f]{32}\.npz",
        "negative banks: other speech, as features",
    ),
    Kind("lexicons", "lexicons", r"([^/]+)\.json", "words of a language with their sounds"),
    Kind("models", "", r"(speech-embedding-[^/]+)\.(?:onnx|wgm)", "models as wakegen runs them"),
    Kind("models", "piper", r"([0-9a-f]{64}-\d+)\.onnx", "models as wakegen runs them"),
)
_UNFINISHED = re.compile(r"\.tmp-[a-z0-9_]{8}")  # left by a writer that was killed


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing that is kept: the clips of an engine, some rooms, a negative bank, a lexicon, a model."""

    kind: str
    name: str
    files: int
    bytes: int
    date: str  # ISO 8601: when it was made; of clips: when one was used last


@dataclass(frozen=True, slots=True)
class CacheContent:
    """What is kept, thing by thing."""

    folder: Path
    items: tuple[Kept, ...]

    @property
    def bytes(self) -> int:
        """The size of all of it."""
        return sum(item.bytes for item in self.items)

    @property
    def clips(self) -> int:
        """How many clips there are."""
        return sum(item.files for item in self.items if item.kind == FOLDER)

    def to_json(self) -> dict[str, Any]:
        """Give it thing by thing, as JSON knows it."""
        return {"folder": str(self.folder), "bytes": self.bytes, "items": [asdict(item) for item in self.items]}

    def sums(self) -> dict[str, Any]:
        """Give how much there is of each kind."""
        docs = {kind.name: kind.doc for kind in KINDS}
        rows = [_sum(name, doc, [item for item in self.items if item.kind == name]) for name, doc in docs.items()]
        return {"folder": str(self.folder), "bytes": self.bytes, "clips_limit_bytes": LIMIT_BYTES, "kinds": rows}


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look at every clip came to."""

    folder: Path
    clips: int
    removed: tuple[Path, ...]  # they were damaged
    exit_code: int = 0

    def to_json(self) -> dict[str, Any]:
        """Give all of it as JSON knows it."""
        return {"folder": str(self.folder), "clips": self.clips, "removed": [str(path) for path in self.removed]}

    def to_text(self) -> str:
        """Name what was damaged, and count what was not."""
        lines = [f"damaged, removed: {path}" for path in self.removed]
        return "\n".join([*lines, f"{self.clips - len(self.removed):,} of {self.clips:,} clips are whole."])


def cache_content(kinds: Sequence[str] = ()) -> CacheContent:
    """Say what is kept: of these kinds, or all.

    Raises
    ------
    BadInput : there is no such kind.
    """
    root = cache_folder()
    things: dict[tuple[str, str], list[os.stat_result]] = {}
    for kind, name, path in _files(root, _checked(kinds)):
        with suppress(FileNotFoundError):
            things.setdefault((kind.name, name), []).append(path.lstat())
    return CacheContent(root, tuple(_kept(*key, files) for key, files in sorted(things.items())))


def clear_cache(kinds: Sequence[str] = ()) -> CacheContent:
    """Remove what is kept: of these kinds, or all. Give what there was. Nothing outside the cache folder is touched.

    Raises
    ------
    BadInput : there is no such kind.
    StorageError : something cannot be removed.
    """
    before, root = cache_content(kinds), cache_folder()
    emptied: set[Path] = set()
    for _, _, path in list(_files(root, _checked(kinds))):
        _remove(path)
        emptied |= {parent for parent in path.parents if parent.is_relative_to(root) and parent != root}
    for folder in sorted(emptied, key=lambda path: -len(path.parts)):
        with suppress(OSError):  # something else is in it
            folder.rmdir()
    return before


def verify_clips(*, on_event: OnEvent = ignore) -> Verified:
    """Read every clip that is kept, and remove those that are not as they were written.

    Raises
    ------
    StorageError : one cannot be removed.
    """
    kept = GenerationCache()
    entries = list(kept.entries())
    removed = []
    for number, entry in enumerate(entries, start=1):
        if not _is_fine(entry.path):
            _remove(entry.path)
            removed.append(entry.path)
        if number % _CLIPS_AT_ONCE == 0 or number == len(entries):
            done = (number - 1) % _CLIPS_AT_ONCE + 1
            on_event(Progress("verify", "clips", done=done, group_total=len(entries)))
    return Verified(kept.folder, len(entries), tuple(removed))


def _checked(kinds: Sequence[str]) -> frozenset[str]:
    known = {kind.name for kind in KINDS}
    for name in kinds:
        if name not in {*known, ALL}:
            raise BadInput(f"Nothing that is kept is called '{name}'.", hint=did_you_mean(name, {*known, ALL}))
    return frozenset(known if not kinds or ALL in kinds else kinds)


def _files(root: Path, wanted: frozenset[str]) -> Iterator[tuple[Kind, str, Path]]:
    """Give each file of these kinds, with the name of the thing that it belongs to. Links to folders are not followed."""
    for kind in KINDS:
        top = root / kind.folder
        if kind.name not in wanted or (kind.folder and top.is_symlink()):
            continue
        for where, deeper, names in os.walk(top):
            if not kind.folder:
                deeper.clear()
            for name in names:
                path = Path(where) / name
                found = re.fullmatch(kind.pattern, path.relative_to(top).as_posix())
                if found:
                    yield kind, next(filter(None, found.groups())), path
                elif kind.folder and _UNFINISHED.fullmatch(name):
                    yield kind, "unfinished", path


def _kept(kind: str, name: str, files: Sequence[os.stat_result]) -> Kept:
    date = datetime.fromtimestamp(max(file.st_mtime for file in files), UTC)
    return Kept(kind, name, len(files), sum(file.st_size for file in files), date.isoformat(timespec="seconds"))


def _sum(kind: str, doc: str, items: Sequence[Kept]) -> dict[str, Any]:
    row = {"kind": kind, "what": doc, "count": len(items), "bytes": sum(item.bytes for item in items)}
    if kind != FOLDER:
        return row
    by_engine = {item.name: {"count": item.files, "bytes": item.bytes} for item in items}
    return row | {"count": sum(item.files for item in items), "by_engine": by_engine}


def _is_fine(path: Path) -> bool:
    try:
        return is_whole(path)
    except FileNotFoundError:  # dropped meanwhile
        return True
    except OSError:
        return False


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        hint = "Change the owner or mode of its folder, or remove it yourself."
        raise StorageError(f"{path} cannot be removed: {error.strerror}.", hint=hint) from error
