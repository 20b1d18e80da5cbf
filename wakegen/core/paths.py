"""Where wakegen keeps what belongs to no project."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Give the folder for derived and downloaded files: $WAKEGEN_CACHE, else $XDG_CACHE_HOME/wakegen."""
    chosen = os.environ.get("WAKEGEN_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wakegen"


def models_folder(name: str) -> Path:
    """Give a folder of the models that come with wakegen: beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).parents[1]
    inside = package / "_models" / name
    return inside if inside.is_dir() else package.parent / "models" / name


def firmware_folder() -> Path:
    """Give the folder of the firmware's sources, the C engine's among them: beside the package in a checkout, else in it."""
    package = Path(__file__).parents[1]
    inside = package / "_firmware_harness"
    return inside if inside.is_dir() else package.parent / "firmware_harness"


def voices_folder() -> Path:
    """Give the folder of voices that were pulled: $WAKEGEN_VOICES, else $XDG_DATA_HOME/wakegen/voices."""
    chosen = os.environ.get("WAKEGEN_VOICES")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "wakegen" / "voices"
