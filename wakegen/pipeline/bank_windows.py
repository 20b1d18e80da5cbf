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
from wakegen.dataset.splits import MIXED
from wakegen.pipeline import banks
from wakegen.pipeline.material import judge_of
from wakegen.pipeline.project import Project
from wakegen.text.languages import find_language
from wakegen.train.material import Rows, window_starts

F32 = NDArray[np.float32]
_Found = tuple[NegativeBank, frozenset[str]]


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
    found = _found(project)
    _note(project, found)
    starts: dict[str, list[Rows]] = {}
    rows: list[F32] = []
    for part, segments in _parts(project, found):
        for one in segments:
            starts.setdefault(f"bank {one.engine}", []).append(
                window_starts(one.count, first_row=first_row + one.first)
            )
        rows.append(part)
        first_row += len(part)
    if not starts:
        return None
    return Banked(np.concatenate(rows), {name: np.concatenate(mine) for name, mine in starts.items()})


def licences(project: Project) -> tuple[str, ...]:
    """Give the licences of the voices in the bank that the project was trained with."""
    used: dict[str, list[str]] = json.loads(project.store.meta("bank") or "{}")
    return tuple(sorted({licence for mine in used.values() for licence in mine}))


def _note(project: Project, found: Sequence[_Found]) -> None:
    used = {engine: bank.about["licences"].get(engine, []) for bank, engines in found for engine in sorted(engines)}
    with project.store.transaction():
        project.store.set_meta("bank", json.dumps(used))


def _found(project: Project) -> list[_Found]:
    """Give the project's own bank, and the one that comes with wakegen, each with the engines that count of it."""
    wanted = frozenset(_held_out(project)) - project.validators
    language = find_language(project.store.meta("language") or project.settings.generation.language).tag
    found: list[_Found] = []
    taken: frozenset[str] = frozenset()
    for bank in (_own(project, language, sorted(wanted)), banks.shipped(language, project.variant)):
        if bank is not None:
            there = frozenset(bank.hours_by_engine())
            engines = there - taken if project.settings.automatic else (there & wanted) - taken
            found += [(bank, engines)] if engines else []
            taken |= there
    return found


def _held_out(project: Project) -> dict[str, list[str]]:
    """Give the people whom the project keeps from training, by engine."""
    found: dict[str, list[str]] = json.loads(project.store.meta("held_out") or "{}")
    return found


def _parts(project: Project, found: Sequence[_Found]) -> list[tuple[F32, tuple[Segment, ...]]]:
    """Give the segments that may be used, with their rows."""
    allowed = _allowed(project, [bank for bank, _ in found]) if found else frozenset()
    held_out = frozenset(name for names in _held_out(project).values() for name in names)
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
        people = one.speaker.split(MIXED)
        return one.engine in self.engines and one.text in self.texts and self.held_out.isdisjoint(people)


def _own(project: Project, language: str, engines: Sequence[str]) -> NegativeBank | None:
    """Give the bank of these engines if the settings ask for hours; never one that merely happens to be there."""
    hours = project.settings.generation.negatives.bank_hours
    if not hours or not engines:
        return None
    try:
        path = banks.build(
            language,
            hours,
            engines=engines,
            executor=project.executor,
            on_event=project.on_event,
            variant=project.variant,
        )
    except (BadInput, EngineError, StorageError) as error:
        project.on_event(Notice("warning", f"No negative bank: {error}"))
        return None
    return store.load(path)
