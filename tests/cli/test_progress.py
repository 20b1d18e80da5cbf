"""Progress: bars on a terminal, lines elsewhere, silence when quiet."""

from __future__ import annotations

import io

from wakegen.cli.progress import Drawn, Plain, watch
from wakegen.cli.state import State
from wakegen.core.events import Notice, Progress, StageDone, StageStarted

EVENTS = (
    StageStarted("generate", "Speaking [900] clips", 900),
    Progress("generate", "espeak", done=10, group_total=900),
    Progress("generate", "espeak", done=5, failed=1, retried=2),
    Notice("warning", "piper is not available"),
    StageDone("generate", "900 clips", 12.34),
)


class Clock:
    def __init__(self) -> None:
        self.time_s = 0.0

    def __call__(self) -> float:
        self.time_s += 11.0
        return self.time_s


def test_plain_lines_name_stage_group_count_failures_and_retries():
    lines: list[str] = []
    watcher = Plain(write=lines.append, now_s=Clock())
    for event in EVENTS:
        watcher.on_event(event)
    assert lines == [
        "generate: Speaking [900] clips",
        "generate: espeak: 10 of 900",
        "generate: espeak: 15 of 900, 1 failed, 2 retried",
        "warning: piper is not available",
        "generate: 900 clips (12.3 s)",
    ]


def test_plain_lines_do_not_flood_a_log():
    lines: list[str] = []
    watcher = Plain(write=lines.append, now_s=lambda: 0.0)
    for _ in range(1000):
        watcher.on_event(Progress("generate", "espeak"))
    assert lines == []


def test_on_a_terminal_each_engine_has_a_bar():
    from rich.console import Console
    from rich.progress import Progress as Bars

    console = Console(file=io.StringIO(), force_terminal=True, width=100, highlight=False)
    with Bars(console=console) as bars:
        watcher = Drawn(bars)
        for event in EVENTS[:4]:
            watcher.on_event(event)
        [task] = bars.tasks
        assert (task.description.strip(), task.completed, task.total) == ("espeak", 15, 900)
        assert task.fields["trouble"] == "1 failed, 2 retried"
        watcher.on_event(EVENTS[4])
        assert bars.tasks == []
    assert "Speaking [900] clips" in console.file.getvalue()


def test_what_is_not_a_terminal_gets_plain_lines_and_quiet_gets_none(cli, api):
    api.events = EVENTS
    done = cli("make", "hey katya", "--json")
    assert "generate: 900 clips (12.3 s)" in done.err
    assert cli("make", "hey katya", "--quiet").err == ""


def test_a_terminal_gets_bars(monkeypatch, capsys):
    monkeypatch.setattr(State, "draws", lambda self: True)
    with watch(State(no_color=True)) as on_event:
        for event in EVENTS:
            on_event(event)
    shown = capsys.readouterr().err
    assert "✓" in shown
    assert "warning: piper is not available" in shown
