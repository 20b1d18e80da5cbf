"""The file that the C engine reads where it lies: layers, weights, and what must be known to run them (docs/wgm.md).

Everything is little-endian; every array begins at a multiple of 16 bytes. `firmware_harness/core/wg_model.h`
has the same layout as C structures, and both refuse the same files (but that C does not read the description).
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput

MAGIC, VERSION = b"WGM1", 1
ALIGN = 16
MAX_LAYERS, MAX_CHANNELS, MAX_BANDS = 48, 256, 64
_HEADER = struct.Struct("<4sHHII32sHHIIIHHHHfii4x")
_LAYER = struct.Struct("<8B3Hxx2h3If12x")
SUM_LIMIT = 1 << 24  # what the integer arithmetic counts on
MOST_MEL = 2048  # no mel value in 1/128 is larger
_CRC_FROM = 16  # everything behind the checksum's own field


class Arithmetic(IntEnum):
    """What the weights are."""

    FLOAT32 = 1
    INT8 = 2


class Op(IntEnum):
    """What a layer does."""

    CONV = 1
    DEPTHWISE = 2  # over time, each channel by itself
    CONV16 = 3  # as CONV, of int16 values (INT8 only)


class Activation(IntEnum):
    """What follows it."""

    LINEAR = 0
    LEAKY_CLAMPED = 1  # max(leaky(x), −0.4), slope 0.2
    RELU = 2


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A convolution over time and bands, a maximum over (pt, pf), an activation.

    Valid in time; in bands with (kf − 1) / 2 columns of zeros at both ends.
    """

    ci: int
    co: int
    bands: int  # of the input
    weights: NDArray[Any]  # [co / block, kt · kf · ci, block], or [kt, co] for DEPTHWISE; float32 or int8
    bias: NDArray[Any]  # [co], float32 or int32
    kt: int = 1
    kf: int = 1
    pt: int = 1
    pf: int = 1
    stride: int = 1  # in time; of each pair the later row is kept
    op: Op = Op.CONV
    activation: Activation = Activation.LINEAR
    block: int = 8
    zero_in: int = 0
    zero_out: int = 0
    mul: NDArray[np.int32] | None = None  # [co]: how sums become codes (INT8); None: the sums are the result
    scale: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Wgm:
    """A whole file."""

    arithmetic: Arithmetic
    backbone_sha256: str
    backbone: tuple[Layer, ...]
    head: tuple[Layer, ...] = ()
    window_frames: int = 16
    smoothing: int = 1
    debounce_steps: int = 25
    threshold_logit: float = 0.0
    threshold_sum: int = 0  # INT8: the same in the head's sums, so that a device compares whole numbers
    limit_sum: int = 0  # INT8: sums of the head are held within this before they are averaged: a logit of 16
    meta: dict[str, Any] = field(default_factory=dict)


def largest_sums(layer: Layer) -> NDArray[np.int64]:
    """Give the largest absolute value that each output's sum can have, [co] (INT8)."""
    weights = np.abs(layer.weights.astype(np.int64))
    by_output = weights.sum(axis=0) if layer.op == Op.DEPTHWISE else weights.sum(axis=1).reshape(-1)
    found: NDArray[np.int64] = np.abs(layer.bias.astype(np.int64)) + by_output * (
        MOST_MEL if layer.op == Op.CONV16 else 128
    )
    return found


