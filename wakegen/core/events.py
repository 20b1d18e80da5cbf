"""What a long job tells whoever watches: frozen dataclasses through `on_event`, never print."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage of the pipeline begins."""

    stage: str  # "generate", "simulate", "train", …
    title: str  # for people
    total: int | None = None  # units of work, where they are known


@dataclass(frozen=True, slots=True)
class Progress:
    """Units of work done since the last event of the same stage and group."""

    stage: str
    group: str  # an engine, a scene set, a seed: one bar each
    done: int = 1
    failed: int = 0
    retried: int = 0
    group_total: int | None = None


@dataclass(frozen=True, slots=True)
class StageDone:
    """A stage has ended; `summary` is one line of facts."""

    stage: str
    summary: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know; `level` is "info" or "warning"."""

    level: str
    message: str


Event = StageStarted | Progress | StageDone | Notice
OnEvent = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Drop the event: the default for callers that do not watch."""
