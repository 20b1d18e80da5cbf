"""Any head that openWakeWord runs: from N embeddings to one score, or to one for each of several classes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput, NotInstalled
from wakegen.features.weights import NO_RELU, RELU, SIZE
from wakegen.runtime.plain_head import PlainHead

F32 = NDArray[np.float32]
_MOST_FRAMES = 256

# The heads inside openwakeword 0.4.0 were trained on its own embedding file; they say it nowhere.
_MADE_FOR_RELU = frozenset(
    (
        "6ff566a01d12670e8d9e3c59da32651db1575d17272a601b7f8a39283dfbae3e",  # alexa
        "94a13cfe60075b132f6a472e7e462e8123ee70861bc3fb58434a73712ee0d2cb",  # hey jarvis
        "b6d4b794ddf2e1d6f29e9f45848e24858e2edd0d810b14e0c1c70dda9a1fcbf0",  # hey marvin
        "785bdf5655863ae47553b23793aa108c7b0152d4823f7869b41f2d2d765912fc",  # hey mycroft
        "371e44535470a29248b3b8f1bbbbaf2525c86417fd8f75c67fcf02ae0b9626df",  # timer
        "8441da8e746899e8d969528d5bad5651cdd563079c05962788f77753041f60e7",  # weather
    )
)


class Runner(Protocol):
    """A head that was opened."""

    frames: int  # embeddings that it looks at
    classes: tuple[str, ...]  # names of its outputs; one without a name for a plain head
    maker: str  # the program that wrote the file, where it says so

    def scores(self, window: F32) -> F32:
        """Score a window [frames, 96]: float32, shape (number of classes,), each 0 … 1."""
        ...


def open_head(path: Path, *, plain: bool = False) -> Runner:
    """Open NAME.onnx or NAME.tflite; with `plain`, one of wakegen's own without onnxruntime.

    Raises
    ------
    BadInput : it is missing, unreadable, or does not take embeddings.
    NotInstalled : the runtime for this kind of file is missing.
    """
    if not path.is_file():
        raise BadInput(f"There is no model at {path}.", hint="Give the path of a NAME.onnx that wakegen exported.")
    opener = _OPENERS.get(path.suffix)
    if opener is None:
        raise BadInput(
            f"{path} is of no kind that can be run here.", hint=f"Kinds that can: {', '.join(sorted(_OPENERS))}."
        )
    if opener is OnnxHead and (plain or find_spec("onnxruntime") is None):
        try:
            return PlainHead(path)
        except NotInstalled:
            if find_spec("onnxruntime") is None:
                raise
    return opener(path)


def variant_of(path: Path) -> str:
    """Give the variant of the backbone that a head without a sidecar was made for."""
    return RELU if hashlib.sha256(path.read_bytes()).hexdigest() in _MADE_FOR_RELU else NO_RELU


class OnnxHead:
    """A head in onnxruntime, one thread."""

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own errors share no base class
            raise _unreadable(path, "onnxruntime", error) from error
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        self.frames = _frames(path, [list(item.shape) for item in inputs])
        self.classes = _classes(outputs[0].name, outputs[0].shape)
        self.maker = str(self._session.get_modelmeta().producer_name)
        self._input, self._output = inputs[0].name, outputs[0].name

    def scores(self, window: F32) -> F32:
        """Score one window."""
        output = self._session.run([self._output], {self._input: np.ascontiguousarray(window)[None]})[0]
        return np.asarray(output, np.float32).reshape(-1)


class TfliteHead:
    """A head in LiteRT, one thread."""

    maker = ""

    def __init__(self, path: Path) -> None:
        if find_spec("ai_edge_litert") is None:
            raise NotInstalled(f"{path} needs the package ai-edge-litert.", hint="pip install 'wakegen[tflite]'")
        from ai_edge_litert.interpreter import Interpreter

        try:
            self._interpreter = Interpreter(model_path=str(path), num_threads=1)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise _unreadable(path, "LiteRT", error) from error
        (given, *others), made = self._interpreter.get_input_details(), self._interpreter.get_output_details()[0]
        self.frames = _frames(path, [list(given["shape"]), *(list(item["shape"]) for item in others)])
        self.classes = _classes("", list(made["shape"]))
        self._input, self._output = given["index"], made["index"]

    def scores(self, window: F32) -> F32:
        """Score one window."""
        self._interpreter.set_tensor(self._input, np.ascontiguousarray(window)[None])
        self._interpreter.invoke()
        return np.asarray(self._interpreter.get_tensor(self._output), np.float32).reshape(-1).copy()


_OPENERS: dict[str, Callable[[Path], Runner]] = {".onnx": OnnxHead, ".tflite": TfliteHead}


def _frames(path: Path, shapes: list[list[Any]]) -> int:
    """Give how many embeddings the only input takes."""
    (first, *_) = shapes
    single = len(first) == 3 and (first[0] in (1, -1, None) or isinstance(first[0], str))  # one, or any number
    fine = len(shapes) == 1 and single and first[2] == SIZE
    frames = first[1] if fine else None
    if not isinstance(frames, int | np.integer) or not 1 <= frames <= _MOST_FRAMES:
        taken = " and ".join(str(shape) for shape in shapes)
        raise BadInput(
            f"{path} takes {taken}, not embeddings of shape [1, N, {SIZE}].",
            hint="Give a head for the speech embedding, as wakegen and openWakeWord make them.",
        )
    return int(frames)


def _classes(name: str, shape: list[Any]) -> tuple[str, ...]:
    """Give the outputs' names; openWakeWord keeps those of several classes as JSON in the output's name.

    Where there are no names, the first of several classes is taken for "none of them", as it is there.
    """
    count = int(shape[-1]) if shape and isinstance(shape[-1], int | np.integer) else 1
    if count == 1:
        return ("",)
    try:
        named = json.loads(name)
    except ValueError:
        named = None
    found = tuple(str(named.get(str(i), "")) for i in range(count)) if isinstance(named, dict) else ()
    return found if any(found) else ("", *(str(i) for i in range(1, count)))


def _unreadable(path: Path, program: str, error: Exception) -> BadInput:
    return BadInput(f"{path} is not a model that {program} reads: {error}.", hint="Export the detector again.")
