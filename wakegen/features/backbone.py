"""The frozen speech embedding as one graph that takes any length.

The weights are Google's speech embedding (Apache-2.0), read from the file inside the openwakeword
0.4.0 package. That file has one ReLU (after the first convolution) that the file every current
runtime uses (openWakeWord ≥ 0.5, Home Assistant, livekit) does not have; a head meets the latter in
the field, so the ReLU is left out here. Every convolution is valid in time and pooling in time has
stride 2 three times: T frames give (T − 76) // 8 + 1 embeddings, each equal to the embedding of its
own 76-frame window. Pooling is done before the activation (both are monotone: same values, a
quarter of the work), and max(leaky(x), −0.4) is written as leaky(max(x, −2)).
"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import NotInstalled, WakegenError
from wakegen.core.files import write_bytes
from wakegen.core.paths import cache_folder

if TYPE_CHECKING:
    import onnxruntime

NAME = "speech-embedding"
SOURCE_SHA256 = "ba754db3cd768a524c655ea90655ee5e6055a43b8dfd29366a11e93716ae9e51"
RECEPTIVE_FRAMES = 76
STRIDE_FRAMES = 8
SIZE = 96

_REVISION = 1  # of the derived graph: part of its file name and of the name in sidecars
_POOL_AFTER = {2: (2, 2), 6: (1, 2), 10: (2, 2), 14: (1, 2), 18: (2, 2)}  # conv index → (time, frequency)
_CONVS = 20

# Embedding of a fixed window, checked at load: some builds of some runtimes compute convolutions wrongly.
_KNOWN_ANSWER = (0, 1, 2, 95)


def load_session(*, threads: int = 1) -> onnxruntime.InferenceSession:
    """Open the backbone: mel [n, T, 32] → embeddings [n, (T − 76) // 8 + 1, 96].

    Raises
    ------
    NotInstalled : the openwakeword package is missing or is not version 0.4.0.
    WakegenError : this onnxruntime computes the known answer wrongly.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(graph_path()), options, providers=["CPUExecutionProvider"])
    _check_known_answer(session)
    return session


def identity() -> dict[str, str]:
    """Give what a sidecar says of the backbone: its name and the sha256 of the weights it came from."""
    return {"name": NAME, "variant": "no-relu", "sha256": SOURCE_SHA256}


def graph_path() -> Path:
    """Give the derived graph's file, making it on first use."""
    path = cache_folder() / f"speech-embedding-{SOURCE_SHA256[:12]}-r{_REVISION}.onnx"
    if not path.exists():
        write_bytes(path, _derive(source_path()))
    return path


def source_path() -> Path:
    """Give the embedding file of the openwakeword package, checked by its sha256."""
    spec = find_spec("openwakeword")  # located, not imported: its import takes seconds
    hint = "pip install openwakeword==0.4.0"
    if spec is None or spec.origin is None:
        raise NotInstalled("The speech embedding comes with the package openwakeword, which is missing.", hint=hint)
    path = Path(spec.origin).parent / "resources" / "models" / "embedding_model.onnx"
    if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != SOURCE_SHA256:
        raise NotInstalled("The installed openwakeword does not hold the speech embedding of 0.4.0.", hint=hint)
    return path


def _derive(source: Path) -> bytes:
    """Read the weights from the published file and write the graph described above."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(source))
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    convs = [node for node in model.graph.node if node.op_type == "Conv"]
    (norm,) = (node for node in model.graph.node if node.op_type == "BatchNormalization")
    layers = [_weights(node, tensors) for node in convs]
    layers[0] = _fold(layers[0], [tensors[name] for name in norm.input[1:]])
    return _build(layers)


Layer = tuple[NDArray[np.float32], NDArray[np.float32]]  # kernel [out, in, time, frequency], bias [out]


def _weights(node: Any, tensors: dict[str, NDArray[np.float32]]) -> Layer:
    kernel = tensors[node.input[1]]
    bias = tensors[node.input[2]] if len(node.input) > 2 else np.zeros(len(kernel), np.float32)
    return kernel, bias


def _fold(layer: Layer, norm: list[NDArray[np.float32]]) -> Layer:
    """Fold a batch norm (scale, shift, mean, variance; epsilon 0.001) into the convolution before it."""
    scale, shift, mean, variance = norm
    gain = (scale / np.sqrt(variance + np.float32(1e-3))).astype(np.float32)
    kernel, bias = layer
    return kernel * gain[:, None, None, None], (bias - mean) * gain + shift


def _build(layers: list[Layer]) -> bytes:
    from onnx import TensorProto, checker, helper, numpy_helper

    nodes: list[Any] = []
    tensors: list[Any] = []

    def constant(name: str, value: Any) -> str:
        tensors.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    lowest = constant("lowest", np.float32(-2.0))
    x = add("Unsqueeze", ["mel", constant("channel_axis", np.array([1], np.int64))], "mel_nchw")
    for i, (kernel, bias) in enumerate(layers):
        pad = 1 if kernel.shape[3] == 3 else 0  # zeros in frequency only
        x = add("Conv", [x, constant(f"w{i}", kernel), constant(f"b{i}", bias)], f"conv{i}", pads=[0, pad, 0, pad])
        if i in _POOL_AFTER:
            x = add("MaxPool", [x], f"pool{i}", kernel_shape=list(_POOL_AFTER[i]), strides=list(_POOL_AFTER[i]))
        if i < _CONVS - 1:
            x = add("Clip", [x, lowest], f"clip{i}")
            x = add("LeakyRelu", [x], f"act{i}", alpha=0.20000000298023224)
    x = add("Squeeze", [x, constant("frequency_axis", np.array([3], np.int64))], "squeezed")
    add("Transpose", [x], "embedding", perm=[0, 2, 1])
    graph = helper.make_graph(
        nodes,
        NAME,
        [helper.make_tensor_value_info("mel", TensorProto.FLOAT, ["n", "t", 32])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", "k", SIZE])],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data


def known_window() -> NDArray[np.float32]:
    """Give the fixed mel window [1, 76, 32] whose embedding is known."""
    t, f = np.arange(RECEPTIVE_FRAMES)[:, None], np.arange(32)[None, :]
    window: NDArray[np.float32] = (4 + 3 * np.sin(0.3 * t + 0.2 * f) + ((7 * t + 3 * f) % 5) / 4).astype(np.float32)
    return window[None]


KNOWN_EMBEDDING = (-12.5664, 16.3852, 5.7690, 7.0760)


def _check_known_answer(session: onnxruntime.InferenceSession) -> None:
    got = session.run(None, {"mel": known_window()})[0][0, 0][list(_KNOWN_ANSWER)]
    if not np.allclose(got, KNOWN_EMBEDDING, atol=2e-3):
        import onnxruntime

        raise WakegenError(
            f"onnxruntime {onnxruntime.__version__} computes the speech embedding wrongly on this processor.",
            hint="Install another version, for example: pip install 'onnxruntime!=1.27.0'",
        )
