"""The file of the C engine: what goes in comes out, and nothing else is read."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.native import needs_c
from wakegen.core.errors import BadInput
from wakegen.core.seeds import stream
from wakegen.features import c_library
from wakegen.model import wgm
from wakegen.model.wgm import Activation, Arithmetic, Layer, Op, Wgm


def layer(ci: int, co: int, bands: int = 1, **more) -> Layer:
    rng = stream(1, "wgm", ci, co)
    floats = more.pop("floats", True)
    kt, kf, block = more.get("kt", 1), more.get("kf", 1), more.get("block", 8)
    shape = (kt, co) if more.get("op") == Op.DEPTHWISE else (co // block, kt * kf * ci, block)
    drawn = rng.integers(-127, 128, shape)
    return Layer(
        ci=ci,
        co=co,
        bands=bands,
        weights=drawn.astype(np.float32) / 64 if floats else drawn.astype(np.int8),
        bias=rng.normal(0, 1, co).astype(np.float32) if floats else rng.integers(-999, 999, co).astype(np.int32),
        **more,
    )


def floats() -> Wgm:
    layers = (
        layer(1, 24, 32, kt=3, kf=3, block=24, activation=Activation.LEAKY_CLAMPED),
        layer(24, 24, 32, kt=3, pt=2, pf=2, block=24, activation=Activation.RELU),
        layer(24, 24, 16, kt=5, op=Op.DEPTHWISE, block=8, stride=2),
    )
    return Wgm(Arithmetic.FLOAT32, "ab" * 32, layers, meta={"phrase": "grüß dich", "licences": ["MIT"]})


def int8() -> Wgm:
    codes = np.arange(16, dtype=np.int32)
    body = (
        layer(
            8,
            16,
            4,
            kt=3,
            floats=False,
            block=4,
            zero_in=-100,
            zero_out=-97,
            mul=codes,
            scale=0.25,
        ),
    )
    head = (layer(16, 8, 4, floats=False, block=4),)
    return Wgm(Arithmetic.INT8, "0f" * 32, body, head, 12, 5, 20, -1.5)


BOTH = pytest.mark.parametrize("made", [floats(), int8()], ids=["float32", "int8"])


def same(one: Layer, other: Layer) -> bool:
    for name in Layer.__slots__:
        a, b = getattr(one, name), getattr(other, name)
        if isinstance(a, np.ndarray) and (a.dtype != b.dtype or not np.array_equal(a, b)):
            return False
        if not isinstance(a, np.ndarray) and a != b:
            return False
    return True


@BOTH
def test_what_is_written_is_read(made):
    data = wgm.to_bytes(made)
    read = wgm.from_bytes(data, source="x")
    assert all(same(a, b) for a, b in zip((*made.backbone, *made.head), (*read.backbone, *read.head), strict=True))
    for name in set(Wgm.__slots__) - {"backbone", "head"}:
        assert getattr(read, name) == getattr(made, name), name
    assert wgm.to_bytes(read) == data
    assert wgm.from_bytes(data + b"more", source="x").meta == made.meta, "a flash partition is longer than the file"


@BOTH
def test_every_array_begins_at_a_multiple_of_16_bytes(made):
    data = wgm.to_bytes(made)
    for i in range(len(made.backbone) + len(made.head)):
        offsets = struct.unpack_from("<3I", data, 88 + 48 * i + 20)
        assert all(offset % 16 == 0 for offset in offsets)


@BOTH
def test_a_file_cut_anywhere_or_altered_anywhere_is_refused(made):
    data = wgm.to_bytes(made)
    for size in [*range(0, len(data), 37), len(data) - 1]:
        with pytest.raises(BadInput, match=r"x is not a \.wgm that can be read"):
            wgm.from_bytes(data[:size], source="x")
    for at in [*range(0, len(data), 11)]:
        changed = bytearray(data)
        changed[at] ^= 0x10
        with pytest.raises(BadInput, match=r"x is not a \.wgm"):
            wgm.from_bytes(bytes(changed), source="x")


def with_checksum(data: bytes) -> bytes:
    return data[:12] + struct.pack("<I", zlib.crc32(data[16:])) + data[16:]


def opened_in_c(data: bytes) -> int:
    room = c_library.aligned(data)
    model = c_library.room(int(c_library.library().wg_model_size()))
    return int(c_library.library().wg_model_open(model.ctypes.data, room.ctypes.data, len(data)))


@needs_c
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_both_readers_refuse_the_same_files(data):
    """With a right checksum, so that what comes behind it is reached."""
    good = wgm.to_bytes(data.draw(st.sampled_from([floats(), int8()])))
    changed = bytearray(good)
    layers = changed[48] + changed[50]
    places = [*range(4, 12), *range(48, 88 + 48 * layers)]
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.sampled_from(places))] = data.draw(st.integers(0, 255))
    sealed = with_checksum(bytes(changed))
    try:
        wgm.from_bytes(sealed, source="x")
    except BadInput as error:
        if "JSON" not in str(error):  # the C engine does not read the description
            assert opened_in_c(sealed) < 0
    else:
        assert opened_in_c(sealed) == 0


@needs_c
def test_the_c_engine_has_the_same_checksum():
    library = c_library.library()
    for data in (b"", b"123456789", bytes(range(256)) * 3):
        assert library.wg_crc32(data, len(data)) == zlib.crc32(data)


@needs_c
def test_every_status_of_the_c_engine_has_a_meaning():
    from pathlib import Path

    header = (Path(c_library.__file__).parents[2] / "firmware_harness" / "core" / "wg_status.h").read_text()
    import re

    assert {int(value) for value in re.findall(r"= (-\d+)", header)} == set(c_library.MEANINGS)
