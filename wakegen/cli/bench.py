"""`wakegen bench`: what a detector costs where it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wakegen.cli import options
from wakegen.cli.stages import run as run_stage
from wakegen.cli.state import State


@click.command()
@click.argument("model", required=False, type=click.Path(path_type=Path))
@options.project
@options.device
@click.option("--local", is_flag=True, help="Run on this machine, where it stands.")
@click.option("--max-p99-ms", type=float, metavar="MS", help="Slowest 80 ms step (99th percentile).")
@click.option("--max-rss-mb", type=float, metavar="MB", help="Most memory.")
@options.limits
@options.output
@click.pass_obj
def bench(state: State, /, model: Path | None, local: bool, **given: Any) -> int:
    """Measure a detector's time, memory and size.

    Runs MODEL, or the project's own, step by step (80 ms) on this machine.

    \b
    wakegen bench --device rpi4 --local output/hey_katya/models/hey_katya.onnx --max-p99-ms 40

    A limit that is not met makes the exit code 6.
    """
    if not local:
        raise click.UsageError("Say where to run: --local runs the detector on this machine.")
    if model is None:
        return run_stage("bench", state, given)
    given.pop("project")
    import wakegen
    from wakegen.cli import progress, show

    with progress.watch(state) as on_event:
        result = wakegen.bench_device(model, local=True, on_event=on_event, **given)
    return show.results([result], state)
