"""`wakegen bank`: the negative bank, which all phrases of a language share."""

from __future__ import annotations

from typing import Any

import click

from wakegen.cli import options
from wakegen.cli.state import State


@click.group()
def bank() -> None:
    """The negative bank: features of speech that is nobody's phrase.

    `make` builds it the first time that a preset asks for it, and every later phrase uses it again.
    """


@bank.command()
@options.language
@click.option("--hours", type=click.FloatRange(0.05, 100), metavar="N", help="How much; 6.5 if not said.")
@click.option(
    "--engine", "--engines", "--provider", "engines", metavar="NAME,...", help="Who reads; all that train if not said."
)
@options.backbone
@options.jobs
@click.option("--redo", is_flag=True, help="Make it anew although it is there.")
@options.output
@click.pass_obj
def build(state: State, /, language: str | None, engines: str | None, backbone: str | None, **given: Any) -> int:
    """Build the bank of a language with every engine that is here, unless it is there.

    \b
    wakegen bank build
    wakegen bank build --language de --hours 2
    """
    import wakegen
    from wakegen.cli import progress, show

    names = tuple(name.strip() for name in (engines or "").split(",") if name.strip())
    with progress.watch(state) as on_event:
        built = wakegen.build_bank(
            language or "en", engines=names, backbone=backbone or "full", on_event=on_event, **given
        )
    return show.results([built], state)


@bank.command()
@options.output
@click.pass_obj
def info(state: State, /) -> None:
    """Show the banks that are here: language, hours by engine, size."""
    import wakegen
    from wakegen.cli import show

    found = wakegen.list_banks()
    if state.json:
        show.document({"banks": [one.to_json() for one in found]})
        return
    for one in found:
        click.echo(one.to_text() + "\n")
    if not found and not state.quiet:
        click.echo("There is no bank yet. Build one: wakegen bank build", err=True)
