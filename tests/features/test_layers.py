"""Layers that the speech embedding does not have: each channel by itself, and a stride in time."""

from __future__ import annotations

import numpy as np
import pytest

from tests.native import needs_c
from wakegen.core.errors import BadInput
from wakegen.core.seeds import stream
from wakegen.features import c_library, int8
from wakegen.features.c_library import Model, at
from wakegen.features.mel_fixed import stream_codes
from wakegen.features.native import NativeInt8
from wakegen.features.quantise import integer_layer
from wakegen.model import wgm
from wakegen.model.wgm import Activation, Arithmetic, Layer, Op, Wgm, packed

# (channels out, kt, kf, pt, pf, stride, depthwise): 8 rows of 32 bands become one row of one band.
PLAN = (
    (8, 3, 3, 1, 2, 1, False),
    (16, 1, 3, 1, 2, 1, False),
    (16, 3, 1, 1, 2, 1, False),
    (16, 1, 1, 1, 2, 1, False),
    (16, 1, 1, 1, 2, 1, False),
    (16, 5, 1, 1, 1, 2, True),
    (24, 1, 1, 1, 1, 1, False),
    (24, 5, 1, 2, 1, 1, True),
    (24, 3, 1, 1, 1, 2, False),
)


def kernels() -> list[tuple[np.ndarray, np.ndarray, tuple]]:
    rng, ci, found = stream(1, "layers"), 1, []
    for co, kt, kf, *rest in PLAN:
        depthwise = rest[-1]
        kernel = rng.normal(0, 2 / np.sqrt(kt * kf * (1 if depthwise else ci)), (co, 1 if depthwise else ci, kt, kf))
        found.append((kernel.astype(np.float32), rng.normal(0, 0.1, co).astype(np.float32), (co, kt, kf, *rest)))
        ci = co
    return found


def integers() -> tuple[Layer, ...]:
    made, bands, ci, step, zero = [], 32, 1, 1 / 128, 0
    for i, (kernel, bias, (co, kt, _, pt, pf, stride, depthwise)) in enumerate(kernels()):
        full = np.zeros((co, ci, kt, kernel.shape[3]), np.float32)
        full[:, : 1 if depthwise else ci] = kernel
        op = Op.CONV16 if i == 0 else Op.CONV
        layer = integer_layer(full, bias, bands=bands, op=op, activation=Activation.LEAKY_CLAMPED,
                              steps=(step, 0.05), zeros=(zero, -120), pool=(pt, pf))  # fmt: skip
        if depthwise:
            codes = np.round(kernel[:, 0, :, 0] / np.maximum(np.abs(kernel).max(axis=(1, 2, 3)), 1e-8)[:, None] * 127)
            layer = _replaced(layer, weights=codes.T.astype(np.int8).copy(), op=Op.DEPTHWISE)
        made.append(_replaced(layer, stride=stride))
        bands, ci, step, zero = bands // pf, co, 0.05, -120
    return tuple(made)


def _replaced(layer: Layer, **more) -> Layer:
    from dataclasses import replace

    return replace(layer, **more)


def sound() -> np.ndarray:
    rng = stream(2, "layers")
    return (
        (rng.normal(0, 1, 48_000) * np.repeat(10 ** rng.uniform(0, 4, 30), 1600)).clip(-32768, 32767).astype(np.int16)
    )


@needs_c
def test_the_c_engine_runs_them_as_numpy_does():
    layers = integers()
    data = wgm.to_bytes(Wgm(Arithmetic.INT8, "00" * 32, layers))
    made, wanted = NativeInt8(data, source="x").embed(sound()), int8.embed(layers, sound())
    assert np.array_equal(made, wanted)
    assert len(np.unique(wanted)) > 20


@needs_c
def test_the_float_engine_runs_them_too():
    made, bands, ci = [], 32, 1
    for kernel, bias, (co, kt, kf, pt, pf, stride, depthwise) in kernels():
        weights = kernel[:, 0, :, 0].T.copy() if depthwise else packed(kernel, 8)
        shape = {"ci": ci, "co": co, "bands": bands, "kt": kt, "kf": kf, "pt": pt, "pf": pf, "stride": stride}
        op = Op.DEPTHWISE if depthwise else Op.CONV
        made.append(Layer(**shape, op=op, weights=weights, bias=bias, activation=Activation.RELU))
        bands, ci = bands // pf, co
    model = Model(wgm.to_bytes(Wgm(Arithmetic.FLOAT32, "00" * 32, tuple(made))), "wg_embed_f32", source="x")
    frames = stream_codes(sound()).astype(np.float32) / 128
    pushes = np.concatenate([np.zeros((3, 32), np.float32), frames]).reshape(-1, 8, 32)
    row, rows = np.zeros(24, np.float32), []
    for push in pushes:
        given = np.ascontiguousarray(push)
        if c_library.library().wg_embed_f32_frames(model.state, at(given), at(row)):
            rows.append(row.copy())
    np.testing.assert_allclose(np.stack(rows), reference(pushes.reshape(-1, 32))[9:], rtol=2e-4, atol=2e-4)


def reference(frames: np.ndarray) -> np.ndarray:
    """Everything at once, with rows of 0 before the first."""
    x = frames[:, :, None].astype(np.float64)
    for kernel, bias, (_, kt, kf, pt, pf, stride, depthwise) in kernels():
        pad = (kf - 1) // 2
        rows = np.pad(x, ((kt - 1, 0), (pad, pad), (0, 0)))
        total = np.zeros((len(x), x.shape[1], len(kernel))) + bias
        for t in range(kt):
            for f in range(kf):
                part = rows[t : t + len(x), f : f + x.shape[1]]
                total += part * kernel[:, 0, t, f] if depthwise else part @ kernel[:, :, t, f].T
        total = total[stride - 1 :: stride]
        x = np.maximum(total, 0).reshape(len(total) // pt, pt, x.shape[1] // pf, pf, -1).max(axis=(1, 3))
    return x[:, 0]


def test_a_maximum_over_rows_that_a_stride_leaves_out_is_refused():
    layers = list(integers())
    layers[7] = _replaced(layers[7], stride=2)
    with pytest.raises(BadInput, match="not one that a layer can have"):
        wgm.from_bytes(wgm.to_bytes(Wgm(Arithmetic.INT8, "00" * 32, tuple(layers))), source="x")
