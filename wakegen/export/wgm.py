"""A detector for microcontrollers: the integer backbone and a small head, quantised, in one .wgm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from wakegen.features.int8 import run_windows
from wakegen.features.integer_backbone import integer_backbone
from wakegen.features.quantise import integer_layer
from wakegen.features.weights import NO_RELU
from wakegen.metrics.events import STEP_S
from wakegen.model.head import FRAMES
from wakegen.model.small_head import SmallMember
from wakegen.model.wgm import Activation, Layer, Op, Wgm

F32 = NDArray[np.float32]
_OUTPUTS = 4  # a layer computes so many side by side; the logit is the first
_AT_ONCE = 4096
_LARGEST_FACTOR = 3.9  # of the integer arithmetic: below 4
LOGIT_LIMIT = 16.0  # as the float runtime holds logits before it averages them


@dataclass(frozen=True, slots=True, eq=False)
class IntegerHead:
    """A small head in integers, behind the integer backbone."""

    layers: tuple[Layer, ...]
    step: float  # what a code of the embedding is worth
    variant: str = NO_RELU  # of the backbone

    def logit(self, windows: F32) -> F32:
        """Score windows [n, 16, 96] of embeddings (the integer backbone's, or others rounded to its codes) → logits [n]."""
        made = []
        for at in range(0, len(windows), _AT_ONCE):
            codes = np.clip(np.round(windows[at : at + _AT_ONCE] / self.step), -128, 127)
            made.append(run_windows(self.layers, codes))
        limit = limit_sum(self.layers[-1].scale)
        sums = np.clip(np.concatenate(made), -limit, limit) if made else np.zeros(0)
        return (sums * self.layers[-1].scale).astype(np.float32)


def limit_sum(scale: float) -> int:
    """Give what a head's sums are held within, where one is worth `scale`."""
    return int(LOGIT_LIMIT / scale)


def integer_head(member: SmallMember, windows: F32, *, variant: str = NO_RELU) -> IntegerHead:
    """Quantise a trained head; `windows` [n, 16, 96] show how large its activations get, `variant` is of its backbone."""
    step = integer_backbone(variant).backbone[-1].scale
    with threadpool_limits(1):  # sums of threads depend on their number
        tops = [round(float(np.abs(part).max()), 3) for part in member.activations(windows)]
    kernels = [(member.entry.T[:, :, None, None], member.entry_bias)]
    kernels += [(_over_time(kernel, 3), bias) for kernel, bias in member.convs]
    layers, given, zero = [], step, 0
    for (kernel, bias), top in zip(kernels, tops, strict=True):
        least = float(np.abs(kernel).max()) / 127 * given / _LARGEST_FACTOR
        made = max(top / 255, least)  # a layer that hardly ever answers has small tops
        layers.append(
            integer_layer(
                kernel, bias, bands=1, op=Op.CONV, activation=Activation.RELU, steps=(given, made), zeros=(zero, -128)
            )
        )
        given, zero = made, -128
    channels = len(member.entry_bias)
    exits = np.zeros((_OUTPUTS, channels, FRAMES - 2 * len(member.convs), 1), np.float32)
    exits[0, :, :, 0] = member.exit.reshape(-1, channels).T
    bias = np.array([member.exit_bias, 0, 0, 0], np.float32)
    layers.append(
        integer_layer(
            exits,
            bias,
            bands=1,
            op=Op.CONV,
            activation=Activation.LINEAR,
            steps=(given, 1.0),
            zeros=(zero, 0),
            scaled=False,
        )
    )
    return IntegerHead(tuple(layers), step, variant)


def detector_file(
    head: IntegerHead, *, logit: float, smoothing: int, debounce_s: float, meta: Mapping[str, Any]
) -> Wgm:
    """Put a whole detector together; `logit` is its threshold."""
    backbone = integer_backbone(head.variant)
    return Wgm(
        arithmetic=backbone.arithmetic,
        backbone_sha256=backbone.backbone_sha256,
        backbone=backbone.backbone,
        head=head.layers,
        window_frames=FRAMES,
        smoothing=smoothing,
        debounce_steps=max(1, round(debounce_s / STEP_S)),
        threshold_logit=logit,
        threshold_sum=int(np.ceil(logit / head.layers[-1].scale)),
        limit_sum=limit_sum(head.layers[-1].scale),
        meta=dict(meta),
    )


def _over_time(kernel: F32, taps: int) -> F32:
    """Turn [taps · in, out] into [out, in, taps, 1]."""
    return np.ascontiguousarray(kernel.reshape(taps, -1, kernel.shape[1]).transpose(2, 1, 0)[:, :, :, None])
