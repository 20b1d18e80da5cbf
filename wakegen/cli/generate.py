"""`wakegen generate`: speak the clips of a project, new or old."""

from __future__ import annotations

from typing import Any

import click

from wakegen.cli import options
from wakegen.cli.state import State


@click.command()
@click.option("--text", "phrases", multiple=True, metavar="PHRASE", help="The phrase; starts a project for it.")
@options.sizes
@options.folders
@options.out
@options.config
@options.project
@options.jobs
@options.strict
@options.assign
@click.option("--dry-run", is_flag=True, help="Print the plan; run nothing.")
@options.output
@click.pass_obj
def generate(state: State, /, phrases: tuple[str, ...], dry_run: bool, **given: Any) -> int:
    """Speak the clips: the phrase and what is not the phrase.

    \b
    wakegen generate --text "hey katya" --count 200 --out hey_katya
    wakegen generate --project hey_katya
    """
    import wakegen
    from wakegen.cli import progress, show

    settings = options.load_any(given, phrases=phrases)
    if not settings.phrase:
        raise click.UsageError('Say what to speak: --text "hey katya", --config FILE or --project DIR.')
    if dry_run:
        return show.results([wakegen.plan_project(one) for one in settings.per_phrase()], state)
    with progress.watch(state) as on_event:
        done = [wakegen.run_stage("generate", one.project_dir, one, on_event=on_event) for one in settings.per_phrase()]
    return show.results(done, state)
