"""`wakegen voices`: the voices of the engines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from wakegen.cli import options
from wakegen.cli.state import State

F = TypeVar("F", bound=Callable[..., Any])


def _filters(function: F) -> F:
    engine = click.option("--engine", "--provider", "engine", default="all", metavar="NAME", help="One engine, or all.")
    language = click.option("--language", metavar="TAG", help="Such as en, en-gb or tr.")
    gender = click.option("--gender", type=click.Choice(["female", "male", "unknown"]))
    return engine(language(gender(options.output(function))))


def _list(state: State, engine: str, language: str | None, gender: str | None) -> None:
    import wakegen
    from wakegen.cli import show

    rows = wakegen.list_voices(engine=None if engine == "all" else engine, language=language, gender=gender)
    if state.json:
        show.document({"voices": show.as_json(rows)})
        return
    cells = ((row.engine, row.name, row.language, row.gender, row.kind, row.licence) for row in rows)
    click.echo(show.table(("ENGINE", "VOICE", "LANGUAGE", "GENDER", "KIND", "LICENCE"), cells))
    if not state.quiet:
        click.echo(f"{len(rows)} voices", err=True)


@click.group(invoke_without_command=True)
@options.output
@click.pass_context
def voices(ctx: click.Context) -> None:
    """List the voices that can speak."""
    if ctx.invoked_subcommand is None:
        _list(ctx.ensure_object(State), "all", None, None)


@voices.command("list")
@_filters
@click.pass_obj
def list_(state: State, /, engine: str, language: str | None, gender: str | None) -> None:
    """List voices by engine, language and gender."""
    _list(state, engine, language, gender)


@click.command("list-voices", hidden=True)
@_filters
@click.pass_obj
def list_voices(state: State, /, engine: str, language: str | None, gender: str | None) -> None:
    """The same as `wakegen voices list`."""
    _list(state, engine, language, gender)
