"""`wakegen bench`: what a detector costs and hears where it runs; sessions listed and compared."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from wakegen.cli import options
from wakegen.cli.state import State

F = TypeVar("F", bound=Callable[..., Any])


class BenchGroup(click.Group):
    """A group whose first word may be a model instead of a command: then it is measured."""

    default = "run"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in self.commands:
            args = [self.default, *args]
        return super().parse_args(ctx, args)


@click.group(cls=BenchGroup)
def bench() -> None:
    """Measure a detector where it runs."""


def _where(function: F) -> F:
    for decorator in reversed(
        (
            click.option("--local", is_flag=True, help="This machine itself."),
            click.option("--host", metavar="[USER@]HOST[:PORT]", help="A computer, through SSH."),
            click.option("--port", metavar="PORT", help="A serial port, or socket:// or rfc2217:// URL."),
            click.option("--loopback", is_flag=True, help="The firmware's own program on this machine."),
            click.option("--emulate", is_flag=True, help="The firmware in QEMU; times are estimates."),
            click.option("--baud", type=int, metavar="N", help="Of the serial port  [default: the profile's, 921600]"),
            click.option("--key", type=options.FOLDER, metavar="FILE", help="SSH: private key."),
            click.option("--jump", default="", metavar="[USER@]HOST", help="SSH: through this host."),
            click.option("--known-hosts", type=options.FOLDER, metavar="FILE", help="SSH: instead of your own."),
            click.option("--python", default="python3", metavar="NAME", help="SSH: the interpreter there."),
        )
    ):
        function = decorator(function)
    return function


def _what(function: F) -> F:
    for decorator in reversed(
        (
            click.option(
                "--beside",
                type=options.FOLDER,
                multiple=True,
                metavar="MODEL",
                help="Loaded as well, to share memory and time.",
            ),
            click.option(
                "--seconds",
                type=click.FloatRange(5, 3600),
                default=20.0,
                show_default=True,
                help="Of noise, for the times.",
            ),
            click.option("--clips", type=click.IntRange(0), metavar="N", help="Of the phrase at most; 0: none."),
            click.option("--hours", type=click.FloatRange(0), metavar="H", help="Of everything else at most; 0: none."),
            click.option(
                "--audio",
                type=options.FOLDER,
                multiple=True,
                metavar="DIR",
                help="Recordings to hear instead of the project's; below a folder named negative: without the phrase.",
            ),
            click.option("--realtime", is_flag=True, help="No faster than a microphone would."),
            click.option("--mic", is_flag=True, help="Play it here; the device hears its own microphone."),
        )
    ):
        function = decorator(function)
    return function  # fmt: skip


@bench.command(hidden=True)
@click.argument("model", required=False, type=options.FOLDER)
@options.project
@options.device
@_where
@_what
@click.option("--max-p99-ms", type=float, metavar="MS", help="Slowest 80 ms step (99th percentile).")
@click.option("--max-rss-mb", type=float, metavar="MB", help="Most memory.")
@options.limits
@click.option(
    "--mlperf-tiny", is_flag=True, help="MLPerf Tiny's streaming wake word: 8 misses, 8 false accepts at most."
)
@click.option("--junit", type=options.FOLDER, metavar="FILE", help="Write the limits as JUnit XML.")
@options.output
@click.pass_obj
def run(state: State, /, model: Path | None, project: Path | None, junit: Path | None, **given: Any) -> int:
    """Measure a detector where it runs: its time, memory and what it hears.

    MODEL, or the project's own, is loaded onto the device and hears noise, for its times, and what its project holds out. What
    the device makes of it is compared with this machine, and kept under sessions/. What broke off goes on.

    \b
    wakegen bench --local output/hey_katya/models/hey_katya.onnx --max-p99-ms 40
    wakegen bench --device rpi4 --host pi@raspberrypi output/hey_katya/models/hey_katya.onnx
    wakegen bench --device esp32s3 --port /dev/ttyACM0 output/hey_katya/models/hey_katya.onnx
    wakegen bench list
    wakegen bench compare SESSION SESSION

    A limit that is not met makes the exit code 6.
    """
    import wakegen
    from wakegen.cli import progress, show

    target = _target(given)
    if model is None:
        folder, settings = options.load_project({"project": project})
        model = folder / "models" / f"{settings.name}.onnx"
    with progress.watch(state) as on_event:
        result = wakegen.bench_device(
            model, target=target, command=shlex.join(["wakegen", *sys.argv[1:]]), on_event=on_event, **given
        )
    if junit:
        from wakegen.core.files import write_text

        write_text(junit, wakegen.session_junit(result.document))
    return show.results([result], state)


@bench.command("list")
@options.project
@options.output
@click.pass_obj
def listed(state: State, /, project: Path | None) -> None:
    """List the finished sessions of a project."""
    import wakegen
    from wakegen.cli import show

    folder = project or Path()
    found = wakegen.list_sessions(folder)
    if state.json:
        show.document({"sessions": [{"folder": str(place), **_short(one)} for place, one in found]})
        return
    rows = [(place.name, *map(str, _short(one).values())) for place, one in found]
    click.echo(show.table(("SESSION", "MODEL", "DEVICE", "P50 MS", "P99 MS", "RECALL", "FA/H"), rows))
    if not rows and not state.quiet:
        click.echo(f"{folder} has no finished sessions: wakegen bench makes one.", err=True)


@bench.command()
@click.argument("first", type=options.FOLDER)
@click.argument("second", type=options.FOLDER)
@options.project
@options.output
@click.pass_obj
def compare(state: State, /, first: Path, second: Path, project: Path | None) -> None:
    """Compare two sessions, and say which differences chance would not make."""
    import wakegen
    from wakegen.cli import show

    one, other = (wakegen.read_session(place, home=project or Path()) for place in (first, second))
    rows = wakegen.compare_sessions(one, other)
    if state.json:
        show.document({"differences": [row.to_json() for row in rows]})
        return
    cells = [(row.name, _figure(row.first), _figure(row.second), row.verdict) for row in rows]
    click.echo(show.table(("FIGURE", "FIRST", "SECOND", "DIFFERENCE"), cells))


def _target(given: dict[str, Any]) -> Any:
    """Take the options that say where out of `given`.

    Raises
    ------
    UsageError : none, or more than one place was named.
    """
    from wakegen import Target

    host, port = given.pop("host"), given.pop("port")
    flags = {name: given.pop(name) for name in ("local", "loopback", "emulate")}
    baud, key, jump = given.pop("baud"), given.pop("key"), given.pop("jump")
    known_hosts, python = given.pop("known_hosts"), given.pop("python")
    named = [name for name, value in {**flags, "host": host, "port": port}.items() if value]
    if len(named) != 1:
        what = f"{len(named)} places are named" if named else "Say where to run"
        raise click.UsageError(f"{what}: give one of --local, --host, --port, --loopback, --emulate.")
    transport = {"host": "ssh", "port": "serial", "emulate": "qemu"}.get(named[0], named[0])
    return Target(
        transport,
        host or port or "",
        baud=baud,
        key_file=key,
        jump=jump,
        known_hosts=known_hosts,
        python=python,
    )


def _short(document: dict[str, Any]) -> dict[str, Any]:
    step, evaluation = document["latency"]["step"], document.get("evaluation") or {}
    rate, accepts = evaluation.get("recall", {}), evaluation.get("false_accepts", {})
    return {
        "model": document["model"]["file"],
        "device": document["device"],
        "p50_ms": round(step["p50_ms"], 3),
        "p99_ms": round(step["p99_ms"], 3),
        "recall": f"{rate['hits']} of {rate['total']}" if rate else "–",
        "false_accepts": accepts.get("text", "–"),
    }


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
