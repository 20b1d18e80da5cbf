"""Write docs/reference from the program itself: its help, its keys, its tables, its errors.

python docs/build_reference.py            write the pages
python docs/build_reference.py --check    say which pages are stale; exit code 1 if any is
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import click

FOLDER = Path(__file__).parent / "reference"
MADE = "<!-- Made by docs/build_reference.py. Do not edit: change what it reads, then run `make reference`. -->\n"
WIDTH = 100


def pages() -> dict[str, str]:
    """Give every page by file name."""
    return {
        "cli.md": MADE + "\n".join(_cli()),
        "config.md": MADE + "\n".join(_config()),
        "engines.md": MADE + "\n".join(_engines()),
        "errors.md": MADE + "\n".join(_errors()),
    }


def stale() -> list[str]:
    """Give the names of the pages that are not what the program says now."""
    return [
        name for name, text in pages().items() if not (FOLDER / name).is_file() or (FOLDER / name).read_text() != text
    ]


def commands(group: click.Group, prefix: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Give every command with its words, groups before their members."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*prefix, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*prefix, name))


def _cli() -> Iterator[str]:
    from wakegen.cli.app import app

    # As the program itself does it: settings of the root, such as -h, hold below it.
    root = click.Context(app, info_name="wakegen", terminal_width=WIDTH, **app.context_settings)
    yield "# Commands\n"
    yield "Every stage of `wakegen make` is a command of its own over the same project folder.\n"
    yield _help(root)
    contexts = {(): root}
    for words, command in commands(app):
        contexts[words] = click.Context(command, info_name=words[-1], parent=contexts[words[:-1]])
        yield f"## wakegen {' '.join(words)}\n"
        yield _help(contexts[words])


def _help(context: click.Context) -> str:
    return f"```text\n{context.get_help()}\n```\n"


def _config() -> Iterator[str]:
    from wakegen.config.schema import engine_keys, keys, sections

    yield "# wakegen.yaml\n"
    yield "A value is taken from the command line, else the environment, else the file, else the user's own configuration"
    yield "(`$XDG_CONFIG_HOME/wakegen/config.yaml`), else the preset, else the default. `wakegen config show` says which one won."
    yield "`${NAME}` and `${NAME:-default}` in a value are taken from the environment; `include: other.yaml` reads another file"
    yield "first. `providers` means the same as `engines`. Relative paths count from the file that names them.\n"
    titles = {"": "Those that stand by themselves."} | sections()
    for parent, title in titles.items():
        own = [key for key in keys().values() if key.name.rpartition(".")[0] == parent]
        yield from _heading(parent, title) if own else ()
        yield from (_row(key) for key in own)
    yield "\n## Entries of engines\n\n| key | takes | default | what |\n|---|---|---|---|"
    for key in engine_keys().values():
        yield f"| `{key.name}` | {_type(key)} | {_default(key)} | {key.doc} |"
    yield from _presets()


def _row(key: Any) -> str:
    return f"| `{key.name}` | {_type(key)} | {_default(key)} | `{key.variable}` | {key.doc} |"


def _presets() -> Iterator[str]:
    from wakegen.config.presets import PRESETS, TRAIN

    yield "\n## Presets\n"
    rows = list(PRESETS.values())
    yield f"| | {' | '.join(row.name for row in rows)} |\n|---|{'---|' * len(rows)}"
    for field in (
        "positives",
        "confusables",
        "sentences",
        "words",
        "noise",
        "copies",
        "engine_cpu_s",
        "bank_hours",
        "train",
        "val_hours",
        "test_hours",
        "doc",
    ):
        yield f"| {field} | {' | '.join(str(getattr(row, field)) for row in rows)} |"
    listed = (f"`{row.name}` {row.heads} × {row.steps} steps{', chooses' * row.chooses}" for row in TRAIN.values())
    yield f"\nTraining: {', '.join(listed)}. *Chooses*: how much of what sounds like the phrase is trained on is tried out for"
    yield "each phrase, where an engine that does not train is there to judge by.\n"


def _heading(parent: str, title: str) -> Iterator[str]:
    yield f"\n## {parent or 'Top level'}\n\n{title}\n"
    yield "| key | takes | default | environment | what |\n|---|---|---|---|---|"


def _type(key: Any) -> str:
    if key.choices:
        return ", ".join(f"`{choice}`" for choice in key.choices)
    if key.name == "engines":
        return "list"
    kind = key.type
    optional = type(None) in get_args(kind)
    kind = next(one for one in get_args(kind) if one is not type(None)) if optional else kind
    names = {"int": "whole number", "float": "number", "str": "text", "bool": "true or false", "Path": "path"}
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        text = f"list of {names[inner[0].__name__]}s" if inner[-1] is Ellipsis else f"{len(inner)} numbers"
    else:
        text = names[kind.__name__]
    bounds = f", {key.low:.10g} to {key.high:.10g}" if key.low is not None else ""
    return text + bounds + (", null" if optional else "")


def _default(key: Any) -> str:
    from wakegen.config.presets import values
    from wakegen.config.settings import AUTO

    usual = values("standard")
    if key.name in usual:
        return f"preset (`{usual[key.name]}`)"
    if key.name == "engines":
        return f"`{AUTO}`"
    value = list(key.default) if isinstance(key.default, tuple) else key.default
    return "null" if value is None else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _engines() -> Iterator[str]:
    from wakegen.engines.table import ENGINES, KNOWN_ELSEWHERE

    rows = [row for row in ENGINES if not row.hidden]
    yield "# Engines\n"
    yield "What `wakegen engines` knows, whether an engine is installed here or not. How to choose and use them:"
    yield "[the guide](../guide/engines.md).\n"
    yield "## Voices\n"
    yield "| engine | what | voices | languages | licence of the engine | licences of its voices | use |"
    yield "|---|---|---|---|---|---|---|"
    yield from (_voices_of(row) for row in rows)
    yield "\n*trains*: its voices may be anywhere. *validates*: `auto` keeps it out of training, so that what is learned"
    yield "is tried on an engine that nothing was learned from. A voice whose licence forbids commercial use speaks only"
    yield "when it is asked for by name; `wakegen voices list` marks it.\n"
    yield "## Installing\n"
    yield "| engine | needs | the one command | MB on disk |"
    yield "|---|---|---|---|"
    yield from (_installing(row) for row in rows)
    yield "\nSizes are of what the command brings, Python packages on x86-64 and Debian 12's packages, without what"
    yield "wakegen itself needs anyway.\n"
    yield "## Speaking\n"
    yield "| engine | CPU seconds for a second of speech | sample rate, Hz | same request, same bytes | obeys |"
    yield "|---|---|---|---|---|"
    yield from (_speaking(row) for row in rows)
    yield "\nTimes are about those of one core of the machine in [the results](../results.md); plans count with them."
    yield "A plan asks no engine for a control that it does not obey."
    yield "\n## Not in this version\n"
    yield "A configuration may name these too; they are reported as unavailable, and the other engines take their share:"
    yield ", ".join(f"`{name}`" for name in KNOWN_ELSEWHERE) + ".\n"


def _voices_of(row: Any) -> str:
    voices, languages, licences = row.voices, row.languages, row.voice_licences or (row.licence,)
    if row.pulled:
        pulled = [item.facts for item in _pulled(row.name) if not item.model]
        voices = f"{len(pulled)} to be pulled"
        languages, licences = ({getattr(one, what) for one in pulled} for what in ("language", "licence"))
    listed = ", ".join(sorted(languages)) or "`wakegen voices list`"
    use = "trains" if row.trains else "validates"
    return f"| `{row.name}` | {row.doc} | {voices} | {listed} | {row.licence} | {', '.join(sorted(licences))} | {use} |"


def _installing(row: Any) -> str:
    needs = [f"the package `{name}`" for name in row.needs]
    needs += [f"the program `{name}`" for name in row.programs]
    needs += [f"the library `{name}`" for name in row.libraries] + ["voices"] * row.pulled
    pulled = sum(item.bytes for item in _pulled(row.name)) / 1e6
    size = f"{row.size_mb} and {pulled:.0f} of voices" if row.pulled else str(row.size_mb)
    return f"| `{row.name}` | {', '.join(needs)} | `{row.install}` | {size} |"


def _speaking(row: Any) -> str:
    from wakegen.engines.base import RANGES
    from wakegen.engines.table import reach

    ranged = [name for name in RANGES if name in row.controls]
    obeys = [f"{name} {_range(name, *reach(row.name, name))}".strip() for name in ranged]
    obeys += sorted(row.controls - set(RANGES))
    rate, repeats = row.rate_hz or "by voice", "yes" if row.repeatable else "no"
    return f"| `{row.name}` | {row.cpu_per_s:g} | {rate} | {repeats} | {', '.join(obeys)} |"


def _range(name: str, low: float, high: float) -> str:
    return "" if name == "emphasis" else f"{low:g} … {high:g}".replace("-", "−")


def _pulled(engine: str) -> list[Any]:
    """Give the items of wakegen's own catalogue, whichever the user has named."""
    from wakegen.voices import catalogue

    own = Path(catalogue.__file__).with_name("catalogue.json")
    return [item for item in catalogue.load(own) if item.engine == engine]


def _errors() -> Iterator[str]:
    from wakegen.core import errors

    yield "# Exit codes and errors\n"
    yield "| code | meaning |\n|---|---|"
    for code, meaning in (
        (0, "done"),
        (1, "a failure you can act on, such as a full disk; also: the reader of a pipe left"),
        (2, "wrong usage"),
        (3, "bad input or configuration"),
        (4, "something needed is not installed; the message has the command that installs it"),
        (5, "a device or a network failed"),
        (6, "a limit that was asked for was not met (`--min-recall` …, the export gate)"),
        (70, "a bug; the message says where the log is"),
        (130, "interrupted; the next run goes on"),
    ):
        yield f"| {code} | {meaning} |"
    yield '\nWith `--json` a failure is a document too: `{"error": {"kind", "message", "hint", "exit_code"}}`.'
    tree = "\n".join(line[4:] for line in (errors.__doc__ or "").splitlines() if line.startswith("    "))
    yield f"\n## The tree\n\n```text\n{tree}\n```\n"


def main(arguments: list[str]) -> int:
    """Write the pages, or check them."""
    if arguments == ["--check"]:
        for name in stale():
            print(f"docs/reference/{name} is stale: run `make reference`.", file=sys.stderr)
        return 1 if stale() else 0
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
