"""`wakegen engines`: who can speak."""

from __future__ import annotations

import click

from wakegen.cli import options
from wakegen.cli.state import State


def _list(state: State) -> None:
    import wakegen
    from wakegen.cli import show

    rows = wakegen.list_engines()
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
@click.option("--available", is_flag=True, help="Only those that can be used now (all that are listed can).")
@options.output
@click.pass_obj
def list_providers(state: State, /, available: bool) -> None:
    """The same as `wakegen engines list`."""
    _list(state)
