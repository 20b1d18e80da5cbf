"""The speech embedding as two ONNX graphs: over a whole recording of any length, and a step at a time.

Every convolution is valid in time and pooling in time has stride 2 three times, so T frames give
(T − 76) // 8 + 1 embeddings, each equal to the embedding of its own 76-frame window, and a stream need
only keep two frames before each convolution that is three frames tall. Pooling is done before the activation
(both are monotone: same values, a quarter of the work), and max(leaky(x), −0.4) is written as
leaky(max(x, −2)).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wakegen.features.mel import BANDS, STEP_FRAMES
from wakegen.features.weights import SIZE, Conv, Weights

_EVERYTHING = 2**31  # the end of a slice that goes to the end


def clip_graph(weights: Weights) -> bytes:
    """Give mel [n, T, 32] → embedding [n, (T − 76) // 8 + 1, 96]."""
    graph = _Graph()
    _network(graph, weights, streaming=False)
    return graph.model([["n", "t", BANDS]], ["n", "k", SIZE])


def stream_graph(weights: Weights) -> bytes:
    """Give mel [1, 8, 32] and states → embedding [1, 1, 96] and the states of the next step.

    State `state_i` goes in and `next_i` comes out: the last two frames before convolution i, [1, in, 2, bands].
    """
    graph = _Graph()
    _network(graph, weights, streaming=True)
    return graph.model([[1, STEP_FRAMES, BANDS]], [1, 1, SIZE])


class _Graph:
    """Collects nodes, constants and states."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.tensors: list[Any] = []
        self.states: list[tuple[str, str, list[int]]] = []

    def constant(self, name: str, value: Any) -> str:
        from onnx import numpy_helper

        self.tensors.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def state(self, index: int, x: str, shape: list[int]) -> str:
        """Put the last frames of the step before in front of `x`, and keep the last of this one."""
        before, after = f"state_{index}", f"next_{index}"
        self.states.append((before, after, shape))
        joined = self.add("Concat", [before, x], f"joined_{index}", axis=2)
        bounds = [
            self.constant(f"{name}_{index}", np.array([value], np.int64))
            for name, value in (("from", -2), ("to", _EVERYTHING), ("axis", 2))
        ]
        self.add("Slice", [joined, *bounds], after)
        return joined

    def model(self, mel: list[list[Any]], embedding: list[Any]) -> bytes:
        from onnx import TensorProto, checker, helper

        def value(name: str, shape: list[Any]) -> Any:
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

        graph = helper.make_graph(
            self.nodes,
            "speech-embedding",
            [value("mel", mel[0]), *(value(before, shape) for before, _, shape in self.states)],
            [value("embedding", embedding), *(value(after, shape) for _, after, shape in self.states)],
            self.tensors,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
        checker.check_model(model)
        data: bytes = model.SerializeToString(deterministic=True)
        return data


def _network(graph: _Graph, weights: Weights, *, streaming: bool) -> None:
    lowest = graph.constant("lowest", np.float32(-2.0))
    x = graph.add("Unsqueeze", ["mel", graph.constant("channel_axis", np.array([1], np.int64))], "mel_nchw")
    bands, last = BANDS, len(weights.convs) - 1
    for i, conv in enumerate(weights.convs):
        if streaming and conv.kernel.shape[2] == 3:
            x = graph.state(i, x, [1, conv.kernel.shape[1], 2, bands])
        x = _convolution(graph, i, conv, x)
        if i == 0 and weights.gain is not None:
            x = _norm(graph, weights, x)
        if conv.pool != (1, 1):
            x = graph.add("MaxPool", [x], f"pool{i}", kernel_shape=list(conv.pool), strides=list(conv.pool))
            bands //= conv.pool[1]
        if i < last:
            x = graph.add("Clip", [x, lowest], f"clip{i}")
            x = graph.add("LeakyRelu", [x], f"act{i}", alpha=0.20000000298023224)
    x = graph.add("Squeeze", [x, graph.constant("frequency_axis", np.array([3], np.int64))], "squeezed")
    graph.add("Transpose", [x], "embedding", perm=[0, 2, 1])


def _convolution(graph: _Graph, index: int, conv: Conv, x: str) -> str:
    pad = 1 if conv.kernel.shape[3] == 3 else 0  # zeros in frequency only
    inputs = [x, graph.constant(f"w{index}", conv.kernel), graph.constant(f"b{index}", conv.bias)]
    return graph.add("Conv", inputs, f"conv{index}", pads=[0, pad, 0, pad])


def _norm(graph: _Graph, weights: Weights, x: str) -> str:
    """The older file's ReLU and what follows it."""
    assert weights.gain is not None
    assert weights.shift is not None
    x = graph.add("Relu", [x], "relu")
    x = graph.add("Mul", [x, graph.constant("gain", weights.gain[:, None, None])], "gained")
    return graph.add("Add", [x, graph.constant("shift", weights.shift[:, None, None])], "shifted")
