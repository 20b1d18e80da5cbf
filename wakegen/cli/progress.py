"""Draws events: bars on a terminal, plain lines elsewhere, nothing when told to be quiet. Always on stderr."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from wakegen.cli.state import State
from wakegen.core.events import Event, Notice, OnEvent, Progress, StageDone, StageStarted, ignore

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

PLAIN_LINE_S = 10.0  # between two plain lines of one group: a log stays readable


@contextmanager
def watch(state: State) -> Iterator[OnEvent]:
    """Give the `on_event` that suits where stderr goes."""
    if state.quiet:
        yield ignore
    elif state.draws():
        with _bars(state) as bars:
            yield Drawn(bars).on_event
    else:
        yield Plain().on_event


@dataclass(slots=True)
class Count:
    """What a group has done so far."""

    done: int = 0
    failed: int = 0
    retried: int = 0
    total: int | None = None
    shown_s: float = 0.0

    def add(self, event: Progress) -> None:
        """Count an event in."""
        self.done += event.done
        self.failed += event.failed
        self.retried += event.retried
        self.total = event.group_total or self.total

    def trouble(self) -> str:
        """Name failures and retries, if there are any."""
        parts = [f"{self.failed} failed"] * bool(self.failed) + [f"{self.retried} retried"] * bool(self.retried)
        return ", ".join(parts)


class Plain:
    """Lines for logs and pipes."""

    def __init__(
        self, *, write: Callable[[str], None] | None = None, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._write = write or _to_stderr
        self._now_s = now_s
        self._counts: dict[tuple[str, str], Count] = {}
        self._totals: dict[str, int | None] = {}

    def on_event(self, event: Event) -> None:
        """Write what the event says, if it is time to."""
        match event:
            case StageStarted():
                self._totals[event.stage] = event.total
                self._write(f"{event.stage}: {event.title}")
            case Progress():
                self._progress(event)
            case StageDone():
                self._write(f"{event.stage}: {event.summary} ({event.seconds:.1f} s)")
                self._counts = {key: count for key, count in self._counts.items() if key[0] != event.stage}
            case Notice():
                self._write(f"{event.level}: {event.message}")

    def _progress(self, event: Progress) -> None:
        new = Count(total=self._totals.get(event.stage), shown_s=self._now_s())
        count = self._counts.setdefault((event.stage, event.group), new)
        count.add(event)
        if self._now_s() - count.shown_s < PLAIN_LINE_S:
            return
        count.shown_s = self._now_s()
        whole = f" of {count.total}" if count.total else ""
        trouble = f", {count.trouble()}" if count.trouble() else ""
        self._write(f"{event.stage}: {event.group}: {count.done}{whole}{trouble}")


class Drawn:
    """One bar per stage and group."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[tuple[str, str], tuple[Any, Count]] = {}
        self._totals: dict[str, int | None] = {}

    def on_event(self, event: Event) -> None:
        """Move the bar the event belongs to."""
        match event:
            case StageStarted():
                self._totals[event.stage] = event.total
                self._bars.console.print(f"[bold]{_escaped(event.title)}[/bold]")
            case Progress():
                self._progress(event)
            case StageDone():
                self._close(event.stage)
                self._bars.console.print(
                    f"  [green]✓[/green] {_escaped(event.summary)} [dim]({event.seconds:.1f} s)[/dim]"
                )
            case Notice():
                style = "yellow" if event.level == "warning" else "dim"
                self._bars.console.print(f"[{style}]{event.level}: {_escaped(event.message)}[/{style}]")

    def _progress(self, event: Progress) -> None:
        key = (event.stage, event.group)
        if key not in self._tasks:
            total = event.group_total or self._totals.get(event.stage)
            self._tasks[key] = (
                self._bars.add_task(f"  {_escaped(event.group)}", total=total, trouble=""),
                Count(total=total),
            )
        task, count = self._tasks[key]
        count.add(event)
        self._bars.update(task, completed=count.done, total=count.total, trouble=count.trouble())

    def _close(self, stage: str) -> None:
        for key in [key for key in self._tasks if key[0] == stage]:
            task, _ = self._tasks.pop(key)
            self._bars.remove_task(task)


@contextmanager
def _bars(state: State) -> Iterator[Bars]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True, no_color=not state.color(), highlight=False)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("[red]{task.fields[trouble]}[/red]"),
    )
    with Bars(*columns, console=console, transient=True) as bars:
        yield bars


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _to_stderr(line: str) -> None:
    click.echo(line, err=True)
