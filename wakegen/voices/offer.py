"""Voices that do not speak here yet, because their files were not pulled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wakegen.core.paths import voices_folder
from wakegen.voices.catalogue import Item, load


@dataclass(frozen=True, slots=True)
class Offer:
    """A voice that can be pulled."""

    engine: str
    name: str
    language: str
    gender: str
    licence: str
    commercial: bool
    bytes: int
    pull: str  # the command that brings it


def offers(
    engine: str | None = None, *, language: str | None = None, gender: str | None = None, catalogue: Path | None = None
) -> tuple[Offer, ...]:
    """Give the voices of the catalogue that are not in the folder of voices, by engine, language and gender.

    A file counts as there by its size: hashing them all, as a pull does, takes a second.

    Raises
    ------
    BadInput : a catalogue that is wrong.
    """
    folder = voices_folder()
    return tuple(
        _offer(item)
        for item in load(catalogue)
        if not item.model
        and engine in (None, item.engine)
        and gender in (None, item.facts.gender)
        and _speaks(item.facts.language, language)
        and not _complete(item, folder)
    )


def _offer(item: Item) -> Offer:
    said = item.facts
    pull = f"wakegen voices pull {item.name}"
    return Offer(item.engine, item.name, said.language, said.gender, said.licence, said.commercial, item.bytes, pull)


def _speaks(tag: str, wanted: str | None) -> bool:
    if wanted is None:
        return True
    plain = wanted.lower().replace("_", "-")
    return tag == plain or tag.startswith(f"{plain}-")


def _complete(item: Item, folder: Path) -> bool:
    paths = [(folder / file.path, file.bytes) for file in item.files]
    return all(path.is_file() and path.stat().st_size == size for path, size in paths)
