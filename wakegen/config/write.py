"""Settings as text: the complete wakegen.yaml of a project, and the hash of what decides its clips."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from wakegen.config.schema import Key, keys, sections
from wakegen.config.settings import Settings


def value_of(settings: Settings, name: str) -> Any:
    """Give the value of a dotted key."""
    value: Any = settings
    for part in name.split("."):
        value = getattr(value, part)
    return value


def to_plain(settings: Settings) -> dict[str, Any]:
    """Give every key and its value as JSON knows them, nested as in the file."""
    tree: dict[str, Any] = {}
    for name in keys():
        *groups, last = name.split(".")
        branch = tree
        for group in groups:
            branch = branch.setdefault(group, {})
        branch[last] = _plain(value_of(settings, name))
    return tree


def explain(settings: Settings) -> list[tuple[str, Any, str]]:
    """Give every key with its value (as JSON knows it) and where it came from."""
    return [(name, _plain(value_of(settings, name)), settings.origins.get(name, "default")) for name in keys()]


def to_yaml(settings: Settings) -> str:
    """Give a complete wakegen.yaml for the project folder: the same file makes the same project.

    The output folder is written as ".", the folder that holds the file; the user's folders are written in full.
    """
    lines = ["# What this project was asked to be. The same file makes the same project."]
    opened: tuple[str, ...] = ()
    for key in keys().values():
        *groups, last = key.name.split(".")
        for depth in range(len(groups)):
            if tuple(groups[: depth + 1]) != opened[: depth + 1]:
                lines += [""] * (depth == 0)
                lines.append(f"{'  ' * depth}{groups[depth]}:  # {sections()['.'.join(groups[: depth + 1])]}")
        if not groups and opened:
            lines.append("")
        opened = tuple(groups)
        lines += _entry(key, last, "  " * len(groups), value_of(settings, key.name))
    return "\n".join(lines) + "\n"


def data_hash(settings: Settings) -> str:
    """Give the sha256 (hex) of all that decides which clips a project holds.

    Where the folder lies, how many processes work, and how the head is trained and judged are no part of it.
    """
    decisive = {name: _plain(value_of(settings, name), full=True) for name, key in keys().items() if key.data}
    text = json.dumps(decisive, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _entry(key: Key, name: str, indent: str, value: Any) -> Iterator[str]:
    if key.name == "engines":
        yield f"{indent}engines:  # {key.doc}"
        for choice in value:
            fields = ", ".join(f"{field}: {_text(inner)}" for field, inner in _plain(choice).items())
            yield f"{indent}  - {{{fields}}}"
        return
    shown = "." if key.name == "generation.output_dir" else _plain(value, full=True)
    yield f"{indent}{name}: {_text(shown)}  # {key.doc}"


def _plain(value: Any, *, full: bool = False) -> Any:
    if isinstance(value, Path):
        return str(value.expanduser().absolute() if full else value)
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value), full=full)
    if isinstance(value, dict):
        return {name: _plain(inner, full=full) for name, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner, full=full) for inner in value]
    return value


def _text(value: Any) -> str:
    """Write a value in the part of YAML that is JSON; a literal ${ is doubled, so that it is none."""
    return json.dumps(value, ensure_ascii=False).replace("${", "$${")
