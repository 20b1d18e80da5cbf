"""Read one wakegen.yaml into checked keys, each with the line it stands on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wakegen.config import later
from wakegen.config.check import Wrong, convert, scalar
from wakegen.config.schema import Key, engine_keys, keys, sections
from wakegen.config.settings import EngineChoice
from wakegen.core.errors import BadConfig
from wakegen.core.names import did_you_mean, nearest

LARGEST_BYTES = 1_000_000  # a configuration is a page of text; a recording named by mistake is not
_REFERENCE = re.compile(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class Given:
    """A checked value and where it was given."""

    value: Any
    origin: str  # "wakegen.yaml line 12"


@dataclass(frozen=True, slots=True)
class Layer:
    """What one source gives: values by dotted key, and what it asks for that is not available."""

    values: dict[str, Given]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _File:
    """What every step of reading one file needs."""

    path: Path
    env: Mapping[str, str]
    notices: list[str]

    def where(self, line: int) -> str:
        return f"{self.path} line {line}"

    def wrong(self, line: int, name: str, why: str, hint: str) -> BadConfig:
        return BadConfig(f"{self.where(line)}: {name}: {why}", hint=hint)


def read_file(path: Path, env: Mapping[str, str], *, _parents: tuple[Path, ...] = ()) -> Layer:
    """Read a configuration file and what it includes.

    Raises
    ------
    BadConfig : the file cannot be read, is not YAML, or holds a key or value that is not right.
    """
    if path.resolve() in _parents:
        raise BadConfig(f"{path} includes itself.", hint="Remove one of the `include` lines.")
    root = _parse(path)
    file = _File(path, env, [])
    layer = Layer({})
    for included in _includes(file, root):
        below = read_file(included, env, _parents=(*_parents, path.resolve()))
        layer = Layer(layer.values | below.values, layer.notices + below.notices)
    own = dict(_keys(file, root))
    return Layer(layer.values | own, layer.notices + tuple(file.notices))


def _parse(path: Path) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    text = _text(path)
    try:
        root = YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f" line {mark.line + 1}" if mark else ""
        problem = " ".join((error.problem or error.context or "unreadable").split())
        raise BadConfig(
            f"{path}{line}: not valid YAML: {problem}.", hint="Check the indentation, colons and quotes there."
        ) from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise BadConfig(f"{path}: not valid YAML: {error}", hint="`examples/wakegen.yaml` shows the form.") from error
    if root is None:
        return CommentedMap()
    if not isinstance(root, CommentedMap):
        raise BadConfig(
            f"{path} line 1: the file is not a list of keys.", hint="`examples/wakegen.yaml` shows the form."
        )
    return root


def _text(path: Path) -> str:
    try:
        if path.is_dir():
            raise BadConfig(f"{path} is a folder, not a file.", hint=f"Perhaps {path / 'wakegen.yaml'}?")
        with path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
        if len(data) > LARGEST_BYTES:
            raise BadConfig(f"{path} is too large for a configuration file.", hint="Name a wakegen.yaml.")
        return data.decode()
    except FileNotFoundError as error:
        raise BadConfig(f"{path} does not exist.", hint="Check the path, or copy `examples/wakegen.yaml`.") from error
    except UnicodeDecodeError as error:
        raise BadConfig(f"{path} is not text in UTF-8.", hint="Save it as UTF-8.") from error
    except OSError as error:
        raise BadConfig(f"{path} cannot be read: {error.strerror}.", hint="Check its owner and mode.") from error


def _includes(file: _File, root: Any) -> Iterator[Path]:
    if "include" not in root:
        return
    line = _line(root, "include")
    raw = root["include"]
    names = [raw] if isinstance(raw, str) else raw
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise file.wrong(line, "include", "not a file name or a list of them", 'Write include: "other.yaml".')
    for name in names:
        target = file.path.parent / str(_expand(file, name, line, "include"))
        if not target.is_file():
            raise file.wrong(
                line, "include", f"{target} does not exist", "The path counts from the file that includes it."
            )
        yield target


def _keys(file: _File, root: Any) -> Iterator[tuple[str, Given]]:
    if "providers" in root and "engines" in root:
        raise file.wrong(
            _line(root, "providers"), "providers", "stands beside 'engines'", "They mean the same: keep one."
        )
    for name in root:
        if name == "include":
            continue
        line = _line(root, name)
        if name in ("engines", "providers"):
            yield "engines", Given(_engines(file, root[name], line, str(name)), file.where(line))
        else:
            yield from _branch(file, root, name, "")


def _branch(file: _File, parent: Any, name: Any, prefix: str) -> Iterator[tuple[str, Given]]:
    """Read one key below `prefix`, and all below it."""
    dotted, line, raw = f"{prefix}{name}", _line(parent, name), parent[name]
    if dotted in keys():
        yield dotted, Given(_value(file, keys()[dotted], raw, line), file.where(line))
    elif dotted in sections():
        if raw is None:
            return
        if not isinstance(raw, dict):
            raise file.wrong(line, dotted, "is not a group of keys", f"It holds {', '.join(_children(dotted + '.'))}.")
        for child in raw:
            yield from _branch(file, raw, child, dotted + ".")
    elif dotted in later.SECTIONS or (prefix == "limits." and name in later.LIMITS):
        file.notices.append(f"{file.where(line)}: {dotted}: not available in this version; it changes nothing.")
    else:
        raise file.wrong(line, dotted, "unknown key", _suggest(str(name), prefix))


def _engines(file: _File, raw: Any, line: int, name: str) -> tuple[EngineChoice, ...]:
    if not isinstance(raw, list) or not raw:
        raise file.wrong(line, name, "is not a list of engines", "Write a list: - type: espeak.")
    choices = []
    for index, item in enumerate(raw):
        own_line, own_name = _item_line(raw, index, line), f"{name}[{index}]"
        if isinstance(item, str):
            item = {"type": item}
        if not isinstance(item, dict) or "type" not in item:
            raise file.wrong(own_line, own_name, "names no engine", "Each entry needs a `type`, like `- type: espeak`.")
        fields = {}
        for field in item:
            field_line = _line(item, field, own_line)
            if field not in engine_keys():
                raise file.wrong(
                    field_line, f"{own_name}.{field}", "unknown key", did_you_mean(str(field), engine_keys())
                )
            fields[field] = _value(file, engine_keys()[field], item[field], field_line, shown=f"{own_name}.{field}")
        choices.append(EngineChoice(**fields))
    return tuple(choices)


def _value(file: _File, key: Key, raw: Any, line: int, *, shown: str = "") -> Any:
    name = shown or key.name
    try:
        return convert(key, _expand(file, raw, line, name), folder=file.path.parent)
    except Wrong as error:
        raise file.wrong(line, name, str(error), error.hint) from None


def _expand(file: _File, raw: Any, line: int, name: str) -> Any:
    """Put environment variables in; a value that is nothing but one is read as YAML would read its text."""
    if isinstance(raw, list):
        return [_expand(file, item, line, name) for item in raw]
    if not isinstance(raw, str):
        return raw

    def put(match: re.Match[str]) -> str:
        variable, default = match.groups()
        value = file.env.get(variable) or default
        if value is None:
            raise file.wrong(
                line, name, f"the environment has no {variable}", f"Set it, or write ${{{variable}:-default}}."
            )
        return value

    text = _REFERENCE.sub(put, raw).replace("$${", "${")
    return scalar(text) if _REFERENCE.fullmatch(raw) else text


def _line(mapping: Any, name: Any, default: int = 1) -> int:
    try:
        return int(mapping.lc.key(name)[0]) + 1
    except (AttributeError, KeyError, TypeError):
        return default  # merged from an anchor, or not read from a file


def _item_line(sequence: Any, index: int, default: int) -> int:
    try:
        return int(sequence.lc.item(index)[0]) + 1
    except (AttributeError, KeyError, TypeError):
        return default


def _children(prefix: str) -> list[str]:
    names = {name[len(prefix) :].split(".")[0] for name in keys() if name.startswith(prefix)}
    return sorted(names | ({"include", "providers"} if not prefix else set()))


def _suggest(name: str, prefix: str) -> str:
    """Name the nearest sibling; else say where such a key does stand."""
    siblings = _children(prefix)
    elsewhere = [dotted for dotted in keys() if dotted.rsplit(".", 1)[-1] == name]
    if elsewhere and not nearest(name, siblings):
        return f"Did you mean '{elsewhere[0]}'?"
    return did_you_mean(name, siblings)
