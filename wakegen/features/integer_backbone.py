"""The speech embedding in integers as wakegen ships it: the published weights, quantised to ranges that were found once."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import NotInstalled
from wakegen.features import int8, native, weights
from wakegen.features.quantise import quantised
from wakegen.model.wgm import Wgm, to_bytes


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


class IntegerEmbedder:
    """Embeds whole recordings in integers: by the C engine, or by numpy, 50 times slower, where it was not built."""

    def __init__(self) -> None:
        made = integer_backbone()
        self.scale = np.float32(made.backbone[-1].scale)  # what a code is worth
        self._native = (
            native.NativeInt8(to_bytes(made), source="the backbone in integers") if native.is_there() else None
        )
        self._layers = made.backbone

    def embed(self, samples: NDArray[np.int16]) -> NDArray[np.int8]:
        """Give the codes of a recording's embeddings: [max(0, n // 1280 − 9), 96]."""
        return self._native.embed(samples) if self._native is not None else int8.embed(self._layers, samples)


def rounded(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round embeddings to what the integer backbone can say: its codes, within its range."""
    scale = np.float32(integer_backbone().backbone[-1].scale)
    return np.clip(np.round(rows / scale), -128, 127).astype(np.float32) * scale


@cache
def integer_revision() -> str:
    """Name it by its bytes: for what is kept of it."""
    return hashlib.sha256(to_bytes(integer_backbone())).hexdigest()[:16]


def folder() -> Path:
    """Give the folder of models/int8: inside the package when it was installed from a wheel."""
    inside = Path(__file__).parent.parent / "_models" / "int8"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "models" / "int8"
