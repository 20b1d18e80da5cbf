"""`wakegen device-agent`: the device's end, on this computer."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("device-agent")
@click.option("--allow-root", is_flag=True, help="Run as root, too.")
@click.option(
    "--runtime", type=click.Choice(["auto", "c", "onnxruntime"]), default="auto", show_default=True,
    help="What computes the embedding; auto: the C engine if it was built.",
)  # fmt: skip
@click.option(
    "--write",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write it as one file instead, for a computer without wakegen.",
)
def device_agent(allow_root: bool, runtime: str, write: Path | None) -> int:
    """Be a device under test: take models and sound on stdin, give scores and times on stdout.

    Programs start it, here or through SSH, and end it by closing its stdin. What it speaks: docs/protocol.md. The file
    that --write makes needs Python 3.10, numpy, and a C compiler or onnxruntime.
    """
    import wakegen

    if write is not None:
        click.echo(wakegen.write_device_agent(write))
        return 0
    code: int = wakegen.run_device_agent(allow_root=allow_root, runtime=runtime)
    return code
