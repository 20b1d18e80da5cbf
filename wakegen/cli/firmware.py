"""`wakegen firmware`: what runs on a board: built, written to it, asked, heard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from wakegen.cli import options
from wakegen.cli.state import State

F = TypeVar("F", bound=Callable[..., Any])
_MOST_BAUD = 12_000_000


def _offset(ctx: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """Read a whole number, in hexadecimal too."""
    if value is None:
        return None
    try:
        number = int(value, 0)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a number such as 0x10000.") from None
    if number < 0:
        raise click.BadParameter(f"{value} is below 0.")
    return number


def _baud(usual: int, help: str) -> Callable[[F], F]:
    kind = click.IntRange(1200, _MOST_BAUD)
    return click.option("--baud", type=kind, default=usual, show_default=True, metavar="RATE", help=help)


_port = click.option("--port", metavar="PORT", help="Serial port or URL; by default the only one with a board's USB.")


@click.group()
def firmware() -> None:
    """Build the firmware of a board, flash it, ask what runs there, and hear it."""


@firmware.command()
@click.option("--device", metavar="NAME", help="Device profile: a name or a file.")
@click.option("--chip", metavar="NAME", help="The chip instead: esp32, esp32s3, esp32c3, esp32c6 or esp32p4.")
@click.option("--bare", is_flag=True, help="An ESP32-C3 without ESP-IDF: a compiler is enough; no microphone.")
@click.option("--out", type=options.FOLDER, metavar="DIR", help="Where to build; by default output/firmware/CHIP.")
@options.output
@click.pass_obj
def build(state: State, /, device: str | None, chip: str | None, bare: bool, out: Path | None) -> int:
    """Build the firmware: with ESP-IDF 5.3 or newer, or without it for a bare ESP32-C3.

    \b
    wakegen firmware build --device esp32s3
    wakegen firmware build --chip esp32c3 --bare
    """
    import wakegen
    from wakegen.cli import show
    from wakegen.cli.progress import watch

    if (device is None) == (chip is None):
        raise click.UsageError("Say what to build for: --device NAME or --chip NAME.")
    with watch(state) as on_event:
        result = wakegen.build_firmware(device or chip, bare=bare, out=out, on_event=on_event)
    return show.results([result], state)


@firmware.command()
@click.argument("image", type=click.Path(path_type=Path), metavar="FILE|DIR")
@_port
@click.option("--device", metavar="NAME", help="Refuse firmware that is not for this device profile's chip.")
@click.option("--at", callback=_offset, metavar="OFFSET", help="Where in flash a file goes; by default as it is one.")
@_baud(460_800, "How fast it is written.")
@click.option("--no-reset", is_flag=True, help="The chip is in its loader already (BOOT held, RESET pressed).")
@click.option("--no-stub", is_flag=True, help="Without esptool's own flasher: slower, for chips that refuse it.")
@options.output
@click.pass_obj
def flash(
    state: State,
    /,
    image: Path,
    port: str | None,
    device: str | None,
    at: int | None,
    baud: int,
    no_reset: bool,
    no_stub: bool,
) -> int:
    """Write firmware to a board: a .bin file, or the folder that `wakegen firmware build` made.

    The image is checked first, then the chip; what was written is compared. Needs pip install 'wakegen[flash]'.

    \b
    wakegen firmware flash output/firmware/esp32c3-bare
    """
    import wakegen
    from wakegen.cli import show
    from wakegen.cli.progress import watch

    with watch(state) as on_event:
        result = wakegen.flash_firmware(
            image, port=port, device=device, at=at, baud=baud, reset=not no_reset, stub=not no_stub, on_event=on_event
        )
    return show.results([result], state)


@firmware.command()
@click.argument("image", required=False, type=click.Path(path_type=Path), metavar="[FILE]")
@_port
@_baud(921_600, "Speed of the line; a chip's own USB has none.")
@options.output
@click.pass_obj
def info(state: State, /, image: Path | None, port: str | None, baud: int) -> None:
    """Ask the device on a port what it is; or, with FILE, say what an image is for."""
    import wakegen
    from wakegen.cli import show

    if image is not None and port is not None:
        raise click.UsageError("Give FILE or --port, not both.")
    result = wakegen.read_firmware(image) if image is not None else wakegen.ask_device(port, baud=baud)
    if state.json:
        show.document(result.to_json())
    else:
        click.echo(result.to_text())


@firmware.command()
@_port
@_baud(115_200, "Speed of the line: the ROM's log comes at 115200; a chip's own USB has none.")
@click.option("--seconds", type=click.FloatRange(min=0), metavar="S", help="Stop after so long.")
@options.output
@click.pass_obj
def monitor(state: State, /, port: str | None, baud: int, seconds: float | None) -> None:
    """Show what a device says until Ctrl-C: its boot log, other text, and the log lines among its frames.

    With --json the lines are one document, at the end.
    """
    import wakegen
    from wakegen.cli import show
    from wakegen.cli.progress import watch

    lines: list[dict[str, Any]] = []

    def tell(said: Any) -> None:
        if state.json:
            lines.append({"kind": said.kind, "level": said.level, "text": said.text})
        else:
            click.echo(said.text if said.kind == "text" else f"[{_level(said.level)}] {said.text}")

    try:
        with watch(state) as on_event:
            wakegen.watch_device(port, tell, baud=baud, seconds=seconds, on_event=on_event)
    except KeyboardInterrupt:  # how it ends, when nobody said after how long
        click.echo(err=True)
    if state.json:
        show.document({"lines": lines})


def _level(level: int) -> str:
    return "error" if level >= 40 else "warning" if level >= 30 else "info"
