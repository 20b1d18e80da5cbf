"""`wakegen engines`: who can speak."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import click

from wakegen.cli import options
from wakegen.cli.state import State


def _list(state: State, *, available: bool = False) -> None:
    import wakegen
    from wakegen.cli import show

    rows = [row for row in wakegen.list_engines() if row.available or not available]
    if state.json:
        show.document({"engines": show.as_json(rows)})
        return
    click.echo(
        show.table(
            ("ENGINE", "AVAILABLE", "VOICES", "LICENCE", "WHAT"),
            (
                (row.name, "yes" if row.available else f"no: {row.install}", row.voices, row.licence, row.doc)
                for row in rows
            ),
        )
    )
    for text in _complaints(rows):
        click.echo(text, err=True)


def _complaints(rows: Sequence[Any]) -> Iterator[str]:
    for row in rows:
        if row.broken:
            yield f"{row.name} is here and cannot be used: {row.broken}"
        for problem in row.problems:
            yield f"A voice of {row.name} cannot be used: {problem}"


@click.group(invoke_without_command=True)
@options.output
@click.pass_context
def engines(ctx: click.Context) -> None:
    """List the engines that can speak a phrase."""
    if ctx.invoked_subcommand is None:
        _list(ctx.ensure_object(State))


@engines.command("list")
@options.output
@click.pass_obj
def list_(state: State, /) -> None:
    """List the engines, whether they can be used now, and their licences."""
    _list(state)


@click.command("list-providers", hidden=True)
@click.option("--available", is_flag=True, help="Only those that can be used now.")
@options.output
@click.pass_obj
def list_providers(state: State, /, available: bool) -> None:
    """The same as `wakegen engines list`."""
    _list(state, available=available)
