"""A whole detector as one ONNX graph: 80 ms of samples and the states in, a score and the next states out.

For programs that have onnxruntime and nothing else: no front end, no window and no average to write oneself. What is
put in as zeros at the first step, and from then on as it came out, is a stream; the result is that of `Detector`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput, WakegenError
from wakegen.core.seeds import stream
from wakegen.features import mel, weights
from wakegen.features.embed import FIRST_EMBEDDING_STEP
from wakegen.features.graph import stream_graph
from wakegen.model import Sidecar

F32 = NDArray[np.float32]
TOLERANCE = 0.02  # of logits: a DFT by matrices rounds otherwise than an FFT
_TAIL = 480  # samples of the step before that a step's frames still read
_WINDOW_AT, _WINDOW = 56, 400
_NEW_FRAMES = 3  # at the first step, frames 0, 1, 2 would reach back before the stream: they count for nothing
_LOGIT_LIMIT = 16.0
_PREFIX = "backbone_"
_NEXT = {"step": "next_step"}


def streaming_bytes(head: bytes, sidecar: Sidecar) -> bytes:
    """Give the graph of a head [1, N, 96] → [1, 1] with everything that it needs.

    Inputs: `pcm` int16 [1280], `step` int64 [1] (0 at first, then `next_step`), and `state_…` float32, zeros at first.
    Outputs: `score` float32 [1] (0 until a window holds real sound only), `ready` bool [1], `next_…` for each state.

    Raises
    ------
    BadInput : the head is of another backbone, or does not take embeddings.
    """
    import onnx
    from onnx import checker, compose, helper

    backbone = onnx.load_from_string(stream_graph(weights.read(sidecar.backbone.get("variant", weights.NO_RELU))))
    try:
        given = onnx.load_from_string(head)
    except Exception as error:  # protobuf's errors share no base class with Python's
        raise BadInput(f"This is no ONNX file: {error}.", hint="Give a NAME.onnx that wakegen exported.") from error
    frames = _frames(given)
    graph = _Graph()
    graph.front_end()
    graph.include(compose.add_prefix(backbone, _PREFIX), {"mel": "mel"})
    graph.window(frames)
    graph.include(compose.add_prefix(given, "head_"), {given.graph.input[0].name: "window"}, "head_")
    graph.smoothed(f"head_{given.graph.output[0].name}", sidecar.smoothing, FIRST_EMBEDDING_STEP + frames - 1)
    model = helper.make_model(
        graph.made(), producer_name="wakegen", opset_imports=[helper.make_opsetid("", 13)], ir_version=8
    )
    for key, value in (("phrase", sidecar.phrase), ("threshold", str(sidecar.threshold)), ("step_ms", "80")):
        model.metadata_props.add(key=key, value=value)
    checker.check_model(model)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


class StreamingModel:
    """Runs such a graph with onnxruntime alone: how any program would."""

    def __init__(self, data: bytes) -> None:
        import onnxruntime

        self._session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        self.reset()

    def reset(self) -> None:
        """Begin a stream: every state is zeros."""
        kinds = {"tensor(float)": np.float32, "tensor(int64)": np.int64}
        states = [item for item in self._session.get_inputs() if item.name != "pcm"]
        self._states = {item.name: np.zeros(item.shape, kinds[item.type]) for item in states}

    def step(self, pcm: NDArray[np.int16]) -> float:
        """Take 1,280 samples; give the score."""
        names = [item.name for item in self._session.get_outputs()]
        made = dict(zip(names, self._session.run(names, {"pcm": pcm, **self._states}), strict=True))
        self._states = {name: made[_NEXT.get(name, name.replace("state_", "next_"))] for name in self._states}
        return float(made["score"][0])


def export_streaming(model: Path, path: Path) -> Path:
    """Write the streaming graph of a detector NAME.onnx, and prove it: it must score as the detector does.

    Raises
    ------
    BadInput : the detector cannot be used.
    WakegenError : the graph scores differently (nothing is left at `path`).
    """
    from wakegen.core.files import write_bytes

    data = streaming_bytes(model.read_bytes(), Sidecar.load(model))
    worst = _difference(data, model)
    if not worst <= TOLERANCE:
        raise WakegenError(
            f"The exported graph scores differently from the detector (logits by up to {worst:.2g}).",
            hint="Report this with the versions that `pip list` shows for onnx and onnxruntime.",
        )
    write_bytes(path, data)
    return path


def _difference(data: bytes, model: Path) -> float:
    """Give the largest difference of logits from the detector's, over sound that comes and goes.

    Of logits, because a good detector's scores of such sound are all nearly 0.
    """
    from wakegen.runtime import Detector
    from wakegen.runtime.scorer import logit

    rng = stream(0, "export", "streaming")
    levels = np.repeat(10 ** rng.uniform(0, 4, 70), 1600)
    sound = (rng.normal(0, 1, len(levels)) * levels).clip(-32768, 32767).astype(np.int16)
    ours = StreamingModel(data)
    steps = range(0, len(sound) - mel.STEP_SAMPLES + 1, mel.STEP_SAMPLES)
    made = np.array([ours.step(sound[at : at + mel.STEP_SAMPLES]) for at in steps])
    wanted = Detector(model, runtime="onnxruntime").scores(sound)
    if not np.array_equal(made > 0, wanted > 0):
        return np.inf
    return max(abs(float(logit(a)) - float(logit(b))) for a, b in zip(made, wanted, strict=True) if b > 0)


def _frames(head: Any) -> int:
    """Give how many embeddings the head's only input takes."""
    from wakegen.core.version import VERSION

    shapes = [
        [dim.dim_value for dim in item.type.tensor_type.shape.dim] for item in (*head.graph.input, *head.graph.output)
    ]
    fits = len(shapes) == 2 and len(shapes[0]) == 3 and shapes[0][2] == weights.SIZE and shapes[1][-1] == 1
    if not fits or {one.version for one in head.opset_import if one.domain in ("", "ai.onnx")} != {13}:
        raise BadInput(
            f"A head that takes and gives {shapes} cannot be built in.",
            hint=f"Give a detector that wakegen {VERSION} exported.",
        )
    return int(shapes[0][1])


