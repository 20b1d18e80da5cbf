"""`wakegen config show`: every value and where it comes from."""

from __future__ import annotations

import json
from typing import Any

import click

from wakegen.cli import options
from wakegen.cli.state import State


@click.group()
def config() -> None:
    """Show the configuration, and where each value comes from."""


@config.command()
@options.sizes
@options.folders
@options.out
@options.config
@options.project
@options.jobs
@options.limits
@options.allow_poor
@options.strict
@options.assign
@options.output
@click.pass_obj
def show(state: State, /, **given: Any) -> None:
    """Show every value and where it comes from.

    Command line beats environment beats file beats user configuration beats default.
    """
    import wakegen
    from wakegen.cli import show as printed

    settings = options.load_any(given)
    rows = wakegen.explain_settings(settings)
    if state.json:
        values = {name: {"value": value, "origin": origin} for name, value, origin in rows}
        printed.document({"settings": values, "notices": list(settings.notices)})
        return
    cells = ((name, json.dumps(value, ensure_ascii=False), origin) for name, value, origin in rows)
    click.echo(printed.table(("KEY", "VALUE", "FROM"), cells))
    for notice in settings.notices:
        click.echo(f"warning: {notice}", err=True)
