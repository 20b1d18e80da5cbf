"""The keys of wakegen.yaml as a table, read off the settings' own fields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from typing import Any, get_type_hints

from wakegen.config.settings import EngineChoice, Settings

INTERNAL = {"origins", "notices"}  # fields of Settings that are not keys


@dataclass(frozen=True, slots=True)
class Key:
    """One key: where it stands, what it takes, what it is by default."""

    name: str  # dotted: "generation.count"
    type: Any
    default: Any
    doc: str
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    data: bool

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "WAKEGEN_" + self.name.upper().replace(".", "_")


@cache
def keys() -> dict[str, Key]:
    """Give every key by its dotted name, in the order of the file."""
    return {row.name: row for row in _walk(Settings, "")}


@cache
def engine_keys() -> dict[str, Key]:
    """Give the keys of one entry of `engines`."""
    return {row.name: row for row in _walk(EngineChoice, "")}


@cache
def sections() -> dict[str, str]:
    """Give the doc line of every mapping: {"generation.variation": "How far …"}."""
    return dict(_sections(Settings, ""))


def _walk(kind: type, prefix: str) -> Iterator[Key]:
    hints = get_type_hints(kind)
    for entry in fields(kind):
        if kind is Settings and entry.name in INTERNAL:
            continue
        if is_dataclass(hints[entry.name]):
            yield from _walk(hints[entry.name], f"{prefix}{entry.name}.")
            continue
        default = entry.default_factory() if entry.default_factory is not MISSING else entry.default
        yield Key(name=prefix + entry.name, type=hints[entry.name], default=default, **entry.metadata)


def _sections(kind: type, prefix: str) -> Iterator[tuple[str, str]]:
    hints = get_type_hints(kind)
    for entry in fields(kind):
        inner = hints[entry.name]
        if is_dataclass(inner):
            yield prefix + entry.name, (inner.__doc__ or "").strip().splitlines()[0]
            yield from _sections(inner, f"{prefix}{entry.name}.")  # type: ignore[arg-type]
