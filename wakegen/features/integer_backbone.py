"""The speech embedding in integers as wakegen ships it: the published weights, quantised to ranges that were found once."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from wakegen.core.errors import NotInstalled
from wakegen.features import weights
from wakegen.features.quantise import quantised
from wakegen.model.wgm import Wgm


@cache
def integer_backbone() -> Wgm:
    """Give it, without a head. The same on every machine.

    Raises
    ------
    NotInstalled : the openwakeword package is missing or is not version 0.4.0, or wakegen lacks a file.
    """
    path = folder() / "ranges.json"
    if not path.is_file():
        raise NotInstalled(f"{path} is missing.", hint="Install wakegen again.")
    ranges = json.loads(path.read_text(encoding="utf-8"))
    return quantised(weights.read(), ranges["tops"], embedding_top=ranges["embedding_top"])


def folder() -> Path:
    """Give the folder of models/int8: inside the package when it was installed from a wheel."""
    inside = Path(__file__).parent.parent / "_models" / "int8"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "models" / "int8"
