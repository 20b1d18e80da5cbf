"""VITS graphs, as Piper's voices are, with their noise as an input: a clip is then a function of what goes in.

An exported VITS model draws in the graph, by RandomNormalLike nodes without a seed: once for how long each sound
lasts, once for the sound itself. onnxruntime's own seed fixes a sequence, not a clip. So the nodes are replaced: each
takes its numbers from one vector, the first node the first ones, the next node those that follow.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput, EngineError
from wakegen.core.files import sha256_file, write_bytes
from wakegen.core.paths import cache_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onnx import ModelProto, NodeProto
    from onnxruntime import InferenceSession

_NOISE = "wakegen_noise"
_FORMAT = 1  # of the patch: a new one makes new files in the cache
_CHANNELS = 192  # that are drawn for each frame of the sound; 2 more for each symbol
# Frames (of 256 samples) for each symbol: five times what symbols take on average. A clip that is longer still hears
# the same noise from its start again.
_FRAMES = 16
_RANDOM = frozenset(
    ("RandomNormalLike", "RandomNormal", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli")
)


class VitsModel:
    """A model that is loaded: the session and nothing else. One thread computes."""

    def __init__(self, path: Path) -> None:
        """Load a model; the patched copy is kept in the cache folder.

        Raises
        ------
        BadInput : it is no model, no VITS model, or draws random numbers in a way that cannot be seeded.
        StorageError : the cache folder cannot be written.
        """
        self._session = _load(path)
        self._inputs = frozenset(entry.name for entry in self._session.get_inputs())
        if not {"input", "input_lengths", "scales"} <= self._inputs:
            raise BadInput(
                f"{path.name} is no VITS model: its inputs are {', '.join(sorted(self._inputs))}.", hint=_HINT
            )

    @property
    def session(self) -> InferenceSession:
        """What the piper library takes as its session."""
        return self._session

    def speak(
        self, ids: Sequence[int], *, scales: tuple[float, float, float], speaker: int, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Compute the sound of one sentence.

        Parameters
        ----------
        ids : the symbols, with the pads between them
        scales : of the noise of the sound, of the length, and of the noise of the lengths
        speaker : ignored by models of one speaker
        rng : for the noise; nothing else draws

        Returns
        -------
        float32, shape (n,), nominally in −1 … 1

        Raises
        ------
        EngineError : onnxruntime fails, or the sound is not finite.
        """
        feeds: dict[str, Any] = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(scales, np.float32),
            "sid": np.array([speaker], np.int64),
            _NOISE: rng.standard_normal(round((2 + _CHANNELS * _FRAMES * max(1.0, scales[1])) * len(ids)), np.float32),
        }
        try:
            sound = self._session.run(None, {name: value for name, value in feeds.items() if name in self._inputs})[0]
        except Exception as error:  # onnxruntime's own kinds share no other base
            raise EngineError(f"onnxruntime failed on this text: {error}", hint="Leave this voice out.") from error
        flat = np.asarray(sound, np.float32).reshape(-1)
        if not np.isfinite(flat).all():
            raise EngineError("The voice gave NaN or Inf.", hint="Leave this voice out: its file is damaged.")
        return flat


_HINT = "Get the voice anew, or take its file out of the folder of voices."


