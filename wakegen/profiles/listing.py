"""Profiles as rows for people: which there are, and what one says, with its sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from wakegen.profiles.load import load, names

_LEFT_OUT = ("sources", "path", "name", "extends")


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """One profile."""

    name: str
    reached: str  # serial, ssh or local
    detector: str  # what `make` writes for it
    title: str


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One value of a profile."""

    key: str  # dotted path
    value: str
    source: str  # "" for what needs none


def rows() -> tuple[ProfileRow, ...]:
    """Give all profiles.

    Raises
    ------
    BadConfig : one of them is wrong.
    """
    found = [load(name) for name in names()]
    return tuple(
        ProfileRow(one.name, one.transport.kind, f"{one.detector.format}, {one.detector.backbone}", one.title)
        for one in found
    )


def values(name: str) -> tuple[ValueRow, ...]:
    """Give every value of a profile, after what it extends.

    Raises
    ------
    BadInput, BadConfig : as `load`.
    """
    profile = load(name)
    return tuple(ValueRow(key, str(value), _source(profile.sources, key)) for key, value in _flat(profile, ""))


def _flat(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if is_dataclass(value):
        for one in fields(value):
            if place or one.name not in _LEFT_OUT:
                yield from _flat(getattr(value, one.name), f"{place}.{one.name}".lstrip("."))
    elif isinstance(value, tuple) and value and is_dataclass(value[0]):
        for number, part in enumerate(value):
            yield from _flat(part, f"{place}.{number}")
    elif isinstance(value, Mapping):
        yield place, ", ".join(f"{key} {part:g}" for key, part in value.items())
    else:
        yield place, value


def _source(sources: Mapping[str, str], key: str) -> str:
    """Give the source of the value, of its first part, or of the nearest that holds it."""
    inside = next((source for place, source in sources.items() if place.startswith(f"{key}.")), None)
    if inside is not None:
        return inside
    while key:
        if key in sources:
            return sources[key]
        key = key.rpartition(".")[0]
    return ""
