"""The stages of `make` that work on a project folder as it stands: simulate, gate, train, test, report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wakegen.cli import options
from wakegen.cli.state import State


def run(name: str, state: State, given: dict[str, Any], **more: Any) -> int:
    """Redo one stage of a project."""
    import wakegen
    from wakegen.cli import progress, show

    folder, settings = options.load_project(given)
    with progress.watch(state) as on_event:
        result = wakegen.run_stage(name, folder, settings, on_event=on_event, **more)
    return show.results([result], state)


@click.command()
@options.project
@options.jobs
@options.assign
@options.output
@click.pass_obj
def simulate(state: State, /, **given: Any) -> int:
    """Put the clips into scenes, as the device hears them."""
    return run("simulate", state, given)


@click.command()
@options.project
@options.jobs
@options.assign
@options.output
@click.pass_obj
def gate(state: State, /, **given: Any) -> int:
    """Check every clip, set the bad ones aside.

    Bad is what is silent, clipped, cut off or there already.
    """
    return run("gate", state, given)


@click.command()
@options.project
@options.jobs
@click.option("--resume", is_flag=True, help="Go on with a training that was stopped; leave one that has finished.")
@click.option(
    "--add",
    "add_clips",
    type=options.FOLDER,
    metavar="DIR",
    help="Add your own clips and train the heads on: the phrase alone, trimmed, one file each; whatever lies below "
    "a folder named negative is anything but the phrase.",
)
@options.backbone
@options.assign
@options.output
@click.pass_obj
def train(state: State, /, resume: bool, add_clips: Path | None, **given: Any) -> int:
    """Train on the project's clips. `wakegen test` then evaluates the detector and exports it.

    \b
    wakegen train --project output/hey_katya
    wakegen train --project output/hey_katya --add my_voice/
    """
    if resume and add_clips:
        raise click.UsageError("Give --resume or --add: an addition that was stopped goes on by itself.")
    more = {"resume": True} if resume else {"add_clips": add_clips} if add_clips else {}
    return run("train", state, given, **more)


@click.command()
@options.project
@options.jobs
@options.limits
@options.allow_poor
@options.assign
@options.output
@click.pass_obj
def test(state: State, /, **given: Any) -> int:
    """Evaluate the detector on continuous audio.

    Counts recall and false accepts per hour, over all and by group, and checks them against the limits.
    """
    return run("test", state, given)


@click.command()
@options.project
@options.assign
@options.output
@click.pass_obj
def report(state: State, /, **given: Any) -> int:
    """Draw report.html anew from report.json."""
    return run("report", state, given)
