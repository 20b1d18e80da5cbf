"""Calls the roll: each engine says its version and voices. One that is installed and broken costs nobody else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from wakegen.core.errors import WakegenError
from wakegen.engines import table
from wakegen.engines.base import Answer


def ask(name: str) -> Answer:
    """Ask one engine. Raises what `table.load` raises, and EngineError for one that is broken."""
    with table.load(name) as engine:
        return Answer(engine.version, engine.voices(), tuple(getattr(engine, "problems", ())))


def ask_all(names: Iterable[str]) -> tuple[dict[str, Answer], dict[str, WakegenError]]:
    """Ask several, side by side, as some start a process; give the answers, and why others gave none."""
    answers: dict[str, Answer] = {}
    failures: dict[str, WakegenError] = {}
    with ThreadPoolExecutor() as threads:
        asked = {name: threads.submit(ask, name) for name in names}
    for name, answer in asked.items():
        try:
            answers[name] = answer.result()
        except WakegenError as error:
            failures[name] = error
    return answers, failures


def complaints(answers: Mapping[str, Answer]) -> list[str]:
    """Say which voices are there and cannot be used."""
    return [
        f"A voice of {name} cannot be used: {problem.rstrip('.')}."
        for name, answer in answers.items()
        for problem in answer.problems
    ]
