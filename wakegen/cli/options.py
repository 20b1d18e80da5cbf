"""Options that mean the same everywhere, and how they become settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from wakegen.cli.state import State
from wakegen.core.errors import BadInput

if TYPE_CHECKING:
    from wakegen.config import Settings

F = TypeVar("F", bound=Callable[..., Any])

FOLDER = click.Path(path_type=Path)
PRESETS = click.Choice(["quick", "standard", "best"])


def _split(ctx: click.Context, parameter: click.Parameter, value: Sequence[str]) -> tuple[str, ...]:
    return tuple(part.strip() for item in value for part in item.split(",") if part.strip())


def _remember(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        setattr(ctx.find_root().ensure_object(State), parameter.name or "", True)


def _flag(*names: str, help: str) -> Callable[[F], F]:
    return click.option(*names, is_flag=True, expose_value=False, is_eager=True, callback=_remember, help=help)


def _stack(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    def apply(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


output: Callable[[F], F] = _stack(
    _flag("--json", help="One JSON document on stdout, nothing else there."),
    _flag("--quiet", "-q", help="No progress on stderr."),
    _flag("--verbose", "-v", help="Tracebacks, too."),
    _flag("--no-color", help="No colours (also: NO_COLOR)."),
)

# How a detector is run.
detector: Callable[[F], F] = _stack(
    click.option("--threshold", type=click.FloatRange(0, 1), metavar="SCORE", help="Instead of the detector's own."),
    click.option("--vad", type=click.FloatRange(0, 1), metavar="SCORE", help="Hear nothing below this voice activity."),
    click.option(
        "--runtime", type=click.Choice(["auto", "c", "onnxruntime"]), default="auto", show_default=True,
        help="What computes the embedding; auto: the C engine if it was built.",
    ),
)  # fmt: skip

# Each option of `settings` stands for the configuration key named in KEYS below.
engine = click.option(
    "--engine", "--engines", "--provider", "--providers", "engines", multiple=True, callback=_split, metavar="NAME[:WEIGHT]",
    help="Who speaks; several with commas or by repeating. `wakegen engines` lists them.",
)  # fmt: skip
voice = click.option(
    "--voice", "--voices", "voices", multiple=True, callback=_split, metavar="NAME",
    help="Voices by name (ENGINE:NAME where there are several engines).",
)  # fmt: skip
language = click.option("--language", metavar="TAG", help="Language of the phrase, such as en, tr or de.")
device = click.option("--device", metavar="NAME", help="Device profile: a name or a file.")
count = click.option("--count", type=int, metavar="N", help="Clips of the phrase, before scenes.")
preset = click.option("--preset", type=PRESETS, help="Sizes by name.")
backbone = click.option(
    "--backbone",
    type=click.Choice(["full", "nano"]),
    help="What heads are made for; nano is for small chips (docs/nano.md).",
)
seed = click.option("--seed", type=int, metavar="N", help="Everything random follows from it.")
jobs = click.option("--jobs", type=int, metavar="N", help="Processes that work at once.")
strict = click.option("--strict", is_flag=True, default=None, help="What is not available is an error.")
assign = click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Any key of wakegen.yaml.")
config = click.option("--config", type=FOLDER, metavar="FILE", help="The wakegen.yaml to read.")
out = click.option(
    "--out", type=FOLDER, metavar="DIR", help="The project folder (several phrases: a folder each below it)."
)
project = click.option(
    "--project", type=FOLDER, metavar="DIR", help="A project folder that exists (else: where you stand)."
)
allow_poor = click.option("--allow-poor", is_flag=True, default=None, help="Export a detector that misses its limits.")
recordings = click.option(
    "--recordings",
    type=FOLDER,
    multiple=True,
    metavar="DIR",
    help="Your recordings of the phrase, for evaluation only.",
)
folders: Callable[[F], F] = _stack(
    click.option("--negatives", type=FOLDER, multiple=True, metavar="DIR", help="Recordings without the phrase."),
    click.option("--noise", type=FOLDER, multiple=True, metavar="DIR", help="Background noise for scenes."),
    click.option("--rir", type=FOLDER, multiple=True, metavar="DIR", help="Room impulse responses for scenes."),
    recordings,
)
limits: Callable[[F], F] = _stack(
    click.option(
        "--min-recall", type=float, metavar="SHARE", help="Lowest recall, 0 to 1; below it the exit code is 6."
    ),
    click.option("--max-fa-per-hour", type=float, metavar="RATE", help="Most false accepts per hour; above it: 6."),
)
sizes: Callable[[F], F] = _stack(engine, voice, language, count, preset, device, seed)

KEYS = {
    "language": "generation.language",
    "count": "generation.count",
    "preset": "preset",
    "device": "device",
    "seed": "seed",
    "backbone": "train.backbone",
    "jobs": "limits.jobs",
    "strict": "strict",
    "out": "generation.output_dir",
    "allow_poor": "export.allow_poor",
    "negatives": "folders.negatives",
    "noise": "folders.noise",
    "rir": "folders.rir",
    "recordings": "folders.recordings",
    "min_recall": "evaluation.min_recall",
    "max_fa_per_hour": "evaluation.max_fa_per_hour",
    "max_p99_ms": "evaluation.max_p99_ms",
    "max_rss_mb": "evaluation.max_rss_mb",
    "engines": "engines",
    "voices": "voices",
}


def as_keys(given: Mapping[str, Any], *, phrases: Sequence[str] = ()) -> dict[str, Any]:
    """Turn a command's parameters into configuration keys; what was not given is left out."""
    options: dict[str, Any] = dict(_assignment(text) for text in given.get("assignments") or ())
    if phrases:
        options["generation.wake_words"] = tuple(phrases)
    return options | {KEYS[name]: value for name, value in given.items() if name in KEYS and value not in (None, ())}


def load_any(given: Mapping[str, Any], *, phrases: Sequence[str] = ()) -> Settings:
    """Give the settings of a run that may start a project: from --config, --project, or a wakegen.yaml where you stand.

    A phrase alone starts afresh: then no file is read unless one is named.
    """
    import wakegen

    file: Path | None = given.get("config")
    folder: Path | None = given.get("project")
    if file is None and folder is not None:
        file = _file_of(folder)
    if file is None and not phrases:
        file = Path("wakegen.yaml") if Path("wakegen.yaml").is_file() else None
    settings: Settings = wakegen.load_settings(file, options=as_keys(given, phrases=phrases))
    return settings


def load_project(given: Mapping[str, Any]) -> tuple[Path, Settings]:
    """Give the project folder that a stage works in, and its settings.

    Raises
    ------
    BadInput : there is no project there.
    """
    import wakegen

    folder: Path = given.get("project") or Path()
    settings = wakegen.load_settings(_file_of(folder), options=as_keys(given))
    return folder, settings


def _file_of(folder: Path) -> Path:
    file = folder / "wakegen.yaml"
    if not file.is_file():
        where = "here" if folder == Path() else f"in {folder}"
        raise BadInput(
            f"There is no project {where}: wakegen.yaml is missing.",
            hint="Name its folder with --project, or start one with `wakegen make PHRASE`.",
        )
    return file


def _assignment(text: str) -> tuple[str, Any]:
    import wakegen

    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--set takes KEY=VALUE, not '{text}'.")
    assignment: tuple[str, Any] = wakegen.parse_assignment(name.strip(), value.strip())
    return assignment
