"""YAML into frozen dataclasses, strictly: unknown keys, wrong types and values out of range are errors with a line."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from wakegen.core.errors import BadConfig
from wakegen.core.names import did_you_mean

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Node:
    """A parsed file: plain values, and for each dotted path the file and line it stands in."""

    value: dict[str, Any]
    path: Path
    lines: dict[str, int]
    paths: dict[str, Path]

    def at(self, place: str) -> str:
        """Give "file:line" of a dotted path, or of the nearest thing around it."""
        while place and place not in self.lines:
            place = place.rpartition(".")[0]
        return f"{self.paths.get(place, self.path)}:{self.lines.get(place, 1)}"


def parse(path: Path) -> Node:
    """Read a YAML mapping.

    Raises
    ------
    BadConfig : not YAML, a key twice, or no mapping.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        tree = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadConfig(f"{path}:{line}: {error.problem}.", hint="Mend the YAML at that line.") from error
    except (YAMLError, UnicodeDecodeError, OSError) as error:
        raise BadConfig(f"{path}: cannot be read as YAML: {error}.", hint="Save it as UTF-8 text.") from error
    if not isinstance(tree, Mapping):
        raise BadConfig(f"{path}:1: this is no mapping of keys to values.", hint="Begin with `name: my-device`.")
    lines: dict[str, int] = {}
    value = _plain(tree, "", lines)
    return Node(value, path, lines, dict.fromkeys(lines, path))


def build(kind: type[T], node: Node, *, extra: Mapping[str, Any]) -> T:
    """Turn the tree into `kind`, a dataclass; `extra` gives its internal fields.

    Raises
    ------
    BadConfig : a key is unknown or missing, or a value has the wrong type or range.
    """
    made: T = _dataclass(kind, node.value, "", node, extra)
    return made


def _plain(tree: Any, place: str, lines: dict[str, int]) -> Any:
    """Strip ruamel's types, noting lines (from 1) on the way."""
    if isinstance(tree, Mapping):
        out = {}
        for key, item in tree.items():
            inner = f"{place}.{key}" if place else str(key)
            lines[inner] = _line(tree, key, lines.get(place, 1))
            out[str(key)] = _plain(item, inner, lines)
        return out
    if isinstance(tree, list):
        for index in range(len(tree)):
            lines[f"{place}.{index}"] = _line(tree, index, lines.get(place, 1))
        return [_plain(item, f"{place}.{index}", lines) for index, item in enumerate(tree)]
    for plain in (bool, int, float, str):
        if isinstance(tree, plain):
            return plain(tree)
    return tree


def _line(tree: Any, key: Any, around: int) -> int:
    """Give the line of a key or item; what came by a YAML alias has none of its own."""
    known = tree.lc.data or {}
    return int(known[key][0]) + 1 if key in known else around


def _dataclass(kind: type[Any], value: Any, place: str, node: Node, extra: Mapping[str, Any]) -> Any:
    if not isinstance(value, Mapping):
        raise _wrong(node, place, value, "a mapping of keys to values")
    fields = {item.name: item for item in dataclasses.fields(kind) if not item.metadata.get("internal")}
    inside = f" in '{place}'" if place else ""
    for key in value:
        if key not in fields:
            where = node.at(f"{place}.{key}" if place else key)
            raise BadConfig(f"{where}: unknown key '{key}'{inside}.", hint=did_you_mean(key, fields))
    hints = typing.get_type_hints(kind)
    made = dict(extra)
    for name, item in fields.items():
        inner = f"{place}.{name}" if place else name
        if name in value:
            made[name] = _value(hints[name], value[name], inner, node, item.metadata)
        elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            raise BadConfig(f"{node.at(place)}: the key '{name}' is missing{inside}.", hint=f"Add `{name}:`{inside}.")
    return kind(**made)


def _value(kind: Any, value: Any, place: str, node: Node, rules: Mapping[str, Any]) -> Any:
    if dataclasses.is_dataclass(kind):
        return _dataclass(typing.cast(type[Any], kind), value, place, node, {})
    origin = typing.get_origin(kind)
    if origin is tuple:
        return _tuple(kind, value, place, node, rules)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(kind, value, place, node, rules)
    if kind is str:
        return _text(value, place, node, rules)
    return _number(kind, value, place, node, rules)


def _tuple(kind: Any, value: Any, place: str, node: Node, rules: Mapping[str, Any]) -> tuple[Any, ...]:
    inner = typing.get_args(kind)
    if not isinstance(value, list) or not value:
        raise _wrong(node, place, value, "a list, not empty")
    if inner[-1] is Ellipsis:
        inner = (inner[0],) * len(value)
    if len(inner) != len(value):
        raise _wrong(node, place, value, f"a list of {len(inner)}")
    return tuple(
        _value(of, item, f"{place}.{i}", node, rules) for i, (of, item) in enumerate(zip(inner, value, strict=True))
    )


def _mapping(kind: Any, value: Any, place: str, node: Node, rules: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(node, place, value, "a mapping of keys to values")
    of = typing.get_args(kind)[1]
    return {key: _value(of, item, f"{place}.{key}", node, rules) for key, item in value.items()}


def _text(value: Any, place: str, node: Node, rules: Mapping[str, Any]) -> str:
    if value is None and "none" in rules.get("choice", ()):
        return "none"
    if not isinstance(value, str):
        raise _wrong(node, place, value, "text")
    if "choice" in rules and value not in rules["choice"]:
        message = f"{node.at(place)}: '{place}' cannot be '{value}'."
        raise BadConfig(message, hint=did_you_mean(value, rules["choice"]))
    return value


def _number(kind: type[Any], value: Any, place: str, node: Node, rules: Mapping[str, Any]) -> Any:
    whole = kind is int
    if isinstance(value, bool) or not isinstance(value, (int, float)) or (whole and value != int(value)):
        raise _wrong(node, place, value, "a whole number" if whole else "a number")
    low, high = rules.get("range", (-float("inf"), float("inf")))
    if not low <= value <= high:
        raise BadConfig(f"{node.at(place)}: '{place}' is {value}.", hint=f"Give a value from {low} to {high}.")
    return kind(value)


def _wrong(node: Node, place: str, value: Any, wanted: str) -> BadConfig:
    return BadConfig(f"{node.at(place)}: '{place}' is {value!r}.", hint=f"Give {wanted}.")
