"""The agent as one file, agent-HASH.pyz: for computers that have Python and numpy, and no wakegen.

It holds the modules that the agent imports, the backbones, the C engine of machines like this one, and its sources for others.
The same wakegen gives the same bytes.
"""

from __future__ import annotations

import ast
import hashlib
import io
import platform
import sys
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from wakegen.core.files import write_bytes
from wakegen.core.paths import firmware_folder, models_folder
from wakegen.features import backbone, c_library, native
from wakegen.features.weights import NANO, NO_RELU

_PACKAGE = Path(__file__).parents[1]
_ENTRY = "wakegen.devices.agent_main"
_FIRST_LINE = b"#!/usr/bin/env python3\n"
_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP has
_HASH_DIGITS = 16


@cache
def build() -> tuple[str, bytes]:
    """Give its name, which says what is in it, and its bytes.

    Raises
    ------
    NotInstalled : openwakeword, whose weights the backbone has, is missing.
    """
    members = dict(_members())
    file = io.BytesIO(_FIRST_LINE)
    file.seek(0, io.SEEK_END)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(members):
            item = zipfile.ZipInfo(name, _DATE)
            item.create_system, item.external_attr = 3, 0o600 << 16
            archive.writestr(item, members[name], zipfile.ZIP_DEFLATED)
    data = file.getvalue()
    return f"agent-{hashlib.sha256(data).hexdigest()[:_HASH_DIGITS]}.pyz", data


def write(folder: Path) -> Path:
    """Write it into a folder; give its path."""
    name, data = build()
    write_bytes(folder / name, data)
    return folder / name


def _members() -> Iterator[tuple[str, bytes]]:
    yield "__main__.py", (_PACKAGE / "devices" / "agent_bootstrap.py").read_bytes()
    for path in modules():
        yield f"wakegen/{path.relative_to(_PACKAGE).as_posix()}", path.read_bytes()
    for variant in (NO_RELU, NANO):
        for path in (native.model_path(variant), backbone.graph_path("stream", variant=variant)):
            yield f"cache/{path.name}", path.read_bytes()
    yield "models/nano/weights.npz", (models_folder("nano") / "weights.npz").read_bytes()
    if native.is_there():
        yield f"native/{sys.platform}-{platform.machine()}/libwakegen.so", c_library.LIBRARY.read_bytes()
    sources = firmware_folder()
    for path in sorted(sources.glob("core/*.[chi]*")) if sources.is_dir() else ():
        yield f"firmware_harness/core/{path.name}", path.read_bytes()
    if (sources / "build.py").is_file():
        yield "firmware_harness/build.py", (sources / "build.py").read_bytes()


def modules() -> list[Path]:
    """Give the files of all modules that the agent can come to import, lazily too."""
    found: dict[str, Path] = {}
    waiting = [_ENTRY]
    while waiting:
        name = waiting.pop()
        path = _file(name)
        if path is None or name in found:
            continue
        found[name] = path
        waiting += [name.rpartition(".")[0], *_imported(path)]
    return sorted(found.values())


def _file(name: str) -> Path | None:
    """Give the file of a module of wakegen, or None for what is none."""
    root, *parts = name.split(".")
    place = _PACKAGE.joinpath(*parts)
    files = (place / "__init__.py", place.with_suffix(".py") if parts else place)
    return next((path for path in files if root == "wakegen" and path.is_file()), None)


def _imported(path: Path) -> Iterator[str]:
    """Give the names that a file imports outside `if TYPE_CHECKING`."""
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        waiting += ast.iter_child_nodes(node)
