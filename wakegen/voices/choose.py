"""Which items of the catalogue a few words stand for."""

from __future__ import annotations

from collections.abc import Sequence

from wakegen.core.errors import BadInput
from wakegen.core.names import did_you_mean
from wakegen.voices.catalogue import Item

ALL = "all"


def choose(
    items: Sequence[Item], words: Sequence[str] = (), *, engine: str | None = None, non_commercial: bool = False
) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """Give what is wanted, and what was left out because its licence forbids commercial use.

    A word is an item's name, an engine's, or "all"; none means all. What is named itself is wanted whatever its
    licence; so is all that it needs.

    Raises
    ------
    BadInput : a word that stands for nothing; the hint names the nearest.
    """
    known = {item.engine for item in items}
    if engine is not None and engine not in known:
        raise BadInput(f"No voices of '{engine}' can be pulled.", hint=did_you_mean(engine, known))
    offered = [item for item in items if engine in (None, item.engine)]
    wanted: dict[tuple[str, str], Item] = {}
    left_out: dict[tuple[str, str], Item] = {}
    for word in words or (ALL,):
        for item, named in _meant(word, offered):
            free = named or item.facts.commercial or non_commercial
            (wanted if free else left_out)[item.engine, item.name] = item
    _add_needed(wanted, items)
    return _in_order(items, wanted), _in_order(items, {key: left_out[key] for key in left_out.keys() - wanted.keys()})


def _meant(word: str, offered: Sequence[Item]) -> list[tuple[Item, bool]]:
    """Give the items that a word stands for, and whether it is their name."""
    named = [(item, True) for item in offered if word in (item.name, f"{item.engine}:{item.name}")]
    found = named or [(item, False) for item in offered if word in (ALL, item.engine)]
    if not found:
        names = {item.name for item in offered} | {item.engine for item in offered} | {ALL}
        inside = sorted(name for name in names if word and word.lower() in name.lower())  # "joe" of "en_US-joe-medium"
        hint = f"Did you mean '{inside[0]}'?" if inside else did_you_mean(word, names)
        raise BadInput(f"There is no voice '{word}' to pull.", hint=hint)
    return found


def _add_needed(wanted: dict[tuple[str, str], Item], items: Sequence[Item]) -> None:
    known = {(item.engine, item.name): item for item in items}
    open_keys = list(wanted)
    while open_keys:
        item = known[open_keys.pop()]
        for key in ((item.engine, needed) for needed in item.needs):
            if key not in wanted:
                wanted[key] = known[key]
                open_keys.append(key)


def _in_order(items: Sequence[Item], chosen: dict[tuple[str, str], Item]) -> tuple[Item, ...]:
    return tuple(item for item in items if (item.engine, item.name) in chosen)
