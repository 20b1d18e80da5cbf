"""`wakegen device-agent`: the device's end, on this computer."""

from __future__ import annotations

import click


@click.command("device-agent")
@click.option("--allow-root", is_flag=True, help="Run as root, too.")
@click.option(
    "--runtime", type=click.Choice(["auto", "c", "onnxruntime"]), default="auto", show_default=True,
    help="What computes the embedding; auto: the C engine if it was built.",
)  # fmt: skip
def device_agent(allow_root: bool, runtime: str) -> int:
    """Be a device under test: take models and sound on stdin, give scores and times on stdout.

    Programs start it, here or through SSH, and end it by closing its stdin. What it speaks: docs/protocol.md.
    """
    import wakegen

    code: int = wakegen.run_device_agent(allow_root=allow_root, runtime=runtime)
    return code
