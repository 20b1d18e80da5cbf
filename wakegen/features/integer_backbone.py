"""The speech embedding in integers as wakegen ships it: weights that were rounded and ranges that were found once."""

from __future__ import annotations

import hashlib
import json
from functools import cache

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import NotInstalled
from wakegen.core.paths import models_folder
from wakegen.features import int8, native, weights
from wakegen.features.quantise import quantised
from wakegen.features.weights import NANO, NO_RELU
from wakegen.model.wgm import Wgm, to_bytes

_FOLDERS = {NO_RELU: "int8", NANO: "nano"}  # of models/, where the ranges of a variant are


@cache
def integer_backbone(variant: str = NO_RELU) -> Wgm:
    """Give a variant, without a head. The same on every machine.

    Raises
    ------
    NotInstalled : wakegen lacks a file.
    """
    path = models_folder(_FOLDERS[variant]) / "ranges.json"
    if not path.is_file():
        raise NotInstalled(f"{path} is missing.", hint="Install wakegen again.")
    ranges = json.loads(path.read_text(encoding="utf-8"))
    sha256 = weights.identity(variant)["sha256"]
    return quantised(weights.rounded(variant), ranges["below"], embedding_top=ranges["embedding_top"], sha256=sha256)


class IntegerEmbedder:
    """Embeds whole recordings in integers: by the C engine, or by numpy, 50 times slower, where it was not built."""

    def __init__(self, variant: str = NO_RELU) -> None:
        made = integer_backbone(variant)
        self.scale = np.float32(made.backbone[-1].scale)  # what a code is worth
        self._native = (
            native.NativeInt8(to_bytes(made), source="the backbone in integers") if native.is_there() else None
        )
        self._layers = made.backbone

    def embed(self, samples: NDArray[np.int16]) -> NDArray[np.int8]:
        """Give the codes of a recording's embeddings: [max(0, n // 1280 − 9), 96]."""
        return self._native.embed(samples) if self._native is not None else int8.embed(self._layers, samples)


def rounded(rows: NDArray[np.float32], variant: str = NO_RELU) -> NDArray[np.float32]:
    """Round embeddings to what the integer backbone can say: its codes, within its range."""
    scale = np.float32(integer_backbone(variant).backbone[-1].scale)
    return np.clip(np.round(rows / scale), -128, 127).astype(np.float32) * scale


@cache
def integer_revision(variant: str = NO_RELU) -> str:
    """Name it by its bytes: for what is kept of it."""
    return hashlib.sha256(to_bytes(integer_backbone(variant))).hexdigest()[:16]
