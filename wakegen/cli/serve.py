"""`wakegen serve`: detectors for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from wakegen.cli import options
from wakegen.cli.state import State


@click.command()
@click.argument("models", nargs=-1, required=True, metavar="MODEL...", type=click.Path(path_type=Path))
@click.option("--wyoming", required=True, metavar="HOST:PORT", help="Where to listen, for example 0.0.0.0:10400.")
@options.detector
@options.output
@click.pass_obj
def serve(
    state: State,
    /,
    models: tuple[Path, ...],
    wyoming: str,
    threshold: float | None,
    vad: float | None,
    runtime: str,
) -> None:
    """Serve wake words to Home Assistant and others, by the Wyoming protocol.

    \b
    wakegen serve --wyoming 0.0.0.0:10400 hey_katya.onnx

    In Home Assistant: Settings, Devices & services, Add integration, Wyoming Protocol, this machine's address and the
    port. Whoever reaches the port can use it: give 127.0.0.1 to keep it to this machine.
    """
    import wakegen
    from wakegen.cli import show

    host, _, port = wyoming.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise click.BadParameter(f"{wyoming!r} is not HOST:PORT.", param_hint="--wyoming")

    def ready(taken: int) -> None:
        if state.json:
            show.document({"serving": [path.stem for path in models], "host": host, "port": taken})
        elif not state.quiet:
            click.echo(f"Serving {', '.join(path.stem for path in models)} on tcp://{host}:{taken}", err=True)

    wakegen.serve_wyoming(
        models, host=host.strip("[]"), port=int(port), ready=ready, threshold=threshold, vad=vad, runtime=runtime
    )
