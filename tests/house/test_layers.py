"""The rooms: what may import what, read from the syntax tree, so lazy imports count too."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "wakegen"

# A room imports only rooms of a lower level (docs/ARCHITECTURE.md says why).
LEVELS = {
    "core": 0,
    "audio": 1, "config": 1, "espeak": 1, "metrics": 1, "model": 1, "profiles": 1, "voices": 1,
    "engines": 2, "features": 2, "quality": 2, "scenes": 2, "text": 2,
    "dataset": 3, "runtime": 3,
    "devices": 4, "export": 4, "train": 4,
    "bench": 5, "firmware": 5,
    "report": 6,
    "pipeline": 7,
    "api": 8, "": 8,
    "cli": 9, "__main__": 10,
}  # fmt: skip
MODULES = sorted(PACKAGE.rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path, *, types_too: bool) -> set[str]:
    """Give the wakegen modules that a file imports anywhere in it (or outside `if TYPE_CHECKING`)."""
    tree = ast.parse(path.read_text())
    if not types_too:
        tree = Runtime().visit(tree)
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            base = node.module or ""
            found |= {f"{base}.{alias.name}" if is_module(f"{base}.{alias.name}") else base for alias in node.names}
    return {name for name in found if name.split(".")[0] == "wakegen"}


class Runtime(ast.NodeTransformer):
    """Takes out what only a type checker reads."""

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        return node.orelse if "TYPE_CHECKING" in ast.unparse(node.test) else node


def is_module(dotted: str) -> bool:
    path = PACKAGE.parent.joinpath(*dotted.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def room(dotted: str) -> str:
    parts = dotted.split(".")
    return parts[1] if len(parts) > 1 else ""


def test_every_room_has_a_level():
    assert {room(module_name(path)) for path in MODULES} <= set(LEVELS)


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_a_module_imports_only_rooms_of_a_lower_level_and_its_own(path):
    own = room(module_name(path))
    wrong = [
        name
        for name in imported(path, types_too=False)
        if room(name) != own and LEVELS[room(name)] >= LEVELS[own] and not (own == "api" and room(name) == "")
    ]
    assert not wrong, f"{own} (level {LEVELS[own]}) imports {wrong}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "cli").glob("*.py")), ids=module_name)
def test_the_command_line_calls_nothing_but_the_public_api(path):
    rooms = {room(name) for name in imported(path, types_too=False)}
    assert rooms <= {"cli", "core", ""}


def test_no_two_modules_import_each_other_in_a_circle():
    names = {module_name(path): path for path in MODULES}
    graph = {name: imported(path, types_too=False) & set(names) - {name} for name, path in names.items()}
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " → ".join((*trail[trail.index(name) :], name))
        if name not in done:
            for other in sorted(graph[name]):
                if not name.startswith(f"{other}.") and other != "wakegen":  # a package loads before its parts
                    walk(other, (*trail, name))
            done.add(name)

    for name in names:
        walk(name, ())
