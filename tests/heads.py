"""Heads with random weights, and detectors made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from wakegen.core.seeds import stream
from wakegen.export import export_head
from wakegen.features import weights
from wakegen.model import Sidecar
from wakegen.model.head import Head, Member
from wakegen.train import network


def member(seed: int, *, strength: float = 1.0) -> Member:
    """Give a network with random weights for embeddings of the usual size (standard deviation 15)."""
    rng = stream(seed, "test head")
    parameters = network.initial(rng)
    for p in parameters:
        p += (0.1 * rng.standard_normal(p.shape)).astype(np.float32)
    parameters[-2] *= np.float32(strength)
    return network.to_member(parameters, mean=np.full(96, 1.5, np.float32), scale=np.full(96, 15, np.float32))


def head(members: int = 2, *, shift: float = -0.3) -> Head:
    """Give a head of a few members."""
    return Head(tuple(member(seed) for seed in range(members)), shift)


def detector_files(folder: Path, name: str = "test", **sidecar: Any) -> Path:
    """Write NAME.onnx and NAME.json."""
    model = export_head(head(), folder / f"{name}.onnx")
    values = {"phrase": "hey katya", "threshold": 0.5, "backbone": weights.identity(), "smoothing": 5}
    Sidecar(**(values | sidecar)).save(model)
    return model


def bursts(seconds: float, seed: int = 0) -> np.ndarray:
    """Give sound that comes and goes like speech: int16."""
    rng = stream(seed, "bursts")
    count = int(seconds * 16_000)
    envelope = np.repeat(rng.uniform(0, 1, count // 800 + 1) ** 3 * 9000, 800)[:count]
    return (rng.normal(0, 1, count) * envelope).clip(-32768, 32767).astype(np.int16)
