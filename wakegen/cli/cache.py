"""`wakegen cache`: what is kept between projects, how much it is, whether it is whole, and how to be rid of it."""

from __future__ import annotations

import sys
from typing import Any

import click

from wakegen.cli import options
from wakegen.cli.state import State
from wakegen.core.paths import cache_folder

_KINDS = click.argument("kinds", nargs=-1, metavar="[clips|rooms|negatives|lexicons|models|all]...")


@click.group()
def cache() -> None:
    """What is kept between projects: clips of slow engines, rooms, negative banks, lexicons, models.

    All of it can be made again; keeping it saves time. WAKEGEN_CACHE names another folder for it.
    """


@cache.command()
@options.output
@click.pass_obj
def stats(state: State, /) -> None:
    """Say how much is kept, of what."""
    import wakegen
    from wakegen.cli import show

    sums = wakegen.cache_content().sums()
    if state.json:
        show.document(sums)
        return
    rows = ((row["kind"], f"{row['count']:,}", _size(row["bytes"]), _what(row)) for row in sums["kinds"])
    click.echo(show.table(("KIND", "COUNT", "SIZE", "WHAT"), rows))
    click.echo(
        f"{_size(sums['bytes'])} in {sums['folder']}; of clips at most {_size(sums['clips_limit_bytes'])} are kept"
    )


@cache.command("list")
@_KINDS
@options.output
@click.pass_obj
def list_(state: State, /, kinds: tuple[str, ...]) -> None:
    """List what is kept, thing by thing: all, or some kinds."""
    import wakegen
    from wakegen.cli import show

    content = wakegen.cache_content(kinds)
    if state.json:
        show.document(content.to_json())
        return
    rows = ((item.kind, item.name, f"{item.files:,}", _size(item.bytes), item.date[:10]) for item in content.items)
    click.echo(show.table(("KIND", "NAME", "FILES", "SIZE", "DATE"), rows))
    if not state.quiet:
        click.echo(f"{_size(content.bytes)} in {content.folder}", err=True)


@cache.command()
@_KINDS
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@options.output
@click.pass_obj
def clear(state: State, /, kinds: tuple[str, ...], yes: bool) -> int:
    """Remove what is kept: all, or some kinds.

    It asks before it does. Not while another run is working: it may want what is removed.
    """
    import wakegen
    from wakegen.cli import show

    content = wakegen.cache_content(kinds)
    if content.items and not yes and not _agreed(content):
        click.echo("Nothing was removed.", err=True)
        return 1
    removed = wakegen.clear_cache(kinds)
    if state.json:
        show.document(removed.to_json())
    else:
        click.echo(f"Removed {_size(removed.bytes)} from {removed.folder}.")
    return 0


def _agreed(content: Any) -> bool:
    kinds = ", ".join(sorted({item.kind for item in content.items}))
    if not sys.stdin.isatty():
        raise click.UsageError("`cache clear` asks before it removes anything. Without a terminal, add --yes.")
    return click.confirm(f"Remove {kinds}, {_size(content.bytes)}, from {content.folder}?", err=True)


@cache.command()
@options.output
@click.pass_obj
def path(state: State, /) -> None:
    """Print the folder where it is kept."""
    from wakegen.cli import show

    if state.json:
        show.document({"path": str(cache_folder())})
        return
    click.echo(cache_folder())


@cache.command()
@options.output
@click.pass_obj
def verify(state: State, /) -> int:
    """Read every clip that is kept, and remove those that are damaged.

    A damaged clip is never used, verified or not: it is spoken again.
    """
    import wakegen
    from wakegen.cli import show
    from wakegen.cli.progress import watch

    with watch(state) as on_event:
        result = wakegen.verify_clips(on_event=on_event)
    return show.results([result], state)


def _what(row: dict[str, Any]) -> str:
    engines = ", ".join(f"{name} {one['count']:,}" for name, one in row.get("by_engine", {}).items())
    return f"{row['what']}: {engines}" if engines else str(row["what"])


def _size(count: int) -> str:
    """Give a number of bytes as people write it."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"
