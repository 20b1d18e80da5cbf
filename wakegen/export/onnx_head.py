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
from wakegen.model.head import EMBEDDING, FRAMES, NORM_EPSILON, Head, Member

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
    logits = [_member(graph, member, f"m{i}") for i, member in enumerate(head.members)]
    total = graph.add("Sum", logits, "sum") if len(logits) > 1 else logits[0]
    mean = graph.add("Mul", [total, graph.constant("share", np.float32(1 / len(logits)))], "mean")
    shifted = graph.add("Add", [mean, graph.constant("shift", np.float32(head.shift))], "logit")
    graph.add("Sigmoid", [shifted], "score")
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


def _member(graph: _Graph, member: Member, name: str) -> str:
    """Add one member; frames are kept as channels-first [n, C, 16] for the convolutions."""
    x = graph.add("Transpose", ["embeddings"], f"{name}_in", perm=[0, 2, 1])
    entry = graph.constant(f"{name}_w", np.ascontiguousarray(member.entry.T)[:, :, None])
    x = graph.add("Conv", [x, entry, graph.constant(f"{name}_b", member.entry_bias)], f"{name}_entry")
    x = graph.add("Relu", [x], f"{name}_h0")
    for i, block in enumerate(member.blocks):
        x = _block(graph, x, block, f"{name}_block{i}")
    x = graph.add("Transpose", [x], f"{name}_frames", perm=[0, 2, 1])
    x = graph.add("Flatten", [x], f"{name}_flat", axis=1)
    exit_ = graph.constant(f"{name}_exit", member.exit[:, None])
    return graph.add("Gemm", [x, exit_, graph.constant(f"{name}_c", np.float32([member.exit_bias]))], f"{name}_logit")


def _block(graph: _Graph, x: str, block: tuple[F32, F32, F32, F32], name: str) -> str:
    kernel, bias, gain, shift = block
    channels = len(bias)
    taps = np.ascontiguousarray(kernel.reshape(3, channels, channels).transpose(2, 1, 0))  # [out, in, 3]
    y = graph.add("Conv", [x, graph.constant(f"{name}_w", taps), graph.constant(f"{name}_b", bias)], f"{name}_conv", pads=[1, 1])
    mean = graph.add("ReduceMean", [y], f"{name}_mean", axes=[1, 2], keepdims=1)
    y = graph.add("Sub", [y, mean], f"{name}_centred")
    square = graph.add("Mul", [y, y], f"{name}_square")
    variance = graph.add("ReduceMean", [square], f"{name}_var", axes=[1, 2], keepdims=1)
    variance = graph.add("Add", [variance, graph.constant(f"{name}_eps", NORM_EPSILON)], f"{name}_vare")
    y = graph.add("Div", [y, graph.add("Sqrt", [variance], f"{name}_sd")], f"{name}_norm")
    y = graph.add("Mul", [y, graph.constant(f"{name}_gain", gain[:, None])], f"{name}_gained")
    y = graph.add("Add", [y, graph.constant(f"{name}_shift", shift[:, None])], f"{name}_shifted")
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
