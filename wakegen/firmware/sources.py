"""Where the firmware's sources are, and what a build of them is called."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path
from typing import Any

from wakegen.core.errors import NotInstalled
from wakegen.core.paths import firmware_folder
from wakegen.core.version import VERSION

_NOT_COPIED = shutil.ignore_patterns("__pycache__", "fuzz", "stubs")


def folder() -> Path:
    """Give the folder of the sources.

    Raises
    ------
    NotInstalled : it is not there.
    """
    place = firmware_folder()
    if (place / "core").is_dir():
        return place
    raise NotInstalled(
        "The firmware's sources are missing.", hint="Install wakegen again: pip install --force-reinstall wakegen"
    )


def core_files() -> list[Path]:
    """Give the C files that every device is made of."""
    here = folder()
    return [here / "core" / name for name in _build_script()["DEVICE_CORE"]]


def build_id() -> str:
    """Give what tells one state of the sources from another."""
    return str(_build_script()["sources_hash"]())


def copy_to(place: Path) -> Path:
    """Copy the sources, so that a build writes nothing into the package; files that have not changed keep their times.

    Gives the folder of the copy. A file beside it has the version, as ESP-IDF's project reads it from a checkout.
    """
    copied = place / "firmware_harness"
    shutil.copytree(folder(), copied, dirs_exist_ok=True, ignore=_NOT_COPIED)
    version = place / "pyproject.toml"
    text = f'version = "{VERSION}"\n'
    if not version.is_file() or version.read_text(encoding="utf-8") != text:
        version.write_text(text, encoding="utf-8")
    return copied


def _build_script() -> dict[str, Any]:
    return runpy.run_path(str(folder() / "build.py"))
