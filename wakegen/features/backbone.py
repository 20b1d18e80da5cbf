"""The frozen speech embedding in onnxruntime: its graphs as files, its sessions, and a stream of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import WakegenError
from wakegen.core.files import write_bytes
from wakegen.core.paths import cache_folder
from wakegen.features import weights
from wakegen.features.graph import clip_graph, stream_graph
from wakegen.features.mel import BANDS, STEP_FRAMES
from wakegen.features.weights import NO_RELU, RECEPTIVE_FRAMES, SIZE, Weights

if TYPE_CHECKING:
    import onnxruntime

F32 = NDArray[np.float32]

_REVISION = 2  # of the derived graphs: part of their files' names
_GRAPHS: dict[str, Callable[[Weights], bytes]] = {"clip": clip_graph, "stream": stream_graph}

# Embedding of a fixed window, checked at load: some builds of some runtimes compute convolutions wrongly.
_KNOWN_VALUES = (0, 1, 2, 95)
# A stream's first embedding is that of ten pushes; before the window's 76 frames go 4 that count for nothing.
PUSHES = 10
_BEFORE = PUSHES * STEP_FRAMES - RECEPTIVE_FRAMES


def load_session(kind: str = "clip", *, variant: str = NO_RELU, threads: int = 1) -> onnxruntime.InferenceSession:
    """Open a graph of the backbone; kind is "clip" or "stream" (`features.graph` says what they take and give).

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
    path = str(graph_path(kind, variant=variant))
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    check_known_answer(_answer(session, kind), variant, f"onnxruntime {onnxruntime.__version__}")
    return session


def graph_path(kind: str = "clip", *, variant: str = NO_RELU) -> Path:
    """Give a derived graph's file, making it on first use."""
    path = (
        cache_folder() / f"{weights.NAME}-{weights.identity(variant)['sha256'][:12]}-{variant}-{kind}-r{_REVISION}.onnx"
    )
    if not path.exists():
        write_bytes(path, _GRAPHS[kind](weights.read(variant)))
    return path


class Stream:
    """The backbone a step at a time. The states lie in two sets of buffers that change places: nothing is copied."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._mel = np.zeros((1, STEP_FRAMES, BANDS), np.float32)
        self._embedding = np.zeros((1, 1, SIZE), np.float32)
        shapes = {item.name: item.shape for item in session.get_inputs()[1:]}
        self._states = [{name: np.zeros(shape, np.float32) for name, shape in shapes.items()} for _ in range(2)]
        self._bindings = [self._binding(*self._states), self._binding(*self._states[::-1])]
        self.reset()

    def reset(self) -> None:
        """Forget all frames."""
        self._pushes = 0
        for array in self._states[0].values():
            array[:] = 0

    def push(self, mel: F32) -> F32 | None:
        """Take 8 frames [8, 32]; give the embedding (96,) of the 76 that end here, or None for the first nine."""
        self._mel[0] = mel
        self._session.run_with_iobinding(self._bindings[self._pushes % 2])
        self._pushes += 1
        return self._embedding[0, 0].copy() if self._pushes >= PUSHES else None

    def _binding(self, before: dict[str, F32], after: dict[str, F32]) -> onnxruntime.IOBinding:
        binding = self._session.io_binding()
        for name, array in {"mel": self._mel, **before}.items():
            binding.bind_input(name, "cpu", 0, np.float32, array.shape, array.ctypes.data)
        results = {name.replace("state_", "next_"): array for name, array in after.items()}
        for name, array in {"embedding": self._embedding, **results}.items():
            binding.bind_output(name, "cpu", 0, np.float32, array.shape, array.ctypes.data)
        return binding


def known_window() -> F32:
    """Give the fixed mel window [1, 76, 32] whose embedding is known."""
    t, f = np.arange(RECEPTIVE_FRAMES)[:, None], np.arange(BANDS)[None, :]
    window: F32 = (4 + 3 * np.sin(0.3 * t + 0.2 * f) + ((7 * t + 3 * f) % 5) / 4).astype(np.float32)
    return window[None]


def known_pushes() -> F32:
    """Give the same window as pushes [10, 8, 32] of a stream."""
    padded = np.pad(known_window()[0], ((_BEFORE, 0), (0, 0)))
    return padded.reshape(PUSHES, STEP_FRAMES, BANDS)


def check_known_answer(embedding: F32, variant: str, program: str) -> None:
    """Refuse a program that computes the known window wrongly."""
    if not np.allclose(embedding[list(_KNOWN_VALUES)], weights.known_embedding(variant), atol=2e-3):
        raise WakegenError(
            f"{program} computes the speech embedding wrongly on this processor.",
            hint="Use the other runtime, or another version of this one (onnxruntime 1.27.0 is known for it).",
        )


def _answer(session: onnxruntime.InferenceSession, kind: str) -> F32:
    if kind == "clip":
        embedding: F32 = session.run(None, {"mel": known_window()})[0][0, 0]
        return embedding
    stream = Stream(session)
    *_, last = (stream.push(frames) for frames in known_pushes())
    assert last is not None
    return last
