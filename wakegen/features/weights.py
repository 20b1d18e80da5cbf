"""The weights of the backbone: Google's speech embedding (Apache-2.0), read from the openwakeword 0.4.0 package, or a small
network that was taught to answer as it does.

That file has one ReLU (after the first convolution) that the file every current runtime uses
(openWakeWord ≥ 0.5, Home Assistant, livekit) does not have. A head meets the latter in the field, so
wakegen's own detectors are made for the network without it; the other one is offered to run old heads. The small one, for
chips that are too slow for either, comes with wakegen (docs/nano.md): the same layers, fewer channels.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput, NotInstalled
from wakegen.core.paths import models_folder

F32 = NDArray[np.float32]

NAME = "speech-embedding"
SOURCE_SHA256 = "ba754db3cd768a524c655ea90655ee5e6055a43b8dfd29366a11e93716ae9e51"
NO_RELU, RELU, NANO = "no-relu", "relu", "nano"  # the variants
VARIANTS = (NO_RELU, RELU, NANO)
RECEPTIVE_FRAMES = 76
STRIDE_FRAMES = 8
SIZE = 96
POOL_AFTER = {2: (2, 2), 6: (1, 2), 10: (2, 2), 14: (1, 2), 18: (2, 2)}  # conv index → (time, bands)
_FOLDERS = {NO_RELU: "int8", NANO: "nano"}  # of models/, where the rounded weights of a variant are
_EPSILON = np.float32(1e-3)  # of the one batch norm
_KNOWN_EMBEDDING = {
    NO_RELU: (-12.5664, 16.3852, 5.7690, 7.0760),
    RELU: (-14.9390, 12.2324, 12.4067, 10.0580),
}


@dataclass(frozen=True, slots=True, eq=False)
class Conv:
    """One convolution; all but the last are followed by max(leaky(x), −0.4), some by a maximum before it."""

    kernel: F32  # [out, in, time, bands]
    bias: F32  # [out]
    pool: tuple[int, int] = (1, 1)
    unit: F32 | None = None  # [out]: what one step of its weights is worth, where they are rounded to 8 bits


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """All 20 convolutions. With the ReLU, `gain` and `shift` follow it; without, they are folded into the first one."""

    convs: tuple[Conv, ...]
    gain: F32 | None = None  # [24]
    shift: F32 | None = None


def identity(variant: str = NO_RELU) -> dict[str, str]:
    """Give what a sidecar says of the backbone: its name, its variant, the sha256 of the file it came from."""
    if variant == NANO:
        return {"name": "wakegen-nano", "variant": NANO, "sha256": _nano_sha256()}
    return {"name": NAME, "variant": variant, "sha256": SOURCE_SHA256}


def known_variant(sha256: str, *, made: str) -> str:
    """Give the variant whose file has this sha256, of those that wakegen's detectors are made for.

    Raises
    ------
    BadInput : there is none, so that `made`, which was trained on it, cannot run.
    """
    known = {identity(variant)["sha256"]: variant for variant in (NO_RELU, NANO)}
    if sha256 not in known:
        raise BadInput(
            f"{made} was trained on another backbone (sha256 {sha256[:12]}…, not "
            f"{' or '.join(f'{one[:12]}…' for one in known)}).",
            hint="Train it again with this version of wakegen.",
        )
    return known[sha256]


def rounded(variant: str = NO_RELU) -> Weights:
    """Give the weights of a variant as 8-bit codes have them; the small network has no others.

    Raises
    ------
    NotInstalled : wakegen lacks a file.
    """
    arrays, convs = _arrays(_FOLDERS[variant]), []
    for i in range(sum(name.startswith("codes_") for name in arrays)):
        unit = arrays[f"unit_{i}"]
        kernel = arrays[f"codes_{i}"].astype(np.float32) * unit[:, None, None, None]
        convs.append(Conv(kernel, arrays[f"bias_{i}"], POOL_AFTER.get(i, (1, 1)), unit))
    return Weights(tuple(convs))


def known_embedding(variant: str = NO_RELU) -> tuple[float, ...]:
    """Give values 0, 1, 2 and 95 of the embedding of a fixed window (`backbone.known_window`)."""
    if variant == NANO:
        return tuple(float(value) for value in _arrays(_FOLDERS[NANO])["known"])
    return _KNOWN_EMBEDDING[variant]


def read(variant: str = NO_RELU) -> Weights:
    """Read the weights of a variant.

    Raises
    ------
    NotInstalled : the openwakeword package is missing or is not version 0.4.0.
    BadInput : there is no such variant.
    """
    import onnx
    from onnx import numpy_helper

    if variant == NANO:
        return rounded(NANO)
    if variant not in VARIANTS:
        raise BadInput(f"There is no variant {variant!r} of the backbone.", hint=f"Known: {', '.join(VARIANTS)}.")
    model = onnx.load(str(source_path()))
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    nodes = [node for node in model.graph.node if node.op_type == "Conv"]
    convs = [_conv(node, tensors, POOL_AFTER.get(i, (1, 1))) for i, node in enumerate(nodes)]
    (norm,) = (node for node in model.graph.node if node.op_type == "BatchNormalization")
    scale, offset, mean, variance = (tensors[name] for name in norm.input[1:])
    gain = (scale / np.sqrt(variance + _EPSILON)).astype(np.float32)
    if variant == RELU:
        return Weights(tuple(convs), gain, (offset - mean * gain).astype(np.float32))
    first = convs[0]
    convs[0] = Conv(first.kernel * gain[:, None, None, None], (first.bias - mean) * gain + offset, first.pool)
    return Weights(tuple(convs))


def source_path() -> Path:
    """Give the embedding file of the openwakeword package, checked by its sha256."""
    return published_file("embedding_model.onnx", SOURCE_SHA256, "speech embedding")


def published_file(name: str, sha256: str, what: str) -> Path:
    """Give a file that comes with openwakeword 0.4.0.

    Raises
    ------
    NotInstalled : the package is missing or is not version 0.4.0.
    """
    spec = find_spec("openwakeword")  # located, not imported: its import takes seconds
    hint = "pip install openwakeword==0.4.0"
    if spec is None or spec.origin is None:
        raise NotInstalled(f"The {what} comes with the package openwakeword, which is missing.", hint=hint)
    path = Path(spec.origin).parent / "resources" / "models" / name
    if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise NotInstalled(f"The installed openwakeword does not hold the {what} of 0.4.0.", hint=hint)
    return path


def _conv(node: Any, tensors: dict[str, F32], pool: tuple[int, int]) -> Conv:
    kernel = tensors[node.input[1]]
    bias = tensors[node.input[2]] if len(node.input) > 2 else np.zeros(len(kernel), np.float32)
    return Conv(kernel, bias, pool)


@cache
def _arrays(folder: str) -> dict[str, Any]:
    with np.load(_rounded_path(folder), allow_pickle=False) as data:
        return dict(data)


@cache
def _nano_sha256() -> str:
    return hashlib.sha256(_rounded_path(_FOLDERS[NANO]).read_bytes()).hexdigest()


def _rounded_path(folder: str) -> Path:
    path = models_folder(folder) / "weights.npz"
    if not path.is_file():
        raise NotInstalled(f"{path} is missing.", hint="Install wakegen again.")
    return path
