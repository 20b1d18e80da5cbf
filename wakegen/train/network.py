"""The network as trained: parameters as a flat list, loss and gradient by autograd.

Autograd (HIPS) is numpy with derivatives: half a MB beside what is installed anyway, where JAX would add
about 400 MB; docs/notes/0004-trainer.md has the times.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.model.head import EMBEDDING, FRAMES, NORM_EPSILON, Member

F32 = NDArray[np.float32]
Parameters = list[F32]

CHANNELS = 48
BLOCKS = 2
PER_BLOCK = 4  # kernel, bias, gain, shift
EXIT_WIDTH = FRAMES * CHANNELS  # values that the last layer reads


def drawn_weights(rng: np.random.Generator, rows: int, *columns: int) -> F32:
    """Draw a kernel whose layer keeps the variance of what passes through it (He et al., 2015)."""
    drawn: F32 = (rng.standard_normal((rows, *columns)) * np.sqrt(2 / rows)).astype(np.float32)
    return drawn


def initial(rng: np.random.Generator) -> Parameters:
    """Draw the starting parameters."""
    weights = partial(drawn_weights, rng)
    parameters = [weights(EMBEDDING, CHANNELS), np.zeros(CHANNELS, np.float32)]
    for _ in range(BLOCKS):
        parameters += [
            weights(3 * CHANNELS, CHANNELS),
            np.zeros(CHANNELS, np.float32),
            np.ones(CHANNELS, np.float32),
            np.zeros(CHANNELS, np.float32),
        ]
    return [*parameters, weights(FRAMES * CHANNELS) * np.float32(0.3), np.zeros(1, np.float32)]


def from_member(member: Member, *, mean: F32, scale: F32) -> Parameters:
    """Undo `to_member`, whatever standardisation was folded in: give parameters for inputs (x − mean) / scale."""
    parts = [
        member.entry * scale[:, None],
        member.entry_bias + mean @ member.entry,
        *(array for block in member.blocks for array in block),
        member.exit,
        np.array([member.exit_bias]),
    ]
    return [np.array(part, np.float32) for part in parts]  # copies: training changes them in place


def decays(parameters: Parameters) -> list[bool]:
    """Say which parameters weight decay applies to: kernels, not biases, gains or shifts."""
    return [p.ndim == 2 or p.size == FRAMES * CHANNELS for p in parameters]


def loss(parameters: Any, x: F32, target: F32, keep: F32) -> Any:
    """Give the mean cross entropy.

    Parameters
    ----------
    x : [n, 16, 96], standardised
    target : [n], 0 … 1 (mixed examples lie between)
    keep : [n, 16 · C], dropout mask, already divided by the share kept
    """
    import autograd.numpy as anp

    z = anp.dot(_trunk(parameters, x) * keep, parameters[-2]) + parameters[-1]
    return anp.mean(anp.logaddexp(np.float32(0), z) - target * z)


def _trunk(parameters: Any, x: F32) -> Any:
    import autograd.numpy as anp

    h = anp.maximum(linear(x, parameters[0]) + parameters[1], 0)
    for at in range(2, 2 + BLOCKS * PER_BLOCK, PER_BLOCK):
        kernel, bias, gain, shift = parameters[at : at + PER_BLOCK]
        h = h + anp.maximum(_normalised(linear(_neighbours(h), kernel) + bias) * gain + shift, 0)
    return anp.reshape(h, (x.shape[0], -1))


def linear(x: Any, kernel: Any) -> Any:
    """Multiply the last axis of [n, frames, channels] by a kernel."""
    import autograd.numpy as anp

    flat = anp.dot(anp.reshape(x, (-1, x.shape[2])), kernel)  # one big product is what BLAS is good at
    return anp.reshape(flat, (x.shape[0], x.shape[1], -1))


def _neighbours(x: Any) -> Any:
    import autograd.numpy as anp

    edge = np.zeros((x.shape[0], 1, x.shape[2]), np.float32)
    padded = anp.concatenate([edge, x, edge], axis=1)
    return anp.concatenate([padded[:, :-2], padded[:, 1:-1], padded[:, 2:]], axis=2)


def _normalised(x: Any) -> Any:
    import autograd.numpy as anp

    centred = x - anp.mean(x, axis=(1, 2), keepdims=True)
    return centred / anp.sqrt(anp.mean(centred * centred, axis=(1, 2), keepdims=True) + NORM_EPSILON)


def to_member(parameters: Parameters, *, mean: F32, scale: F32) -> Member:
    """Fold the standardisation (x − mean) / scale into the first layer."""
    entry = parameters[0] / scale[:, None]
    return Member(
        entry=entry.astype(np.float32),
        entry_bias=(parameters[1] - mean @ entry).astype(np.float32),
        blocks=tuple(
            (parameters[at], parameters[at + 1], parameters[at + 2], parameters[at + 3])
            for at in range(2, 2 + BLOCKS * PER_BLOCK, PER_BLOCK)
        ),
        exit=parameters[-2],
        exit_bias=float(parameters[-1][0]),
    )