def seedable(model: bytes) -> bytes:
    """Give the model with its noise as the input `wakegen_noise`, float32 of any length; unchanged if it draws none.

    Raises
    ------
    BadInput : the bytes are no model, or it draws in another way than standard normal numbers at its top level.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        parsed = onnx.load_model_from_string(model)
    except DecodeError as error:
        raise BadInput("It is no ONNX model.", hint=_HINT) from error
    drawing = [node for node in parsed.graph.node if node.op_type == "RandomNormalLike"]
    odd = [node for node in drawing if {entry.name for entry in node.attribute} - {"dtype"}]
    if odd or len(drawing) < _count_random(parsed.graph):
        raise BadInput("It draws random numbers in a way that cannot be seeded.", hint=_HINT)
    return _patched(parsed) if drawing else model


def check_whole(path: Path) -> str:
    """Say why a file cannot be an ONNX model, "" if it may be one; reads its outline alone, so it takes no time.

    A download that broke off and an error page in its place are found so. The outline is that of a protobuf message
    (ModelProto of onnx.proto): fields, each a number, a kind and, here, a length; field 7 is the graph.
    """
    size = path.stat().st_size
    found = set()
    with path.open("rb") as file:
        while file.tell() < size:
            key = _varint(file.read(10), file)
            if key & 7 == 0:
                _varint(file.read(10), file)
            elif key & 7 == 2:
                file.seek(_varint(file.read(10), file), 1)
            else:
                return "it is no ONNX model"
            found.add(key >> 3)
        if file.tell() != size:
            return "it is cut short"
    return "" if 7 in found else "it is no ONNX model"


def _varint(ahead: bytes, file: Any) -> int:
    """Read a number of 7 bits a byte, of the ten bytes at most that lie ahead; the rest goes back to the file."""
    value = 0
    for place, byte in enumerate(ahead):
        value |= (byte & 127) << (7 * place)
        if byte < 128:
            file.seek(place + 1 - len(ahead), 1)
            return value
    return 7  # no number: a kind that does not exist


def _load(path: Path) -> InferenceSession:
    kept = cache_folder() / "piper" / f"{sha256_file(path)}-{_FORMAT}.onnx"
    for fresh in (False, True):  # what is in the cache may be damaged: then it is made anew, once
        try:
            if fresh or not kept.is_file():
                write_bytes(kept, seedable(path.read_bytes()))
            return open_session(kept)
        except BadInput as error:
            kept.unlink(missing_ok=True)
            if fresh:
                raise BadInput(f"{path.name} cannot be used. {error}", hint=_HINT) from error
    raise AssertionError("the second round returns or raises")


def open_session(path: Path) -> InferenceSession:
    """Open a model for one thread on the CPU. Raises BadInput where onnxruntime cannot load it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4  # what fails is raised as well
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own kinds share no other base
        raise BadInput(f"onnxruntime cannot load it: {str(error).splitlines()[0]}", hint=_HINT) from error


def _count_random(graph: Any) -> int:
    """Count the nodes that draw, those of inner graphs too."""
    inner = [entry.g for node in graph.node for entry in node.attribute if entry.HasField("g")]
    return sum(node.op_type in _RANDOM for node in graph.node) + sum(map(_count_random, inner))


def _patched(model: ModelProto) -> bytes:
    from onnx import TensorProto, helper

    graph = model.graph
    nodes: list[NodeProto] = []
    start = f"{_NOISE}_start"
    nodes.append(helper.make_node("Shape", [_NOISE], [f"{_NOISE}_length"]))
    for name, value in ((start, 0), (f"{_NOISE}_step", 1)):
        graph.initializer.append(helper.make_tensor(name, TensorProto.INT64, [], [value]))
    for node in graph.node:
        if node.op_type != "RandomNormalLike":
            nodes.append(node)
            continue
        nodes += _slice(node, start)
        start = f"{node.output[0]}_{_NOISE}_end"
    del graph.node[:]
    graph.node.extend(nodes)
    graph.input.append(helper.make_tensor_value_info(_NOISE, TensorProto.FLOAT, [f"{_NOISE}_count"]))
    return bytes(model.SerializeToString())


def _slice(node: NodeProto, start: str) -> list[NodeProto]:
    """Give nodes that take as many numbers as the input of `node` has, from `start` on, in its shape.

    After the last number comes the first one, so that a vector that is too short fails nowhere.
    """
    from onnx import helper

    def own(what: str) -> str:
        return f"{node.output[0]}_{_NOISE}_{what}"

    return [
        helper.make_node("Shape", [node.input[0]], [own("shape")]),
        helper.make_node("Size", [node.input[0]], [own("size")]),
        helper.make_node("Add", [start, own("size")], [own("end")]),
        helper.make_node("Range", [start, own("end"), f"{_NOISE}_step"], [own("places")]),
        helper.make_node("Mod", [own("places"), f"{_NOISE}_length"], [own("wrapped")]),
        helper.make_node("Gather", [_NOISE, own("wrapped")], [own("numbers")]),
        helper.make_node("Reshape", [own("numbers"), own("shape")], [node.output[0]]),
    ]
