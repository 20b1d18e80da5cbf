"""`wakegen export`: a detector for other runtimes."""

from __future__ import annotations

from pathlib import Path

import click

from wakegen.cli import options
from wakegen.cli.state import State


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--to", "to", required=True, metavar="FORMAT", help="onnx-streaming, tflite, wgm or c-array.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Where to; by default beside MODEL.")
@click.option("--backbone", type=click.Choice(["full", "nano"]), help="Of a .wgm; by default the detector's own.")
@options.output
@click.pass_obj
def export(state: State, /, model: Path, to: str, out: Path | None, backbone: str | None) -> None:
    """Write a detector in another format. What was written is run, and compared with the original or tested.

    \b
    onnx-streaming  the whole detector as one graph: 80 ms of samples and states in, a score and the next states out
    tflite          the head alone, as Home Assistant's openWakeWord server loads it
    wgm             a detector in 8-bit integers for microcontrollers; its head is trained on the project's clips
    c-array         a .wgm as a C header

    \b
    wakegen export output/hey_katya/models/hey_katya.onnx --to onnx-streaming
    """
    import wakegen
    from wakegen.cli import progress, show

    with progress.watch(state) as on_event:
        told = wakegen.export_detector(model, to, out=out, backbone=backbone, on_event=on_event)
    if state.json:
        show.document(told)
    else:
        click.echo("\n".join(told[key] for key in ("file", "text") if key in told))
