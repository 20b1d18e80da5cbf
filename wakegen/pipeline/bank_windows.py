"""What a phrase may use of the negative bank."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput, EngineError, StorageError
from wakegen.core.events import Notice
from wakegen.dataset import bank as store
from wakegen.dataset.bank import NegativeBank, Segment
from wakegen.pipeline import banks
from wakegen.pipeline.material import judge_of
from wakegen.pipeline.project import Project
from wakegen.text.languages import find_language
from wakegen.train.material import Rows, window_starts

F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Banked:
    """Rows of the bank that a phrase may use, and where its windows begin, by engine."""

    rows: F32
    starts: Mapping[str, Rows]


def windows(project: Project, *, first_row: int) -> Banked | None:
    """Give what the project's phrase may use of the bank of its language, making the bank if the settings ask for it.

    Left out are speakers that the project holds out, engines beside those that were named, and every segment whose
    text holds a word of the phrase by spelling or by sound.
    """
    parts = _parts(project)
    starts: dict[str, list[Rows]] = {}
    rows: list[F32] = []
    for part, segments in parts:
        for one in segments:
            starts.setdefault(f"bank {one.engine}", []).append(
                window_starts(one.count, first_row=first_row + one.first)
            )
        rows.append(part)
        first_row += len(part)
    if not starts:
        return None
    return Banked(np.concatenate(rows), {name: np.concatenate(mine) for name, mine in starts.items()})


def _parts(project: Project) -> list[tuple[F32, tuple[Segment, ...]]]:
    """Give the segments of the project's own bank, and of the one that comes with wakegen for engines beside those."""
    speaking = json.loads(project.store.meta("held_out") or "{}")
    wanted = frozenset(speaking) - project.validators
    language = find_language(project.store.meta("language") or project.settings.generation.language).tag
    found: list[tuple[NegativeBank, frozenset[str]]] = []
    taken: frozenset[str] = frozenset()
    for bank in (_own(project, language, sorted(wanted)), banks.shipped(language)):
        if bank is not None:
            there = frozenset(bank.hours_by_engine())
            engines = there - taken if project.settings.automatic else (there & wanted) - taken
            found += [(bank, engines)] if engines else []
            taken |= there
    allowed = _allowed(project, [bank for bank, _ in found]) if found else frozenset()
    held_out = frozenset(name for names in speaking.values() for name in names)
    return [bank.chosen(_Keep(engines, allowed, held_out)) for bank, engines in found]


def _allowed(project: Project, found: Sequence[NegativeBank]) -> frozenset[str]:
    """Give the texts that hold no word of the phrase."""
    texts = list(dict.fromkeys(segment.text for bank in found for segment in bank.segments))
    with judge_of(project.settings) as avoid:
        return frozenset(avoid.keep(texts))


@dataclass(frozen=True, slots=True)
class _Keep:
    """Says which segments may be used."""

    engines: frozenset[str]
    texts: frozenset[str]
    held_out: frozenset[str]  # people, whichever engine speaks with their voice

    def __call__(self, one: Segment) -> bool:
        return one.engine in self.engines and one.text in self.texts and one.speaker not in self.held_out


def _own(project: Project, language: str, engines: Sequence[str]) -> NegativeBank | None:
    """Give the bank of these engines if the settings ask for hours; never one that merely happens to be there."""
    hours = project.settings.generation.negatives.bank_hours
    if not hours or not engines:
        return None
    try:
        path = banks.build(language, hours, engines=engines, executor=project.executor, on_event=project.on_event)
    except (BadInput, EngineError, StorageError) as error:
        project.on_event(Notice("warning", f"No negative bank: {error}"))
        return None
    return store.load(path)
