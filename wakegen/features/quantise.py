"""The backbone in 8-bit integers, for microcontrollers: from rounded weights to the layers of a .wgm.

Weights are int8, symmetric, one scale per output; how they are rounded decides most (models/int8/rounding.py). Activations are 8 bits from −0.4, the network's own clamp, which
saturation then does for nothing; how fine their steps are, and so where they end, is chosen layer by layer for what the
embedding loses (docs/notes/0007-int8.md). The first convolution reads the mel values as int16, in 1/128: its filters sum to
zero, so that differences matter. Embeddings are 8 bits, symmetric.

A sum becomes a code by one 32 × 32 → high 32 multiplication (`requantise`); the slope of the leaky activation
is a second factor for negative sums.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput
from wakegen.features.weights import Weights
from wakegen.model.wgm import SUM_LIMIT, Activation, Arithmetic, Layer, Op, Wgm, largest_sums, packed

I64 = NDArray[np.int64]

MEL_STEP = 1 / 128  # of the int16 mel values
CLAMP = 0.4
SLOPES = {Activation.LEAKY_CLAMPED: 13107, Activation.RELU: 0, Activation.LINEAR: 65536}  # of negative sums, Q16
_BLOCK = 4  # outputs that the integer kernels compute side by side
_LEAST_OUTPUT = 1e-3
_FACTOR_BITS = 29  # a factor is this many bits of fraction: see `requantise`


def negative_factors(factors: I64, activation: Activation) -> I64:
    """Give the factors of negative sums, as the C engine computes them."""
    return (factors * SLOPES[activation] + 32768) >> 16


def requantise(sums: I64, factors: I64, *, zero: int) -> I64:
    """Turn sums into codes: clamp(zero + round(sum · factor / 2^29), −128, 127), as the C engine does it.

    v = floor(sum · 2^7 · factor / 2^32) is the high half of one 32-bit product; code = zero + floor((v + 8) / 16).
    |sum| < 2^24, |factor| < 2^31.
    """
    high = (sums * 128 * factors) >> 32
    return np.asarray(np.clip(((high + 8) >> 4) + zero, -128, 127))


def grid(below: int) -> tuple[float, int]:
    """Give the codes of an activation with so many steps from −0.4 to 0: what a step is worth, and the code of 0.

    A whole number of them, because many values are −0.4, and an error there is the same in all.
    """
    return CLAMP / below, below - 128


def quantised(read: Weights, below: Sequence[int], *, embedding_top: float, sha256: str) -> Wgm:
    """Quantise the backbone.

    Parameters
    ----------
    read : weights that are rounded to 8 bits
    below : steps from −0.4 to 0 after each convolution but the last, from calibration
    embedding_top : the largest absolute value of an embedding
    sha256 : of the file that the weights came from
    """
    layers: list[Layer] = []
    step, zero, bands, last = MEL_STEP, 0, 32, len(read.convs) - 1
    grids = [*map(grid, below), (embedding_top / 127, 0)]
    for i, conv in enumerate(read.convs):
        made_step, made_zero = grids[i]
        activation = Activation.LEAKY_CLAMPED if i < last else Activation.LINEAR
        layers.append(
            integer_layer(
                conv.kernel,
                conv.bias,
                bands=bands,
                pool=conv.pool,
                op=Op.CONV16 if i == 0 else Op.CONV,
                activation=activation,
                steps=(step, made_step),
                zeros=(zero, made_zero),
                unit=conv.unit,
            )
        )
        step, zero, bands = made_step, made_zero, bands // conv.pool[1]
    return Wgm(Arithmetic.INT8, sha256, tuple(layers))


def integer_layer(
    kernel: NDArray[np.float32],
    bias: NDArray[np.float32],
    *,
    bands: int,
    op: Op,
    activation: Activation,
    steps: tuple[float, float],
    zeros: tuple[int, int],
    pool: tuple[int, int] = (1, 1),
    scaled: bool = True,
    unit: NDArray[np.float32] | None = None,
) -> Layer:
    """Quantise one convolution [co, ci, kt, kf]; `steps` and `zeros` are of its input's codes and of its output's.

    `unit` [co] is what its weights are whole multiples of, if they are rounded; each is rounded to the nearest else.
    Without `scaled` the sums themselves are the result, and `scale` is what one is worth.
    """
    co, ci, kt, kf = kernel.shape
    by_output = _units(kernel) if unit is None else unit.astype(np.float64)
    if not scaled:
        by_output[:] = by_output.max()  # one scale, so that the sums can be compared
    codes = np.round(kernel / by_output[:, None, None, None]).astype(np.int64)
    sums = np.round(bias / (by_output * steps[0])).astype(np.int64) - zeros[0] * codes.sum(axis=(1, 2, 3))
    factors = np.round(by_output * steps[0] / steps[1] * 2**_FACTOR_BITS).astype(np.int64)
    if scaled and factors.max() >= 2**31:
        raise BadInput("A layer's outputs are too small for its inputs to be quantised.", hint="Train another head.")
    layer = Layer(
        **{"ci": ci, "co": co, "bands": bands, "kt": kt, "kf": kf, "pt": pool[0], "pf": pool[1], "block": _BLOCK},
        op=op,
        activation=activation,
        weights=packed(codes.astype(np.int8), _BLOCK),
        bias=sums.astype(np.int32),
        zero_in=zeros[0],
        zero_out=zeros[1] if scaled else 0,
        mul=factors.astype(np.int32) if scaled else None,
        scale=steps[1] if scaled else float(by_output[0] * steps[0]),
    )
    if largest_sums(layer).max() >= SUM_LIMIT:
        raise BadInput("A layer is too wide for sums of 24 bits.", hint="Train a smaller head.")
    return layer


def _units(kernel: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give a scale for each output; one that does nothing needs none of its own."""
    units = np.maximum(np.abs(kernel).max(axis=(1, 2, 3)), 1e-8).astype(np.float64) / 127
    least: NDArray[np.float64] = np.maximum(units, units.max() * _LEAST_OUTPUT)
    return least
