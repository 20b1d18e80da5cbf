"""`wakegen make`: everything, from the phrase to the report."""

from __future__ import annotations

from typing import Any

import click

from wakegen.cli import options
from wakegen.cli.state import State


@click.command()
@click.argument("phrases", nargs=-1, metavar="PHRASE...")
@options.sizes
@options.backbone
@options.folders
@options.out
@options.config
@options.project
@options.jobs
@options.limits
@options.allow_poor
@options.strict
@options.assign
@click.option("--dry-run", is_flag=True, help="Print the plan with time and disk estimates; run nothing.")
@options.output
@click.pass_obj
def make(state: State, /, phrases: tuple[str, ...], dry_run: bool, **given: Any) -> int:
    """Make a measured detector for each PHRASE, in one go.

    Generates speech, varies it, puts it into scenes, gates, trains, exports, evaluates, benchmarks, reports.

    \b
    wakegen make "hey katya" --preset quick --device rpi4
    wakegen make "hey katya" "stop it" --out detectors/
    wakegen make --config wakegen.yaml --dry-run

    Stopped at any moment, the same command goes on where it was.
    """
    import wakegen
    from wakegen.cli import progress, show

    settings = options.load_any(given, phrases=phrases)
    if not settings.phrase:
        raise click.UsageError('Say which phrase: wakegen make "hey katya", or name a file with --config.')
    if dry_run:
        return show.results([wakegen.plan_project(one) for one in settings.per_phrase()], state)
    with progress.watch(state) as on_event:
        made = [wakegen.make(one, on_event=on_event) for one in settings.per_phrase()]
    return show.results(made, state)
