"""The stages of `make` that work on a project folder as it stands: simulate, gate, train, test, report."""

from __future__ import annotations

from typing import Any

import click

from wakegen.cli import options
from wakegen.cli.state import State


def run(name: str, state: State, given: dict[str, Any]) -> int:
    """Redo one stage of a project."""
    import wakegen
    from wakegen.cli import progress, show

    folder, settings = options.load_project(given)
    with progress.watch(state) as on_event:
        result = wakegen.run_stage(name, folder, settings, on_event=on_event)
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
@options.limits
@options.allow_poor
@options.assign
@options.output
@click.pass_obj
def train(state: State, /, **given: Any) -> int:
    """Train on the project's clips and export the detector."""
    return run("train", state, given)


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
    """Write report.html and report.json anew."""
    return run("report", state, given)
