"""Finding profiles and reading them: names, folders, `extends`, and errors that name file, line and key."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from wakegen.core.errors import BadConfig, BadInput, NotInstalled
from wakegen.core.names import did_you_mean
from wakegen.profiles.reader import Node, build, parse
from wakegen.profiles.schema import DeviceProfile

_DEPTH_MAX = 8  # of `extends`: more is a muddle


def folder() -> Path:
    """Give the folder of the profiles that come with wakegen.

    A wheel carries it inside the package; an editable install has it beside the package.

    Raises
    ------
    NotInstalled : it is in neither place.
    """
    package = Path(__file__).resolve().parents[1]
    for place in (package / "_device_profiles", package.parent / "device_profiles"):
        if place.is_dir():
            return place
    hint = "Install wakegen again: pip install --force-reinstall wakegen"
    raise NotInstalled("The device profiles are missing.", hint=hint)


def user_folder() -> Path:
    """Give the folder of the user's own profiles; it need not exist."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "wakegen" / "devices"


def names() -> tuple[str, ...]:
    """Give the names of all profiles that `load` finds, sorted; the user's own among them."""
    return tuple(sorted({path.stem for place in (folder(), user_folder()) for path in place.glob("*.yaml")}))


def load(name_or_path: str | Path) -> DeviceProfile:
    """Read a profile by name (the user's own come first) or by path (anything with a slash or `.yaml`).

    Raises
    ------
    BadInput : there is no such profile.
    BadConfig : it is wrong; the message names file, line and key.
    """
    path = _find(str(name_or_path), base=Path())
    node = _merged(path, seen=())
    return build(DeviceProfile, node, extra={"path": path})


def unsourced(profile: DeviceProfile) -> tuple[str, ...]:
    """Give the dotted paths of the numbers that have no source."""
    value = _merged(profile.path, seen=()).value
    return tuple(place for place in _numbers(value) if place not in profile.sources)


def _find(name: str, *, base: Path) -> Path:
    if "/" in name or os.sep in name or name.endswith((".yaml", ".yml")):
        path = base / Path(name).expanduser()
        if not path.is_file():
            raise BadInput(
                f"There is no device profile {path}.", hint=f"Check the path, or give a name: {', '.join(names())}."
            )
        return path
    for place in (user_folder(), folder()):
        if (place / f"{name}.yaml").is_file():
            return place / f"{name}.yaml"
    raise BadInput(
        f"There is no device '{name}'.", hint=f"{did_you_mean(name, names())} There are: {', '.join(names())}."
    )


def _merged(path: Path, *, seen: tuple[Path, ...]) -> Node:
    """Read a file and lay it over what it extends."""
    node = parse(path)
    node.value["sources"] = _sources(node)
    parent_name = node.value.get("extends")
    if not parent_name:
        return node
    if path.resolve() in seen or len(seen) >= _DEPTH_MAX:
        hint = "Let the chain end at a profile that extends none."
        raise BadConfig(f"{node.at('extends')}: 'extends' leads back to {path.name}.", hint=hint)
    parent = _merged(_find(str(parent_name), base=path.parent), seen=(*seen, path.resolve()))
    return _lay_over(node, parent)


def _sources(node: Node) -> dict[str, str]:
    """Give each number the source of the nearest entry at or above it: {dotted path of a number: source}.

    Raises
    ------
    BadConfig : an entry is about nothing in this file.
    """
    given = node.value.get("sources") or {}
    if not isinstance(given, Mapping):
        raise BadConfig(f"{node.at('sources')}: 'sources' is no mapping.", hint="Give `dotted.path: source` lines.")
    numbers = list(_numbers({key: item for key, item in node.value.items() if key != "sources"}))
    for entry in given:
        if not any(_below(number, entry) for number in numbers):
            hint = did_you_mean(entry, numbers)
            raise BadConfig(f"{node.at(f'sources.{entry}')}: there is no number '{entry}' in this file.", hint=hint)
    found = {number: max((e for e in given if _below(number, e)), key=len, default=None) for number in numbers}
    return {number: str(given[entry]) for number, entry in found.items() if entry is not None}


def _lay_over(child: Node, parent: Node) -> Node:
    """Join two trees. A number that the child sets has the child's source or none, never the parent's."""
    value = _joined(child.value, parent.value)
    fresh = set(_numbers(child.value))
    sources = {place: text for place, text in parent.value["sources"].items() if place not in fresh}
    there = set(_numbers(value))
    value["sources"] = {place: text for place, text in {**sources, **child.value["sources"]}.items() if place in there}
    return Node(value, child.path, {**parent.lines, **child.lines}, {**parent.paths, **child.paths})


def _joined(child: Mapping[str, Any], parent: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(parent)
    for key, value in child.items():
        both = isinstance(value, Mapping) and isinstance(parent.get(key), Mapping)
        out[key] = _joined(value, parent[key]) if both and key != "rooms" else value
    return out


def _numbers(value: Any, place: str = "") -> Iterator[str]:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, (int, float)):
        yield place
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _numbers(item, f"{place}.{key}" if place else str(key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _numbers(item, f"{place}.{index}")


def _below(place: str, parent: str) -> bool:
    return place == parent or place.startswith(parent + ".")
