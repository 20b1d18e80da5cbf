"""A head as one ONNX graph: [1, 16, 96] → [1, 1], operators of opset 13, IR 7, as old runtimes read them.

The first axis is fixed to 1 because that is what openWakeWord's heads have and its loaders expect;
every operator inside would take any number, which `runtime` uses to score long recordings.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import WakegenError
from wakegen.core.files import write_bytes
from wakegen.model.head import EMBEDDING, FRAMES, NORM_EPSILON, Head

F32 = NDArray[np.float32]
TOLERANCE = 1e-4  # of scores, between this file in onnxruntime and the head in numpy


def export_head(head: Head, path: Path) -> Path:
    """Write `head` to `path` and prove it: the file must score as the head does.

    Raises
    ------
    WakegenError : the written graph scores differently (nothing is left at `path`).
    """
    data = onnx_bytes(head)
    _prove(data, head)
    write_bytes(path, data)
    return path


def onnx_bytes(head: Head) -> bytes:
    """Give the graph of `head`; the same head gives the same bytes."""
    from onnx import TensorProto, checker, helper

    graph = _Graph()
    _logit(graph, head)
    graph.add("Sigmoid", ["logit"], "score")
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "wakegen-head",
            [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, [1, FRAMES, EMBEDDING])],
            [helper.make_tensor_value_info("score", TensorProto.FLOAT, [1, 1])],
            graph.tensors,
        ),
        producer_name="wakegen",
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=7,
    )
    checker.check_model(model)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


class _Graph:
    """Collects nodes and constants."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.tensors: list[Any] = []

    def constant(self, name: str, value: Any) -> str:
        from onnx import numpy_helper

        self.tensors.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output


def _logit(graph: _Graph, head: Head) -> None:
    """Add all members side by side, as groups of channels: a third of the nodes that one by one would take."""
    members = head.members
    x = graph.add("Transpose", ["embeddings"], "channels", perm=[0, 2, 1])  # [n, 96, 16]
    entry = np.concatenate([member.entry.T for member in members])[:, :, None]
    bias = np.concatenate([member.entry_bias for member in members])
    x = graph.add("Conv", [x, graph.constant("entry_w", entry), graph.constant("entry_b", bias)], "entry")
    x = graph.add("Relu", [x], "entry_relu")
    for i, blocks in enumerate(zip(*(member.blocks for member in members), strict=True)):
        x = _block(graph, x, blocks, f"block{i}")
    # The exit reads [channel, frame] where Member keeps [frame, channel]; the mean over members is folded in.
    exits = np.concatenate([member.exit.reshape(FRAMES, -1).T.reshape(-1) for member in members]) / len(members)
    shift = sum(member.exit_bias for member in members) / len(members) + head.shift
    x = graph.add("Flatten", [x], "flat", axis=1)
    weights = graph.constant("exit_w", exits.astype(np.float32)[:, None])
    graph.add("Gemm", [x, weights, graph.constant("exit_b", np.array([shift], np.float32))], "logit")


def _block(graph: _Graph, x: str, blocks: tuple[tuple[F32, F32, F32, F32], ...], name: str) -> str:
    """Add x + relu(gain · norm(conv3(x)) + shift), every member normalised over its own channels and frames."""
    groups, channels = len(blocks), len(blocks[0][1])

    def per_channel(label: str, index: int) -> str:
        return graph.constant(f"{name}_{label}", np.concatenate([block[index] for block in blocks])[:, None])

    taps = np.concatenate([k.reshape(3, channels, channels).transpose(2, 1, 0) for k, *_ in blocks])  # [out, in, 3]
    bias = graph.constant(f"{name}_b", np.concatenate([block[1] for block in blocks]))
    y = graph.add("Conv", [x, graph.constant(f"{name}_w", taps), bias], f"{name}_conv", pads=[1, 1], group=groups)
    by_member = graph.constant(f"{name}_members", np.array([0, groups, channels * FRAMES], np.int64))
    y = graph.add("Reshape", [y, by_member], f"{name}_split")
    mean = graph.add("ReduceMean", [y], f"{name}_mean", axes=[2], keepdims=1)
    y = graph.add("Sub", [y, mean], f"{name}_centred")
    square = graph.add("Mul", [y, y], f"{name}_square")
    variance = graph.add("ReduceMean", [square], f"{name}_var", axes=[2], keepdims=1)
    variance = graph.add("Add", [variance, graph.constant(f"{name}_eps", NORM_EPSILON)], f"{name}_floor")
    y = graph.add("Div", [y, graph.add("Sqrt", [variance], f"{name}_sd")], f"{name}_norm")
    by_channel = graph.constant(f"{name}_channels", np.array([0, groups * channels, FRAMES], np.int64))
    y = graph.add("Reshape", [y, by_channel], f"{name}_joined")
    y = graph.add("Mul", [y, per_channel("gain", 2)], f"{name}_gained")
    y = graph.add("Add", [y, per_channel("shift", 3)], f"{name}_shifted")
    return graph.add("Add", [x, graph.add("Relu", [y], f"{name}_relu")], f"{name}_out")


def _prove(data: bytes, head: Head) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    windows = np.random.default_rng(0).normal(0, 15, (32, FRAMES, EMBEDDING)).astype(np.float32)
    got = np.array([session.run(None, {"embeddings": window[None]})[0][0, 0] for window in windows])
    wanted = 1 / (1 + np.exp(-head.logit(windows).astype(np.float64)))
    worst = float(np.abs(got - wanted).max())
    if not worst <= TOLERANCE:
        raise WakegenError(
            f"The exported graph scores differently from the trained head (by up to {worst:.2g}).",
            hint="Report this with the versions that `pip list` shows for onnx and onnxruntime.",
        )
