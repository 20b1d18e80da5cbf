"""`wakegen doctor`: what is right and wrong with this installation."""

from __future__ import annotations

import click

from wakegen.cli import options
from wakegen.cli.state import State


@click.command()
@options.output
@click.pass_obj
def doctor(state: State, /) -> int:
    """Look at this installation: what is wrong, and the remedy of each.

    Exit code 1 where something is wrong; what is merely worth doing does not count.
    """
    import wakegen
    from wakegen.cli import show

    found = wakegen.examine_installation()
    wrong = sum(one.verdict == "wrong" for one in found)
    if state.json:
        show.document({"findings": show.as_json(found), "wrong": wrong})
        return int(wrong > 0)
    cells = [(one.what, one.verdict, f"{one.found}{f': {one.remedy}' if one.remedy else ''}") for one in found]
    click.echo(show.table(("WHAT", "VERDICT", "FOUND"), cells))
    if not state.quiet:
        click.echo(
            f"{wrong or 'Nothing'} {'thing is' if wrong == 1 else 'things are' if wrong else 'is'} wrong.", err=True
        )
    return int(wrong > 0)
