"""Reading the lists in `wakegen/text/data/`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent / "data"


@lru_cache(maxsize=32)
def lines(name: str) -> tuple[str, ...]:
    """Give the lines of a data file without blank lines and comments (# at the start)."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    stripped = (line.strip() for line in text.splitlines())
    return tuple(line for line in stripped if line and not line.startswith("#"))


@lru_cache(maxsize=32)
def sections(name: str) -> dict[str, tuple[str, ...]]:
    """Give the lines of a data file under their `[heading]`. Lines before the first heading are a bug."""
    found: dict[str, list[str]] = {}
    heading = ""
    for line in lines(name):
        if line.startswith("[") and line.endswith("]"):
            heading = line[1:-1]
            found.setdefault(heading, [])
        else:
            found[heading].append(line)
    return {key: tuple(value) for key, value in found.items()}


def items(name: str, section: str) -> tuple[str, ...]:
    """Give the comma-separated entries of a section, in order."""
    parts = ",".join(sections(name)[section]).split(",")
    return tuple(part.strip() for part in parts if part.strip())
