"""`wakegen voices`: the voices of the engines: those that speak, those that can be pulled, and how one sounds."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from wakegen.cli import options
from wakegen.cli.state import State
from wakegen.core.errors import BadInput, NotInstalled

F = TypeVar("F", bound=Callable[..., Any])
_EACH_MAX = 200  # voices: more of them are counted by language instead
_HEADS = ("ENGINE", "VOICE", "LANGUAGE", "GENDER", "KIND", "LICENCE", "NOTE")
_SUMMARY_HEADS = ("ENGINE", "LANGUAGE", "VOICES", "FEMALE", "MALE", "FOR EXAMPLE", "NOTE")


def _filters(function: F) -> F:
    engine = click.option("--engine", "--provider", "engine", default="all", metavar="NAME", help="One engine, or all.")
    language = click.option("--language", metavar="TAG", help="Such as en, en-gb or tr.")
    gender = click.option("--gender", type=click.Choice(["female", "male", "unknown"]))
    installed = click.option("--installed", is_flag=True, help="Only those that can speak now.")
    return engine(language(gender(installed(options.output(function)))))


def _list(state: State, engine: str, language: str | None, gender: str | None, installed: bool) -> None:
    import wakegen
    from wakegen.cli import show
    from wakegen.cli.progress import watch

    only: dict[str, Any] = {"engine": None if engine == "all" else engine, "language": language, "gender": gender}
    offers = () if installed else wakegen.list_voices_to_pull(**only)
    try:
        with watch(state) as on_event:
            rows = wakegen.list_voices(**only, on_event=on_event)
    except (BadInput, NotInstalled):
        if not offers:
            raise
        rows = ()  # none speaks yet, and those that could are shown
    if state.json:
        show.document({"voices": show.as_json(rows), "to_pull": show.as_json(offers)})
        return
    each = language is not None or len(rows) <= _EACH_MAX
    heads, cells = (_HEADS, _cells(rows, offers)) if each else (_SUMMARY_HEADS, _summary(rows, offers))
    click.echo(show.table(heads, cells))
    if not state.quiet:
        more = f", {len(offers)} more can be pulled" if offers else ""
        hint = "" if each else ". --language TAG shows each voice, --json all"
        click.echo(f"{len(rows)} voices{more}{hint}", err=True)


def _cells(rows: Sequence[Any], offers: Sequence[Any]) -> Iterator[tuple[str, ...]]:
    for row in rows:
        yield row.engine, row.name, row.language, row.gender, row.kind, row.licence, _note(row)
    for one in offers:
        yield one.engine, one.name, one.language, one.gender, "", one.licence, _note(one, f"pull: {one.pull}")


def _summary(rows: Sequence[Any], offers: Sequence[Any]) -> Iterator[tuple[object, ...]]:
    """Count voices by engine and language; those to be pulled, and those not for commercial use, on lines of their own."""
    groups: dict[tuple[str, str, str], list[Any]] = {}
    for row in rows:
        groups.setdefault((row.engine, row.language, _note(row)), []).append(row)
    for one in offers:
        note = _note(one, f"pull: wakegen voices pull {one.engine}")
        groups.setdefault((one.engine, one.language, note), []).append(one)
    for (engine, language, note), group in groups.items():
        women, men = (sum(row.gender == gender for row in group) for gender in ("female", "male"))
        yield engine, language, len(group), women, men, group[0].name, note


def _note(row: Any, pull: str = "") -> str:
    return "; ".join(part for part in ("" if row.commercial else "non-commercial", pull) if part)


@click.group(invoke_without_command=True)
@options.output
@click.pass_context
def voices(ctx: click.Context) -> None:
    """List the voices that can speak, pull more, play one."""
    if ctx.invoked_subcommand is None:
        _list(ctx.ensure_object(State), "all", None, None, False)


@voices.command("list")
@_filters
@click.pass_obj
def list_(state: State, /, engine: str, language: str | None, gender: str | None, installed: bool) -> None:
    """List voices by engine, language and gender; with many, their number by language."""
    _list(state, engine, language, gender, installed)


@voices.command()
@click.argument("names", nargs=-1, metavar="[NAME|ENGINE|all]...")
@click.option("--engine", "--provider", "engine", metavar="NAME", help="Only voices of this engine.")
@click.option(
    "--from", "source", type=options.FOLDER, metavar="DIR", help="Look for files and packages there, offline."
)
@click.option("--non-commercial", is_flag=True, help="Those too whose licences forbid commercial use.")
@click.option("--dry-run", is_flag=True, help="Say what would be pulled.")
@options.output
@click.pass_obj
def pull(
    state: State,
    /,
    names: tuple[str, ...],
    engine: str | None,
    source: Path | None,
    non_commercial: bool,
    dry_run: bool,
) -> int:
    """Bring voices that are files: by name, by engine, or all.

    Each file is checked against the sha256 in the catalogue. What is there already is left alone, and a pull that was
    cut off goes on where it stopped.
    """
    import wakegen
    from wakegen.cli import show
    from wakegen.cli.progress import watch

    more: dict[str, Any] = {"engine": engine, "source_folder": source, "non_commercial": non_commercial}
    with watch(state) as on_event:
        result = wakegen.pull_voices(names, **more, dry_run=dry_run, on_event=on_event)
    return show.results([result], state)


@voices.command()
@click.argument("voice")
@click.option("--text", metavar="TEXT", help="What it says; IPA between slashes.")
@click.option(
    "--engine", "--provider", "engine", metavar="NAME", help="The engine that has the voice (else: all are searched)."
)
@click.option("--out", type=options.FOLDER, metavar="FILE.wav", help="Write a WAV file instead of playing.")
@options.output
@click.pass_obj
def play(state: State, /, voice: str, text: str | None, engine: str | None, out: Path | None) -> None:
    """Hear a voice: it says a sentence through the first player found."""
    import wakegen
    from wakegen.cli import show
    from wakegen.core.names import slug

    sample = wakegen.speak_sample(voice, text=text, engine=engine)
    player, reason = ("", "") if out is not None else _played(sample)
    if not player:
        out = out or Path(f"{slug(voice)}.wav")
        sample.save(out)
    if reason and not state.quiet:
        click.echo(f"Nothing was played ({reason}).", err=True)
    file = str(out) if out is not None else None
    if state.json:
        show.document(sample.to_json() | {"played_with": player or None, "file": file})
        return
    where = f"played with {player}" if player else f"written to {file}"
    click.echo(f"{sample.engine} {sample.voice}: '{sample.text}', {sample.seconds:.2f} s, {where}")


def _played(sample: Any) -> tuple[str, str]:
    import wakegen

    with tempfile.TemporaryDirectory(prefix="wakegen-") as folder:
        path = Path(folder) / "sample.wav"
        sample.save(path)
        played: tuple[str, str] = wakegen.play_file(path)
    return played


@click.command("list-voices", hidden=True)
@_filters
@click.pass_obj
def list_voices(state: State, /, engine: str, language: str | None, gender: str | None, installed: bool) -> None:
    """The same as `wakegen voices list`."""
    _list(state, engine, language, gender, installed)
