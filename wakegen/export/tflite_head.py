"""A head as a TFLite file: embeddings [1, 16, 96] → score [1, 1], as Home Assistant's openWakeWord server loads it.

Only operators that have been in TFLite from early on are used, each member a chain of its own. What is written is run
in LiteRT before it is kept.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput, NotInstalled, WakegenError
from wakegen.core.files import write_bytes
from wakegen.core.seeds import stream
from wakegen.model import Sidecar, onnx_tensors
from wakegen.model.head import EMBEDDING, FRAMES, NORM_EPSILON

F32 = NDArray[np.float32]
TOLERANCE = 1e-4  # of scores
_SCHEMA_VERSION = 3
_IDENTIFIER = b"TFL3"


def export_tflite(model: Path, path: Path) -> Path:
    """Write the head of a detector NAME.onnx, and prove it: it must score as the detector's head does.

    Raises
    ------
    NotInstalled : the package ai-edge-litert is missing.
    BadInput : another program made the head.
    WakegenError : the file scores differently (nothing is left at `path`).
    """
    if find_spec("ai_edge_litert") is None:
        raise NotInstalled("TFLite files need the package ai-edge-litert.", hint="pip install 'wakegen[tflite]'")
    from wakegen.runtime.heads import OnnxHead, TfliteHead

    data = tflite_bytes(model.read_bytes(), Sidecar.load(model).phrase, source=str(model))
    with TemporaryDirectory(prefix="wakegen-") as folder:
        tried = Path(folder) / "head.tflite"
        tried.write_bytes(data)
        ours, theirs = TfliteHead(tried), OnnxHead(model)
    windows = stream(0, "export", "tflite").normal(0, 15, (32, FRAMES, EMBEDDING)).astype(np.float32)
    worst = max(float(np.abs(ours.scores(one) - theirs.scores(one)).max()) for one in windows)
    if not worst <= TOLERANCE:
        raise WakegenError(
            f"The exported head scores differently from the detector's (by up to {worst:.2g}).",
            hint="Report this with the versions that `pip list` shows for ai-edge-litert and onnxruntime.",
        )
    write_bytes(path, data)
    return path


def tflite_bytes(onnx: bytes, phrase: str, *, source: str) -> bytes:
    """Give the file of a head that wakegen exported as ONNX; the same head gives the same bytes."""
    maker, found = onnx_tensors.read(onnx, source=source)
    if maker != "wakegen" or "entry_w" not in found:
        raise BadInput(f"{source} is not a head that wakegen made.", hint="Give a NAME.onnx that wakegen exported.")
    graph = _Graph()
    logits = [_member(graph, found, i) for i in range(len(found["entry_w"]) // found["block0_w"].shape[1])]
    total = logits[0]
    for logit in logits[1:]:
        total = graph.add("ADD", [total, logit], [1, 1], _options("Add"))
    graph.outputs = [graph.add("LOGISTIC", [total], [1, 1], name="score")]
    return graph.made(f"wakegen: {phrase}")


def _member(graph: _Graph, found: dict[str, F32], index: int) -> int:
    """Add one member: from the input to its share of the logit."""
    channels = found["block0_w"].shape[1]
    mine = slice(index * channels, (index + 1) * channels)
    shape = [1, 1, FRAMES, channels]
    x = _conv(graph, graph.frames, found["entry_w"][mine], found["entry_b"][mine], shape, relu=True)
    for i in range(sum(name.endswith("_gain") for name in found)):
        weights = {name: found[f"block{i}_{name}"][mine] for name in ("w", "b", "gain", "shift")}
        y = _normalised(graph, _conv(graph, x, weights["w"], weights["b"], shape, relu=False), shape)
        y = graph.add("MUL", [y, graph.constant(weights["gain"][:, 0])], shape, _options("Mul"))
        y = graph.add("ADD", [y, graph.constant(weights["shift"][:, 0])], shape, _options("Add", relu=True))
        x = graph.add("ADD", [x, y], shape, _options("Add"))
    flat = graph.add("RESHAPE", [x, graph.constant(np.array([1, FRAMES * channels], np.int32))], [1, FRAMES * channels])
    exits = found["exit_w"].reshape(-1, channels, FRAMES)[index].T.reshape(1, -1)  # frames outside, channels inside
    bias = found["exit_b"] if index == 0 else np.zeros(1, np.float32)  # the sum's own, once
    weights_of = [graph.constant(np.ascontiguousarray(exits)), graph.constant(bias)]
    return graph.add("FULLY_CONNECTED", [flat, *weights_of], [1, 1], _options("FullyConnected"))


def _conv(graph: _Graph, x: int, kernel: F32, bias: F32, shape: list[int], *, relu: bool) -> int:
    """Add a convolution over time: kernel [out, in, taps], zeros at the ends."""
    taps = np.ascontiguousarray(kernel.transpose(0, 2, 1)[:, None])  # [out, 1, taps, in]
    options = _options("Conv2D", relu=relu)
    options.strideW = options.strideH = options.dilationWFactor = options.dilationHFactor = 1
    return graph.add("CONV_2D", [x, graph.constant(taps), graph.constant(bias)], shape, options)


def _normalised(graph: _Graph, x: int, shape: list[int]) -> int:
    """Add: mean 0 and variance 1 over frames and channels."""
    axes, one = graph.constant(np.array([1, 2, 3], np.int32)), [1, 1, 1, 1]
    kept = _options("Reducer")
    kept.keepDims = True
    mean = graph.add("MEAN", [x, axes], one, kept)
    centred = graph.add("SUB", [x, mean], shape, _options("Sub"))
    square = graph.add("MUL", [centred, centred], shape, _options("Mul"))
    variance = graph.add("MEAN", [square, axes], one, kept)
    floored = graph.add("ADD", [variance, graph.constant(np.array([NORM_EPSILON], np.float32))], one, _options("Add"))
    return graph.add("MUL", [centred, graph.add("RSQRT", [floored], one)], shape, _options("Mul"))


def _options(kind: str, *, relu: bool = False) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    options = getattr(schema, f"{kind}OptionsT")()
    if hasattr(options, "fusedActivationFunction"):
        options.fusedActivationFunction = schema.ActivationFunctionType.RELU if relu else 0
    return options


class _Graph:
    """Collects tensors, buffers and operators of one subgraph."""

    def __init__(self) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self._schema = schema
        self._buffers = [schema.BufferT()]  # the first is for all that have no data
        self._tensors: list[Any] = []
        self._operators: list[Any] = []
        self._codes: list[int] = []
        self.input = self._tensor("embeddings", [1, FRAMES, EMBEDDING], schema.TensorType.FLOAT32, 0)
        shape = np.array([1, 1, FRAMES, EMBEDDING], np.int32)
        self.frames = self.add("RESHAPE", [self.input, self.constant(shape)], shape.tolist())
        self.outputs: list[int] = []

    def constant(self, value: NDArray[Any]) -> int:
        """Add a constant, float32 or int32."""
        buffer = self._schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(value).tobytes(), np.uint8)
        self._buffers.append(buffer)
        kind = self._schema.TensorType.INT32 if value.dtype == np.int32 else self._schema.TensorType.FLOAT32
        return self._tensor(f"constant{len(self._tensors)}", list(value.shape), kind, len(self._buffers) - 1)

    def add(self, name_of: str, inputs: list[int], shape: list[int], options: Any = None, *, name: str = "") -> int:
        """Add an operator with one output, and give that."""
        code = getattr(self._schema.BuiltinOperator, name_of)
        if code not in self._codes:
            self._codes.append(code)
        operator = self._schema.OperatorT()
        operator.opcodeIndex, operator.inputs = self._codes.index(code), inputs
        if options is not None:
            kind = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType, operator.builtinOptions = getattr(self._schema.BuiltinOptions, kind), options
        made = self._tensor(name or f"{name_of.lower()}{len(self._tensors)}", shape, self._schema.TensorType.FLOAT32, 0)
        operator.outputs = [made]
        self._operators.append(operator)
        return made

    def made(self, description: str) -> bytes:
        """Give the file."""
        import flatbuffers

        subgraph, model = self._schema.SubGraphT(), self._schema.ModelT()
        subgraph.tensors, subgraph.operators = self._tensors, self._operators
        subgraph.inputs, subgraph.outputs = [self.input], self.outputs
        model.version, model.description = _SCHEMA_VERSION, description
        model.operatorCodes = [self._code(code) for code in self._codes]
        model.subgraphs, model.buffers = [subgraph], self._buffers
        builder = flatbuffers.Builder(1 << 16)
        builder.Finish(model.Pack(builder), _IDENTIFIER)
        return bytes(builder.Output())

    def _code(self, builtin: int) -> Any:
        code = self._schema.OperatorCodeT()
        code.deprecatedBuiltinCode = code.builtinCode = builtin
        code.version = 1
        return code

    def _tensor(self, name: str, shape: list[int], kind: int, buffer: int) -> int:
        tensor = self._schema.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.buffer = name, shape, kind, buffer
        self._tensors.append(tensor)
        return len(self._tensors) - 1
