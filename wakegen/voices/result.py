"""What a pull came to, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wakegen.voices.catalogue import Item

_MB = 1e6
_SHOWN = 4  # names of one engine in a line


@dataclass(frozen=True, slots=True)
class Pulled:
    """One item, and what became of it."""

    engine: str
    name: str
    licence: str
    commercial: bool
    bytes: int
    state: str  # "there" (it was already), "pulled", or "to pull" (a dry run)
    sources: tuple[str, ...] = ()  # that gave its files


@dataclass(frozen=True, slots=True)
class PullResult:
    """What a pull came to."""

    folder: Path
    items: tuple[Pulled, ...]
    left_out: tuple[Pulled, ...] = ()  # their licences forbid commercial use
    exit_code: int = 0

    def to_json(self) -> dict[str, Any]:
        """Give all of it as JSON knows it."""
        items, left_out = ([asdict(one) for one in group] for group in (self.items, self.left_out))
        return {"folder": str(self.folder), "items": items, "left_out": left_out}

    def to_text(self) -> str:
        """Give what is new by name, the rest as counts, and what was left out."""
        new = [one for one in self.items if one.state != "there"]
        lines = [_line(group) for group in _grouped(new)]
        there = len(self.items) - len(new)
        lines += [f"already there: {there} of {len(self.items)}"] * bool(there)
        lines += [f"left out: {one.engine} {one.name}, {_licence(one)}" for one in self.left_out]
        lines += ["Name them, or add --non-commercial, to pull what was left out."] * bool(self.left_out)
        total = size(sum(one.bytes for one in new))
        lines += [f"{total} {'to pull into' if self._dry() else 'new in'} {self.folder}"] * bool(new)
        return "\n".join(lines)

    def _dry(self) -> bool:
        return any(one.state == "to pull" for one in self.items)


def pulled(item: Item, state: str) -> Pulled:
    """Say what became of an item."""
    return Pulled(item.engine, item.name, item.facts.licence, item.facts.commercial, item.bytes, state)


def _grouped(items: Sequence[Pulled]) -> list[list[Pulled]]:
    """Put together what a line can say at once: items of one engine under one licence."""
    groups: dict[tuple[str, str, str], list[Pulled]] = {}
    for one in items:
        groups.setdefault((one.state, one.engine, _licence(one)), []).append(one)
    return list(groups.values())


def _line(group: list[Pulled]) -> str:
    names = [one.name for one in group]
    shown = ", ".join(names) if len(names) <= _SHOWN else f"{', '.join(names[:2])} … {names[-1]} ({len(names)})"
    first = group[0]
    return f"{first.state}: {first.engine} {shown}, {size(sum(one.bytes for one in group))}, {_licence(first)}"


def _licence(one: Pulled) -> str:
    return one.licence if one.commercial else f"{one.licence} (non-commercial)"


def size(count: int) -> str:
    """Give a number of bytes as people write it."""
    return f"{count / _MB:.1f} MB" if count >= _MB / 10 else f"{count / 1000:.1f} kB"
