"""Detectors in integers with random heads, on the small backbone: quick to run."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from wakegen.core.seeds import stream
from wakegen.export.wgm import detector_file, integer_head
from wakegen.features import weights
from wakegen.model.wgm import to_bytes
from wakegen.train import small


def integer_detector(folder: Path, name: str = "test", *, seed: int = 0, logit: float = -1.0) -> Path:
    """Write NAME.wgm; its scores wander, so that it fires now and then."""
    rng = stream(seed, "small test head")
    parameters = small.initial(rng)
    for part in parameters:
        part += (0.2 * rng.standard_normal(part.shape)).astype(np.float32)
    member = small.to_member(parameters, mean=np.zeros(96, np.float32), scale=np.full(96, 15, np.float32))
    windows = rng.normal(0, 15, (64, 16, 96)).astype(np.float32)
    head = integer_head(member, windows, variant=weights.NANO)
    made = detector_file(head, logit=logit, smoothing=3, debounce_s=0.8, meta={"phrase": "hey katya"})
    path = folder / f"{name}.wgm"
    path.write_bytes(to_bytes(made))
    return path
