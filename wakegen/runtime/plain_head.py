"""A head that wakegen exported, run by numpy alone: for machines without onnxruntime, or too small for it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput, NotInstalled
from wakegen.model import onnx_tensors
from wakegen.model.head import EMBEDDING, FRAMES, NORM_EPSILON

F32 = NDArray[np.float32]
MAKER = "wakegen"  # as `export` writes it into what it makes


class PlainHead:
    """The graph of `export.onnx_head`: all members side by side, as groups of channels; channels [C, 16] by frames."""

    frames = FRAMES
    classes: tuple[str, ...] = ("",)
    maker = MAKER

    def __init__(self, path: Path) -> None:
        """Read a file.

        Raises
        ------
        BadInput : it is damaged.
        NotInstalled : another program made it, so that it needs onnxruntime.
        """
        maker, found = onnx_tensors.read(path.read_bytes(), source=str(path))
        if maker != MAKER:
            raise NotInstalled(f"{path} was not made by wakegen: it needs onnxruntime.", hint="pip install onnxruntime")
        try:
            self._entry, self._entry_bias = found["entry_w"][:, :, 0], found["entry_b"][:, None]
            self._exit, self._exit_bias = found["exit_w"][:, 0], float(found["exit_b"][0])
            count = sum(name.endswith("_gain") for name in found)
            names = ("w", "b", "gain", "shift")
            self._blocks = [tuple(found[f"block{i}_{name}"] for name in names) for i in range(count)]
            fits = self._entry.shape[1] == EMBEDDING and self._exit.shape == (len(self._entry) * FRAMES,)
            if not fits:
                raise ValueError("its layers do not fit each other")
            self.scores(np.zeros((FRAMES, EMBEDDING), np.float32))
        except (KeyError, IndexError, ValueError) as error:
            raise BadInput(f"{path} is not a head that can be read: {error}.", hint="Export it again.") from error

    def scores(self, window: F32) -> F32:
        """Score one window [16, 96]."""
        x = np.maximum(self._entry @ window.T + self._entry_bias, 0)
        for kernel, bias, gain, shift in self._blocks:
            x = x + np.maximum(_normalised(_grouped(x, kernel) + bias[:, None], len(kernel[0])) * gain + shift, 0)
        logit = float(x.reshape(-1) @ self._exit) + self._exit_bias
        return np.array([1 / (1 + math.exp(-max(-80.0, min(80.0, logit))))], np.float32)


def _grouped(x: F32, kernel: F32) -> F32:
    """Convolve over time with zeros at the ends: x [G C, 16], kernel [G C, C, 3]."""
    channels = kernel.shape[1]
    padded = np.pad(x, ((0, 0), (1, 1)))
    taps = np.stack([padded[:, k : k + FRAMES] for k in range(3)], axis=1)  # [G C, 3, 16]
    grouped = taps.reshape(-1, channels * 3, FRAMES)
    made: F32 = kernel.reshape(-1, channels, channels * 3) @ grouped
    return made.reshape(len(x), FRAMES)


def _normalised(x: F32, channels: int) -> F32:
    """Bring each member to mean 0 and variance 1 over its channels and frames."""
    members = x.reshape(-1, channels * FRAMES)
    centred = members - members.mean(axis=1, keepdims=True)
    variance = (centred * centred).mean(axis=1, keepdims=True)
    result: F32 = centred / np.sqrt(variance + NORM_EPSILON)
    return result.reshape(x.shape)
