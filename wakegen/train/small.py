"""The small network as trained: the same loss as `network`, without normalisation and without padding in time."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.model.head import EMBEDDING, FRAMES
from wakegen.model.small_head import SmallMember
from wakegen.train.network import drawn_weights, linear

F32 = NDArray[np.float32]
Parameters = list[F32]

CHANNELS = 48
CONVS = 2
EXIT_WIDTH = (FRAMES - 2 * CONVS) * CHANNELS


def initial(rng: np.random.Generator) -> Parameters:
    """Draw the starting parameters."""
    weights = partial(drawn_weights, rng)
    parameters = [weights(EMBEDDING, CHANNELS), np.zeros(CHANNELS, np.float32)]
    for _ in range(CONVS):
        parameters += [weights(3 * CHANNELS, CHANNELS), np.zeros(CHANNELS, np.float32)]
    return [*parameters, weights(EXIT_WIDTH) * np.float32(0.3), np.zeros(1, np.float32)]


def decays(parameters: Parameters) -> list[bool]:
    """Say which parameters weight decay applies to: kernels, not biases."""
    return [p.ndim == 2 or p.size == EXIT_WIDTH for p in parameters]


def loss(parameters: Any, x: F32, target: F32, keep: F32) -> Any:
    """Give the mean cross entropy; as `network.loss`, with keep [n, EXIT_WIDTH]."""
    import autograd.numpy as anp

    h = anp.maximum(linear(x, parameters[0]) + parameters[1], 0)
    for at in range(2, 2 + 2 * CONVS, 2):
        joined = anp.concatenate([h[:, :-2], h[:, 1:-1], h[:, 2:]], axis=2)
        h = anp.maximum(linear(joined, parameters[at]) + parameters[at + 1], 0)
    z = anp.dot(anp.reshape(h, (x.shape[0], -1)) * keep, parameters[-2]) + parameters[-1]
    return anp.mean(anp.logaddexp(np.float32(0), z) - target * z)


def to_member(parameters: Parameters, *, mean: F32, scale: F32) -> SmallMember:
    """Fold the standardisation (x − mean) / scale into the first layer."""
    entry = parameters[0] / scale[:, None]
    return SmallMember(
        entry=entry.astype(np.float32),
        entry_bias=(parameters[1] - mean @ entry).astype(np.float32),
        convs=tuple((parameters[at], parameters[at + 1]) for at in range(2, 2 + 2 * CONVS, 2)),
        exit=parameters[-2],
        exit_bias=float(parameters[-1][0]),
    )
