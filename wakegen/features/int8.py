"""The integer backbone and heads in numpy: what the C engine computes, bit for bit. Slow, and easy to read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wakegen.features.mel import FIRST_STEP_FRAMES, STEP_FRAMES
from wakegen.features.mel_fixed import stream_codes
from wakegen.features.quantise import negative_factors, requantise
from wakegen.features.weights import RECEPTIVE_FRAMES
from wakegen.model.wgm import Layer, Op

I64 = NDArray[np.int64]
I16 = NDArray[np.int16]

_PUSHES = 10
# Rows of nothing before a stream's first 5 frames: they put every push where the layers' maxima want it.
_NOTHING = STEP_FRAMES - FIRST_STEP_FRAMES


def embed(layers: Sequence[Layer], samples: I16) -> NDArray[np.int8]:
    """Give the codes of a recording's embeddings from a fresh start: [max(0, n // 1280 − 9), co]."""
    codes = stream_codes(samples).astype(np.int64)
    if len(codes) < RECEPTIVE_FRAMES + 1:
        return np.zeros((0, layers[-1].co), np.int8)
    padded = np.concatenate([np.zeros((_NOTHING, codes.shape[1]), np.int64), codes])
    rows = run(layers, padded[:, :, None])
    return rows[_PUSHES - 1 :, 0].astype(np.int8)


def run(layers: Sequence[Layer], x: I64) -> I64:
    """Send rows [t, bands, ci] through layers, as a stream that begins with them: codes, or the last layer's sums."""
    for layer in layers:
        x = _pooled(layer, _activated(layer, _sums(layer, x)))
    return x


def _sums(layer: Layer, x: I64) -> I64:
    """Give the sums of a layer, [t, bands, co], with rows of 0 before the first."""
    old, pad = layer.kt - 1, (layer.kf - 1) // 2
    rows = np.pad(x, ((old, 0), (pad, pad), (0, 0)), constant_values=layer.zero_in)
    sums = np.broadcast_to(layer.bias.astype(np.int64), (*x.shape[:2], layer.co)).copy()
    for k in range(layer.kt * layer.kf):
        t, f = divmod(k, layer.kf)
        part = rows[t : t + len(x), f : f + layer.bands]
        if layer.op == Op.DEPTHWISE:
            sums += part * layer.weights[k].astype(np.int64)
        else:
            kernel = layer.weights[:, k * layer.ci : (k + 1) * layer.ci].astype(np.int64)  # [co / block, ci, block]
            sums += part @ kernel.transpose(1, 0, 2).reshape(layer.ci, layer.co)
    return sums


def _activated(layer: Layer, sums: I64) -> I64:
    if layer.mul is None:
        return sums
    factors = layer.mul.astype(np.int64)
    chosen = np.where(sums < 0, negative_factors(factors, layer.activation), factors)
    return requantise(sums, chosen, zero=layer.zero_out)


def _pooled(layer: Layer, x: I64) -> I64:
    _, bands, co = x.shape
    if layer.stride > 1:
        x = x[layer.stride - 1 :: layer.stride]
    rows = x[: len(x) // layer.pt * layer.pt].reshape(-1, layer.pt, bands // layer.pf, layer.pf, co)
    top: I64 = rows.max(axis=(1, 3))
    return top


def run_windows(layers: Sequence[Layer], codes: NDArray[np.floating]) -> I64:
    """Send windows [n, frames, ci] of whole numbers through a head, nothing before them; give the first sum of each.

    Whole numbers below 2^53 are exact in float64, and BLAS multiplies those.
    """
    x = np.asarray(codes, np.float64)
    for layer in layers:
        frames = x.shape[1] - layer.kt + 1
        joined = np.concatenate([x[:, t : t + frames] for t in range(layer.kt)], axis=2)
        kernel = layer.weights.astype(np.float64).transpose(1, 0, 2).reshape(layer.kt * layer.ci, layer.co)
        sums = (joined @ kernel + layer.bias).astype(np.int64)
        x = _activated(layer, sums).astype(np.float64)
    last: I64 = x[:, -1, 0].astype(np.int64)
    return last
