"""`wakegen devices`: the profiles there are, and the devices that answer."""

from __future__ import annotations

import click

from wakegen.cli import options
from wakegen.cli.state import State


@click.group()
def devices() -> None:
    """List device profiles, and find devices that answer."""


@devices.command("list")
@options.output
@click.pass_obj
def listed(state: State, /) -> None:
    """List the device profiles."""
    import wakegen
    from wakegen.cli import show

    rows = wakegen.list_devices()
    if state.json:
        show.document({"devices": show.as_json(rows)})
        return
    cells = [(row.name, row.reached, row.detector, row.title) for row in rows]
    click.echo(show.table(("DEVICE", "THROUGH", "DETECTOR", "WHAT"), cells))


@devices.command("show")
@click.argument("device")
@options.output
@click.pass_obj
def shown(state: State, /, device: str) -> None:
    """Show a profile: every value after what it extends, and where each comes from."""
    import wakegen
    from wakegen.cli import show

    values = wakegen.show_device(device)
    if state.json:
        show.document({"device": device, "values": show.as_json(values)})
        return
    click.echo(show.table(("KEY", "VALUE", "SOURCE"), [(one.key, one.value, one.source) for one in values]))


@devices.command()
@click.option(
    "--host", "hosts", multiple=True, metavar="[USER@]HOST[:PORT]", help="Ask this computer, too, through SSH."
)
@click.option(
    "--baud", type=click.IntRange(1200, 12_000_000), default=921_600, show_default=True, help="Of serial ports."
)
@options.output
@click.pass_obj
def scan(state: State, /, hosts: tuple[str, ...], baud: int) -> None:
    """Ask every serial port that a board may hang on, and named hosts, what they are.

    Opening a port restarts some boards. Computers are asked only when they are named.
    """
    import wakegen
    from wakegen.cli import show
    from wakegen.cli.progress import watch

    with watch(state) as on_event:
        found = wakegen.scan_devices(hosts, baud=baud, on_event=on_event)
    if state.json:
        show.document({"found": show.as_json(found)})
        return
    cells = [(one.address, one.what, one.version, one.models, one.why) for one in found]
    click.echo(show.table(("WHERE", "WHAT", "WAKEGEN", "MODELS", "NOTE"), cells))
    if not found and not state.quiet:
        click.echo("No serial port that a board may hang on, and no --host.", err=True)