def packed(kernel: NDArray[Any], block: int) -> NDArray[Any]:
    """Turn a kernel [co, ci, kt, kf] into the order of the file: [co / block, kt · kf · ci, block]."""
    co = len(kernel)
    flat = kernel.transpose(2, 3, 1, 0).reshape(-1, co // block, block)
    return np.ascontiguousarray(flat.transpose(1, 0, 2))


def to_bytes(file: Wgm) -> bytes:
    """Give the file's bytes; the same content gives the same bytes."""
    layers = [*file.backbone, *file.head]
    body = bytearray(_HEADER.size + len(layers) * _LAYER.size)

    def put(array: NDArray[Any] | None) -> int:
        if array is None:
            return 0
        body.extend(bytes(-len(body) % ALIGN))
        offset = len(body)
        body.extend(np.ascontiguousarray(array).tobytes())
        return offset

    for i, layer in enumerate(layers):
        record = _LAYER.pack(
            *(layer.op, layer.kt, layer.kf, layer.pt, layer.pf, layer.stride, layer.activation, layer.block),
            *(layer.ci, layer.co, layer.bands, layer.zero_in, layer.zero_out),
            *(put(array) for array in (layer.weights, layer.bias, layer.mul)),
            layer.scale,
        )
        at = _HEADER.size + i * _LAYER.size
        body[at : at + _LAYER.size] = record
    meta = json.dumps(file.meta, sort_keys=True, ensure_ascii=False).encode()
    meta_at = put(np.frombuffer(meta, np.uint8))
    body[: _HEADER.size] = _HEADER.pack(
        *(MAGIC, VERSION, file.arithmetic, len(body), 0, bytes.fromhex(file.backbone_sha256)),
        *(len(file.backbone), len(file.head), _HEADER.size, meta_at, len(meta)),
        *(
            file.window_frames,
            file.smoothing,
            file.debounce_steps,
            0,
            file.threshold_logit,
            file.threshold_sum,
            file.limit_sum,
        ),
    )
    body[12:16] = struct.pack("<I", zlib.crc32(bytes(body[_CRC_FROM:])))
    return bytes(body)


def from_bytes(data: bytes, *, source: str) -> Wgm:
    """Read a file.

    Raises
    ------
    BadInput : it is no such file, is cut short or altered, or its layers do not fit each other.
    """
    header = _read_header(data, source)
    (_, _, arithmetic, size, _, sha256, backbone, head, layers_at, meta_at, meta_size, *detector) = header
    count = backbone + head
    if not 0 < count <= MAX_LAYERS or layers_at % 4 or layers_at + count * _LAYER.size > size:
        raise _bad(source, f"it promises {count} layers, which it does not hold")
    if meta_at + meta_size > size:
        raise _bad(source, "its description lies outside the file")
    layers = [
        _layer(data[:size], layers_at + i * _LAYER.size, Arithmetic(arithmetic), f"{source}: layer {i}")
        for i in range(count)
    ]
    for chain in (layers[:backbone], layers[backbone:]):
        _check_chain(chain, source)
    frames, smoothing, debounce_steps, _, logit, threshold_sum, limit_sum = detector
    return Wgm(
        arithmetic=Arithmetic(arithmetic),
        backbone_sha256=sha256.hex(),
        backbone=tuple(layers[:backbone]),
        head=tuple(layers[backbone:]),
        window_frames=frames,
        smoothing=smoothing,
        debounce_steps=debounce_steps,
        threshold_logit=logit,
        threshold_sum=threshold_sum,
        limit_sum=limit_sum,
        meta=_meta(data[meta_at : meta_at + meta_size], source),
    )


def _read_header(data: bytes, source: str) -> tuple[Any, ...]:
    if len(data) < _HEADER.size:
        raise _bad(source, f"it has {len(data)} bytes, fewer than its header")
    header = _HEADER.unpack_from(data)
    magic, version, arithmetic, size, crc = header[:5]
    if magic != MAGIC:
        raise _bad(source, "it does not begin as a .wgm does")
    if version != VERSION or arithmetic not in tuple(Arithmetic):
        raise _bad(source, f"version {version} with arithmetic {arithmetic} is not known here")
    if not _HEADER.size <= size <= len(data):
        raise _bad(source, f"it is cut short: {len(data)} of {size} bytes")
    if zlib.crc32(data[_CRC_FROM:size]) != crc:
        raise _bad(source, "its checksum differs: it was altered")
    return header


def _layer(data: bytes, at: int, arithmetic: Arithmetic, source: str) -> Layer:
    (op, kt, kf, pt, pf, stride, activation, block, ci, co, bands, zero_in, zero_out, *offsets, scale) = (
        _LAYER.unpack_from(data, at)
    )
    limits = (
        (kt, 16), (kf, 3), (pt, 2), (pf, 2), (stride, 2), (block, 255), (ci, MAX_CHANNELS), (co, MAX_CHANNELS), (bands, MAX_BANDS),
    )  # fmt: skip
    fits = (
        all(1 <= value <= most for value, most in limits)
        and kf != 2
        and op in tuple(Op)
        and activation in tuple(Activation)
        and bands % pf == 0
        and co % block == 0
        and (op != Op.DEPTHWISE or (ci == co and kf == 1))
        and (op != Op.CONV16 or (arithmetic == Arithmetic.INT8 and zero_in == 0))
        and not (pt > 1 and stride > 1)
        and all(-128 <= zero <= 127 for zero in (zero_in, zero_out))
    )
    if not fits:
        raise _bad(source, "its shape is not one that a layer can have")
    shape = (kt, co) if op == Op.DEPTHWISE else (co // block, kt * kf * ci, block)
    floats = arithmetic == Arithmetic.FLOAT32
    weights_at, bias_at, mul_at = offsets
    layer = Layer(
        weights=_array(data, weights_at, np.float32 if floats else np.int8, shape, source),
        bias=_array(data, bias_at, np.float32 if floats else np.int32, (co,), source),
        mul=_array(data, mul_at, np.int32, (co,), source) if mul_at and not floats else None,
        **{"ci": ci, "co": co, "bands": bands, "kt": kt, "kf": kf, "pt": pt, "pf": pf, "stride": stride},
        **{"op": Op(op), "activation": Activation(activation), "block": block},
        **{"zero_in": zero_in, "zero_out": zero_out, "scale": scale},
    )
    if not floats and largest_sums(layer).max() >= SUM_LIMIT:
        raise _bad(source, "its sums can be larger than 24 bits hold")
    return layer


def _array(data: bytes, offset: int, dtype: Any, shape: tuple[int, ...], source: str) -> NDArray[Any]:
    count = int(np.prod(shape))
    if offset % ALIGN or offset < _HEADER.size or offset + count * np.dtype(dtype).itemsize > len(data):
        raise _bad(source, "its weights lie outside the file")
    return np.frombuffer(data, dtype, count, offset).reshape(shape)


def _check_chain(layers: Sequence[Layer], source: str) -> None:
    for before, after in pairwise(layers):
        if after.ci != before.co or after.bands != before.bands // before.pf:
            raise _bad(source, "one of its layers does not take what the one before gives")


def _meta(data: bytes, source: str) -> dict[str, Any]:
    try:
        found = json.loads(data or b"{}")
    except (ValueError, RecursionError) as error:
        raise _bad(source, f"its description is no JSON ({error})") from error
    if not isinstance(found, dict):
        raise _bad(source, "its description is no JSON object")
    return found


def _bad(source: str, why: str) -> BadInput:
    return BadInput(f"{source} is not a .wgm that can be read: {why}.", hint="Export the detector again.")
