"""A head for microcontrollers: small, without normalisation, every layer valid in time so that it runs step by step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class SmallMember:
    """96 → C for each embedding, convolutions over 3 of them without padding, one linear layer over what is left."""

    entry: F32  # [96, C]; the standardisation of the embedding is folded in
    entry_bias: F32  # [C]
    convs: tuple[tuple[F32, F32], ...]  # kernel [3 C, C], bias [C]
    exit: F32  # [(16 − 2 convs) C]
    exit_bias: float

    def logit(self, windows: F32) -> F32:
        """Score windows [n, 16, 96] → logits [n]."""
        x = self.activations(windows)[-1]
        logits: F32 = x.reshape(len(x), -1) @ self.exit + np.float32(self.exit_bias)
        return logits

    def activations(self, windows: F32) -> list[F32]:
        """Give what each layer but the last makes of windows: [n, 16, C], [n, 14, C], …"""
        made = [np.maximum(windows @ self.entry + self.entry_bias, 0)]
        for kernel, bias in self.convs:
            x = made[-1]
            joined = np.concatenate([x[:, :-2], x[:, 1:-1], x[:, 2:]], axis=2)
            made.append(np.maximum(joined @ kernel + bias, 0))
        return made
