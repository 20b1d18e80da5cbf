"""Detectors in integers that are small and quick: random weights, the shape that the engine wants."""

from __future__ import annotations

from typing import Any

import numpy as np

from wakegen.core.seeds import stream
from wakegen.features.integer_backbone import integer_backbone
from wakegen.features.quantise import integer_layer
from wakegen.features.weights import SOURCE_SHA256
from wakegen.model.wgm import Activation, Arithmetic, Layer, Op, Wgm, to_bytes

STEP = 1280
_STEP, _ZERO = 0.02, -108  # of the codes: the smallest is -0.4
_POOLS = ((2, 2), (2, 2), (2, 2), (1, 2), (1, 2))  # take 32 bands and 8 rows to one of each


def small_wgm(seed: int = 2, *, channels: int = 8, threshold: int = -9000) -> bytes:
    """Give a file whose scores move with the sound, and that fires now and then."""
    rng = stream(seed, "small wgm", channels)
    backbone, bands = [], 32
    for i, pool in enumerate(_POOLS):
        if i == 0:
            more = {"op": Op.CONV16, "pool": pool, "steps": (1 / 128, _STEP), "zeros": (0, _ZERO)}
            backbone.append(_drawn(rng, channels, 1, 3, 3, bands=bands, **more))
        else:
            backbone.append(_drawn(rng, channels, channels, 1, 1, bands=bands, op=Op.CONV, pool=pool))
        bands //= pool[1]
    return _with_head(rng, tuple(backbone), threshold)


def whole_wgm(seed: int = 0) -> bytes:
    """Give the real backbone with a small head."""
    return _with_head(stream(seed, "whole wgm"), integer_backbone().backbone, 0)


def _drawn(rng: np.random.Generator, co: int, ci: int, kt: int, kf: int, **more: Any) -> Layer:
    kernel = rng.normal(0, 1.5 / np.sqrt(ci * kt * kf), (co, ci, kt, kf)).astype(np.float32)
    more = {"activation": Activation.LEAKY_CLAMPED, "steps": (_STEP, _STEP), "zeros": (_ZERO, _ZERO)} | more
    return integer_layer(kernel, rng.normal(0, 0.1, co).astype(np.float32), **more)


def _with_head(rng: np.random.Generator, backbone: tuple[Layer, ...], threshold: int) -> bytes:
    head = _drawn(rng, 4, backbone[-1].co, 3, 1, bands=1, op=Op.CONV, activation=Activation.LINEAR, scaled=False)
    limit = round(16 / head.scale)
    return to_bytes(
        Wgm(Arithmetic.INT8, SOURCE_SHA256, backbone, (head,), 3, 2, 4, threshold * head.scale, threshold, limit)
    )


def small_sound(steps: float, seed: int = 0) -> np.ndarray:
    """Give sound whose level wanders: int16."""
    rng = stream(seed, "small sound")
    count = int(steps * STEP)
    level = np.repeat(10 ** rng.uniform(0.5, 4.2, count // 640 + 1), 640)[:count]
    return (rng.normal(0, 1, count) * level).clip(-32768, 32767).astype(np.int16)
