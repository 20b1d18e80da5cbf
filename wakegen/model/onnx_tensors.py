"""The constants of an ONNX file, read without onnx or onnxruntime: both cost more memory than a detector does.

Only what `export` writes is understood: float32 and int64 tensors as raw bytes. The wire format is protobuf's
(protobuf.dev/programming-guides/encoding); the field numbers are those of onnx.proto, IR 7.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MODEL_PRODUCER, _MODEL_GRAPH, _GRAPH_TENSOR = 2, 7, 5
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_RAW = 1, 2, 8, 9
_TYPES = {1: np.float32, 7: np.int64}
_LONGEST_VARINT = 10


def read(data: bytes, *, source: str) -> tuple[str, dict[str, NDArray[Any]]]:
    """Give the name of the program that wrote the file, and its constants by name.

    Raises
    ------
    BadInput : it is cut short, altered, or no ONNX file.
    """
    try:
        model = list(_fields(data))
        producer = next((value for number, value in model if number == _MODEL_PRODUCER), b"")
        (graph,) = (value for number, value in model if number == _MODEL_GRAPH)
        found = [_tensor(value) for number, value in _fields(graph) if number == _GRAPH_TENSOR]
        return bytes(producer).decode(), {name: tensor for name, tensor in found if tensor is not None}
    except (ValueError, TypeError) as error:
        raise BadInput(f"{source} is not an ONNX file that can be read: {error}.", hint="Export it again.") from error


def _tensor(data: Any) -> tuple[str, NDArray[Any] | None]:
    name, shape, kind, raw = "", [], 0, b""
    for number, value in _fields(data):
        if number == _TENSOR_DIMS:
            shape += [value] if isinstance(value, int) else list(_varints(value))
        elif number == _TENSOR_TYPE:
            kind = value
        elif number == _TENSOR_NAME:
            name = bytes(value).decode()
        elif number == _TENSOR_RAW:
            raw = value
    return name, np.frombuffer(raw, _TYPES[kind]).reshape(shape) if kind in _TYPES and len(raw) else None


def _fields(data: Any) -> Iterator[tuple[int, Any]]:
    """Give the fields of a message: number, and an int or the bytes."""
    view = memoryview(data)
    at = 0
    while at < len(view):
        key, at = _varint(view, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(view, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _varint(view, at)
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"a field of kind {kind}")
        if at + size > len(view):
            raise ValueError("it ends inside a field")
        yield number, view[at : at + size]
        at += size


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for i in range(_LONGEST_VARINT):
        if at + i >= len(view):
            raise ValueError("it ends inside a number")
        byte = view[at + i]
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return value, at + i + 1
    raise ValueError("a number is too long")


def _varints(data: memoryview) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield value
