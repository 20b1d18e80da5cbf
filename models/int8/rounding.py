"""Rounds a backbone's weights to 8 bits so that its answers move least, layer by layer.

Rounding each weight to the nearest code moves what a layer answers by a bias and a pattern that repeats. Here a layer's codes
are chosen one input after the other, and what rounding one lost is made up for by those that are not rounded yet (GPTQ,
Frantar et al. 2022, arXiv 2210.17323: the order is by the inputs' power); its float target is first fitted to what the
rounded layers before it hand over, and its bias makes up for what is left of the mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wakegen.features.weights import Conv, Weights

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

LARGEST = 127
_DAMPING = 1e-3  # of the mean power, so that inputs that never move do no harm


@dataclass(frozen=True, slots=True)
class Moments:
    """How the inputs of a layer vary: `exact` where nothing is rounded, `given` behind the rounded layers."""

    exact_mean: F64  # [k]
    given_mean: F64
    given: F64  # covariance, [k, k]
    across: F64  # covariance of exact with given


def rounded(read: Weights, sounds: Sequence[F32]) -> Weights:
    """Round all kernels; `sounds` are mel frames [t, 32, 1] that show what is usual. Each `Conv` gets its unit."""
    exact, given, convs = list(sounds), list(sounds), []
    for i, conv in enumerate(read.convs):
        made = _rounded(conv, _moments(conv, exact, given))
        linear = i == len(read.convs) - 1
        exact = [answer(conv, x, linear=linear) for x in exact]
        given = [answer(made, x, linear=linear) for x in given]
        convs.append(made)
    return replace(read, convs=tuple(convs))


def _rounded(conv: Conv, moments: Moments) -> Conv:
    kernel = _flat(conv.kernel).astype(np.float64)
    moved = np.linalg.solve(_damped(moments.given), (moments.across.T - moments.given) @ kernel)
    unit = np.maximum(np.abs(kernel).max(axis=0), 1e-8) / LARGEST
    codes = _codes(kernel + moved, moments.given, unit)
    bias = conv.bias + moments.exact_mean @ kernel - moments.given_mean @ (codes * unit)
    return Conv(_shaped(codes * unit, conv), bias.astype(np.float32), conv.pool, unit.astype(np.float32))


def _codes(wanted: F64, covariance: F64, unit: F64) -> F64:
    """Round [k, out], input by input; the rest makes up for each."""
    damped = _damped(covariance)
    order = np.argsort(-np.diag(damped))
    factor = np.linalg.cholesky(np.linalg.inv(damped[np.ix_(order, order)])).T
    rest, codes = wanted[order], np.empty_like(wanted)
    for k in range(len(rest)):
        code = np.clip(np.round(rest[k] / unit), -LARGEST, LARGEST)
        codes[order[k]] = code
        rest[k + 1 :] -= np.outer(factor[k, k + 1 :], (rest[k] - code * unit) / factor[k, k])
    return codes


def _moments(conv: Conv, exact: Sequence[F32], given: Sequence[F32]) -> Moments:
    size = conv.kernel[0].size
    count, means, sums = 0, np.zeros((2, size)), np.zeros((2, size, size))
    for a, b in zip(exact, given, strict=True):
        x, y = _columns(conv, a).astype(np.float64), _columns(conv, b).astype(np.float64)
        count += len(x)
        means += x.sum(axis=0), y.sum(axis=0)
        sums += y.T @ y, x.T @ y
    means, sums = means / count, sums / count
    return Moments(*means, sums[0] - np.outer(means[1], means[1]), sums[1] - np.outer(means[0], means[1]))


def _damped(covariance: F64) -> F64:
    return covariance + _DAMPING * np.trace(covariance) / len(covariance) * np.eye(len(covariance))


def _columns(conv: Conv, x: F32) -> F32:
    """Give what each output of [t, bands, in] is computed from: [positions, frames · bands · in]."""
    _, ci, kt, kf = conv.kernel.shape
    padded = np.pad(x, ((0, 0), (kf // 2, kf // 2), (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(padded, (kt, kf), axis=(0, 1))  # [t, bands, in, kt, kf]
    return np.ascontiguousarray(views.transpose(0, 1, 3, 4, 2)).reshape(-1, kt * kf * ci)


def answer(conv: Conv, x: F32, *, linear: bool) -> F32:
    """Give what a convolution makes of [t, bands, in]: the maximum, and unless it is the last, the activation."""
    co, _, kt, _ = conv.kernel.shape
    pt, pf = conv.pool
    frames, bands = len(x) - kt + 1, x.shape[1]
    sums = (_columns(conv, x) @ _flat(conv.kernel) + conv.bias).reshape(frames, bands, co)
    top: F32 = sums[: frames // pt * pt].reshape(frames // pt, pt, bands // pf, pf, co).max(axis=(1, 3))
    if linear:
        return top
    held = np.maximum(top, np.float32(-2))
    return np.where(held > 0, held, np.float32(0.2) * held)


def _flat(kernel: F32) -> F32:
    return kernel.transpose(2, 3, 1, 0).reshape(-1, len(kernel))


def _shaped(flat: F64, conv: Conv) -> F32:
    co, ci, kt, kf = conv.kernel.shape
    return np.ascontiguousarray(flat.reshape(kt, kf, ci, co).transpose(3, 2, 0, 1).astype(np.float32))


def arrays(made: Weights) -> Iterator[tuple[str, NDArray[np.generic]]]:
    """Give what weights.npz holds of rounded weights: for each convolution codes, units and biases."""
    for i, conv in enumerate(made.convs):
        assert conv.unit is not None
        yield f"codes_{i}", np.round(conv.kernel / conv.unit[:, None, None, None]).astype(np.int8)
        yield f"unit_{i}", conv.unit
        yield f"bias_{i}", conv.bias
