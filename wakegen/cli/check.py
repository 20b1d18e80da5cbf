"""`wakegen check`: how risky a phrase is, before anything is made."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from wakegen.cli import options
from wakegen.cli.state import State


@click.command()
@click.argument("phrases", nargs=-1, required=True, metavar="PHRASE...")
@options.language
@click.option("--play", is_flag=True, help="Let every engine that can be used say it.")
@click.option("--out", type=options.FOLDER, metavar="DIR", help="Write what they say: a WAV for each engine.")
@options.output
@click.pass_obj
def check(state: State, /, phrases: tuple[str, ...], language: str | None, play: bool, out: Path | None) -> int:
    """Say how risky each PHRASE is, how it is pronounced, and what to say instead.

    \b
    wakegen check "hey katya"
    wakegen check computer "hey computer" --json
    wakegen check "merhaba katya" --language tr --play

    The risk is a rule of thumb from spelling, sounds and word lists. Nothing is made but the samples asked for.
    """
    import wakegen
    from wakegen.cli import show

    settings = options.load_any({"language": language}, phrases=phrases)
    spoken = settings.generation.language
    with tempfile.TemporaryDirectory(prefix="wakegen-") as scratch:
        folder = out or (Path(scratch) if play else None)
        found = [wakegen.check_phrase(phrase, language=spoken, out=folder) for phrase in phrases]
        if play:
            _play(found, state)
    if out is None:
        found = [checked.without_files() for checked in found]
    return show.results(found, state)


def _play(found: Sequence[Any], state: State) -> None:
    """Play the samples one after the other, naming who speaks; without a player, say so once."""
    import wakegen

    for sample in (engine for checked in found for engine in checked.engines if engine.file):
        if not state.quiet:
            click.echo(f"{sample.engine} {sample.voice}", err=True)
        player, reason = wakegen.play_file(sample.file)
        if not player:
            click.echo(f"Nothing was played ({reason}). Write the samples with --out DIR instead.", err=True)
            return