class _Graph:
    """Collects nodes, constants, inputs and outputs."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._tensors: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def front_end(self) -> None:
        """From `pcm` to `mel` [1, 8, 32], as `features.mel.step_mel` computes it."""
        self._input("pcm", "INT16", [mel.STEP_SAMPLES])
        self._input("step", "INT64", [1])
        self._output("next_step", "INT64", [1])
        self._add("Add", ["step", self._constant("one", np.array([1], np.int64))], "next_step")
        heard = self._add("Concat", [self._state("tail", [_TAIL]), self._cast("pcm", "FLOAT", "new")], "heard", axis=0)
        self._last(heard, _TAIL, "next_tail", axis=0)
        places = mel.HOP_SAMPLES * np.arange(mel.STEP_FRAMES)[:, None] + _WINDOW_AT + np.arange(_WINDOW)
        framed = self._add("Gather", [heard, self._constant("places", places)], "framed", axis=0)
        bins = np.arange(mel.LOW_BIN, mel.HIGH_BIN)
        turns = 2 * np.pi * np.outer(np.arange(_WINDOW), bins) / mel.FRAME_SAMPLES
        shape = mel.window().astype(np.float64)[:, None]
        squares = []
        for name, wave in (("re", np.cos(turns)), ("im", np.sin(turns))):
            kernel = self._constant(f"dft_{name}", (shape * wave).astype(np.float32))
            part = self._add("MatMul", [framed, kernel], name)
            squares.append(self._add("Mul", [part, part], f"{name}_squared"))
        power = self._add("Add", squares, "power")
        bands = self._add("MatMul", [power, self._constant("bands", mel.mel_matrix())], "band_power")
        least = self._add("Max", [bands, self._scalar("least", 1e-10)], "band_floor")
        level = self._add("Mul", [self._add("Log", [least], "nepers"), self._scalar("db", 10 / np.log(10))], "level")
        self._floored(level)

    def window(self, frames: int) -> None:
        """From the embedding to the `window` [1, frames, 96] that ends with it."""
        state = self._state("window", [1, frames - 1, weights.SIZE])
        self._add("Concat", [state, f"{_PREFIX}embedding"], "window", axis=1)
        self._last("window", frames - 1, "next_window", axis=1)

    def smoothed(self, raw: str, steps: int, first: int) -> None:
        """From the head's score to `score`: the running mean of its logit, from step `first` on."""
        flat = self._add("Reshape", [raw, self._constant("flat", np.array([1], np.int64))], "raw")
        away = self._add("Sub", [self._scalar("unity", 1.0), flat], "rest")
        logit = self._add("Sub", [self._add("Log", [flat], "log_p"), self._add("Log", [away], "log_q")], "odds")
        limits = [self._scalar("low", -_LOGIT_LIMIT), self._scalar("high", _LOGIT_LIMIT)]
        logit = self._add("Clip", [logit, *limits], "logit")
        since = self._add("Sub", ["next_step", self._constant("first", np.array([first], np.int64))], "since")
        ready = self._add("Greater", [since, self._constant("none", np.array([0], np.int64))], "ready")
        recent = logit
        if steps > 1:
            state = self._state("logits", [steps - 1])
            joined = self._add("Concat", [state, logit], "logits", axis=0)
            self._last(joined, steps - 1, "later_logits", axis=0)
            nothing = self._constant("no_logits", np.zeros(steps - 1, np.float32))
            self._add("Where", [ready, "later_logits", nothing], "next_logits")
            recent = self._add(
                "ReduceSum", [joined, self._constant("over", np.array([0], np.int64))], "sum", keepdims=1
            )
        span = [self._constant("fewest", np.int64(1)), self._constant("most", np.int64(steps))]
        count = self._cast(self._add("Clip", [since, *span], "averaged"), "FLOAT", "count")
        mean = self._add("Sigmoid", [self._add("Div", [recent, count], "mean")], "mean_score")
        self._add("Where", [ready, mean, self._constant("silence", np.zeros(1, np.float32))], "score")
        self._output("score", "FLOAT", [1])
        self._output("ready", "BOOL", [1])

    def include(self, model: Any, given: dict[str, str], prefix: str = _PREFIX) -> None:
        """Add all of a model; `given` names what its inputs are here, its other inputs and outputs become states."""
        names = {f"{prefix}{old}": new for old, new in given.items()}
        for item in model.graph.input:
            if item.name not in names:
                plain = item.name.removeprefix(f"{prefix}state_")
                names |= {item.name: f"state_{plain}", f"{prefix}next_{plain}": f"next_{plain}"}
                self._state(plain, [dim.dim_value for dim in item.type.tensor_type.shape.dim])
        for node in model.graph.node:
            for names_of in (node.input, node.output):
                for i, name in enumerate(names_of):
                    names_of[i] = names.get(name, name)
            self._nodes.append(node)
        self._tensors += model.graph.initializer

    def made(self) -> Any:
        from onnx import helper

        return helper.make_graph(self._nodes, "wakegen-detector", self._inputs, self._outputs, self._tensors)

    def _floored(self, level: str) -> None:
        """80 dB below the loudest value at least; at the first step the frames before the stream do not count."""
        first = self._add("Equal", ["step", self._constant("zero", np.array([0], np.int64))], "is_first")
        before = (np.arange(mel.STEP_FRAMES) < _NEW_FRAMES)[:, None]
        unheard = self._add("And", [first, self._constant("before", before)], "unheard")
        counted = self._add("Where", [unheard, self._scalar("lowest", -1e9), level], "counted")
        top = self._add("ReduceMax", [counted], "top", keepdims=1)
        floor = self._add("Sub", [top, self._scalar("range_db", 80.0)], "floor")
        scaled = self._add("Div", [self._add("Max", [level, floor], "floored"), self._scalar("ten", 10.0)], "scaled")
        shifted = self._add("Add", [scaled, self._scalar("two", 2.0)], "shifted")
        kept = self._add("Where", [unheard, self._scalar("nothing", 0.0), shifted], "kept")
        shape = self._constant("mel_shape", np.array([1, mel.STEP_FRAMES, mel.BANDS], np.int64))
        self._add("Reshape", [kept, shape], "mel")

    def _state(self, name: str, shape: list[int]) -> str:
        """Declare a state; `next_NAME` is made elsewhere."""
        self._input(f"state_{name}", "FLOAT", shape)
        self._output(f"next_{name}", "FLOAT", shape)
        return f"state_{name}"

    def _last(self, x: str, count: int, output: str, *, axis: int) -> None:
        ends = [("from", -count), ("to", 2**31), ("axis", axis)]
        bounds = [self._constant(f"{output}_{name}", np.array([value], np.int64)) for name, value in ends]
        self._add("Slice", [x, *bounds], output)

    def _input(self, name: str, kind: str, shape: list[int]) -> None:
        self._inputs.append(self._value(name, kind, shape))

    def _output(self, name: str, kind: str, shape: list[int]) -> None:
        self._outputs.append(self._value(name, kind, shape))

    @staticmethod
    def _value(name: str, kind: str, shape: list[int]) -> Any:
        from onnx import TensorProto, helper

        return helper.make_tensor_value_info(name, getattr(TensorProto, kind), shape)

    def _cast(self, x: str, kind: str, output: str) -> str:
        from onnx import TensorProto

        return self._add("Cast", [x], output, to=getattr(TensorProto, kind))

    def _scalar(self, name: str, value: float) -> str:
        return self._constant(name, np.float32(value))

    def _constant(self, name: str, value: Any) -> str:
        from onnx import numpy_helper

        self._tensors.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def _add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        self._nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output
