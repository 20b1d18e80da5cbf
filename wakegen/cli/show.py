"""Results on stdout: one JSON document, or text that reads well."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import click

from wakegen.cli.state import State


class Result(Protocol):
    """What the calls of the public API give back."""

    exit_code: int  # 0, or 6 when a limit was not met

    def to_json(self) -> dict[str, Any]:
        """All of it, as JSON knows it."""
        ...

    def to_text(self) -> str:
        """What a person wants to read first."""
        ...


def results(found: Sequence[Result], state: State) -> int:
    """Print results (several phrases have one each) and give the exit code of the worst."""
    if state.json:
        documents = [result.to_json() for result in found]
        document(documents[0] if len(documents) == 1 else {"runs": documents})
    else:
        click.echo("\n\n".join(result.to_text() for result in found))
    return max((result.exit_code for result in found), default=0)


def document(value: Any) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Set rows in columns; the last column is not padded."""
    lines = [tuple(heads), *(tuple(str(cell) for cell in row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]).rstrip()
        for line in lines
    )


def as_json(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Turn dataclasses or mappings into plain dictionaries."""
    from dataclasses import asdict

    return [dict(row) if isinstance(row, Mapping) else asdict(row) for row in rows]
