"""A head: the small network on top of the frozen embedding, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
FRAMES = 16
EMBEDDING = 96


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One trained network: 96 → C per frame, residual blocks over time, one linear layer over all frames.

    A block is x + relu(gain · norm(conv3(x)) + shift) with zero padding in time; norm is over all frames
    and channels of the window.
    """

    entry: F32  # [96, C]; the standardisation of the embedding is folded in
    entry_bias: F32  # [C]
    blocks: tuple[tuple[F32, F32, F32, F32], ...]  # kernel [3 C, C], bias [C], gain [C], shift [C]
    exit: F32  # [16 C]
    exit_bias: float

    def logit(self, windows: F32) -> F32:
        """Score windows [n, 16, 96] → logits [n]."""
        x = np.maximum(windows @ self.entry + self.entry_bias, 0)
        for kernel, bias, gain, shift in self.blocks:
            x = x + np.maximum(normalised(neighbours(x) @ kernel + bias) * gain + shift, 0)
        logits: F32 = x.reshape(len(x), -1) @ self.exit + np.float32(self.exit_bias)
        return logits


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """The mean of several members' logits, shifted and scaled: what is exported as one graph."""

    members: tuple[Member, ...]
    shift: float = 0.0  # added to the mean logit, so that 0.5 is the default operating point

    def logit(self, windows: F32) -> F32:
        """Score windows [n, 16, 96] → logits [n]."""
        total = np.zeros(len(windows), np.float32)
        for member in self.members:
            total += member.logit(windows)
        return total / np.float32(len(self.members)) + np.float32(self.shift)

    @property
    def parameters(self) -> int:
        """Number of trained values."""
        return sum(
            m.entry.size + m.entry_bias.size + m.exit.size + 1 + sum(a.size for block in m.blocks for a in block)
            for m in self.members
        )


NORM_EPSILON = np.float32(1e-5)


def neighbours(x: F32) -> F32:
    """Put each frame between its neighbours (zeros at the ends): [n, 16, C] → [n, 16, 3 C]."""
    padded = np.pad(x, ((0, 0), (1, 1), (0, 0)))
    return np.concatenate([padded[:, :-2], padded[:, 1:-1], padded[:, 2:]], axis=2)


def normalised(x: F32) -> F32:
    """Bring each window to mean 0 and variance 1 over frames and channels."""
    mean = x.mean(axis=(1, 2), keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=(1, 2), keepdims=True)
    result: F32 = (x - mean) / np.sqrt(variance + NORM_EPSILON)
    return result
