"""The command line over a stand-in for the public API: what is called, with what, and what is printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

import wakegen
from wakegen.cli.guard import run
from wakegen.config import explain, load_settings, parse_assignment


@dataclass
class Outcome:
    code: int
    out: str
    err: str


@dataclass
class Made:
    name: str
    exit_code: int = 0

    def to_json(self) -> dict[str, Any]:
        return {"made": self.name}

    def to_text(self) -> str:
        return f"made {self.name}"


@dataclass
class Api:
    """Remembers calls; `raises` is raised by the next one."""

    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)
    raises: BaseException | None = None
    exit_code: int = 0
    events: tuple[Any, ...] = ()

    def call(self, name: str):
        def called(*args: Any, on_event=None, **more: Any) -> Made:
            self.calls.append((name, args, more))
            for event in self.events:
                on_event(event)
            if self.raises is not None:
                raise self.raises
            return Made(name, self.exit_code)

        return called


@pytest.fixture
def api(monkeypatch, tmp_path):
    """Stand in for the calls that do the work; settings are real."""
    stand_in = Api()
    for name in ("make", "plan_project", "run_stage", "bench_device"):
        monkeypatch.setattr(wakegen, name, stand_in.call(name), raising=False)
    monkeypatch.setattr(wakegen, "load_settings", load_settings, raising=False)
    monkeypatch.setattr(wakegen, "explain_settings", explain, raising=False)
    monkeypatch.setattr(wakegen, "parse_assignment", parse_assignment, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("WAKEGEN_LOG_DIR", str(tmp_path / "log"))
    monkeypatch.chdir(tmp_path)
    return stand_in


@pytest.fixture
def cli(capsys):
    """Run the program in this process."""

    def call(*arguments: str) -> Outcome:
        code = run(list(arguments))
        seen = capsys.readouterr()
        return Outcome(code, seen.out, seen.err)

    return call
