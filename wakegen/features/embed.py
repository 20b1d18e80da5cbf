"""Embeddings of whole recordings and of streams: the same numbers, as a device computes them step by step."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput, NotInstalled
from wakegen.core.names import did_you_mean
from wakegen.features import c_library, native, weights
from wakegen.features.integer_backbone import IntegerEmbedder
from wakegen.features.mel import BANDS, FIRST_STEP_FRAMES, STEP_FRAMES, STEP_SAMPLES, step_mel, stream_mel
from wakegen.features.weights import NO_RELU, RELU

if TYPE_CHECKING:
    import onnxruntime

    from wakegen.features.backbone import Stream

F32 = NDArray[np.float32]
I16 = NDArray[np.int16]

EMBEDDING_SIZE = weights.SIZE
WINDOW_FRAMES = 16  # embeddings that a head of wakegen sees: 1.98 s of sound

# A step's embedding ends with that step's frames. 76 frames are complete after the 10th step (5 + 9 × 8 = 77);
# its window starts at frame 1, and so does every later one at 8k + 1.
FIRST_EMBEDDING_STEP = 9
FIRST_SCORE_STEP = FIRST_EMBEDDING_STEP + WINDOW_FRAMES - 1  # 24: all 16 embeddings hold real sound
_SKIPPED_FRAMES = FIRST_STEP_FRAMES + FIRST_EMBEDDING_STEP * STEP_FRAMES - weights.RECEPTIVE_FRAMES  # 1
_TAIL_SAMPLES = STEP_SAMPLES + 3 * 160  # what the 8 frames of a step reach back to
_TOGETHER = 8  # recordings that go through the network at once: so many stay in the cache

ONNXRUNTIME, NATIVE, AUTO = "onnxruntime", "c", "auto"
INT8 = "int8"  # in integers, as a microcontroller computes it; of whole recordings


class FrontEnd(Protocol):
    """One stream: 80 ms of samples in, an embedding out."""

    def reset(self) -> None:
        """Forget all sound heard."""
        ...

    def step(self, samples: I16, /) -> F32 | None:
        """Take 1,280 samples; give the embedding (96,) that ends here, or None for the first nine steps."""
        ...


def choose_runtime(wanted: str = AUTO, *, variant: str = NO_RELU) -> str:
    """Give the runtime of the backbone: the C engine where it was built, else onnxruntime.

    Raises
    ------
    BadInput : there is no runtime of this name, or it does not run this variant.
    NotInstalled : none is there.
    """
    if wanted not in (ONNXRUNTIME, NATIVE, INT8, AUTO):
        raise BadInput(
            f"There is no runtime {wanted!r} for the backbone.", hint=did_you_mean(wanted, {ONNXRUNTIME, NATIVE, AUTO})
        )
    if wanted in (NATIVE, INT8) and variant == RELU:
        raise BadInput(f"The C engine does not run the variant {variant!r}.", hint=f"Use the runtime {ONNXRUNTIME}.")
    if wanted == NATIVE:
        c_library.library()
    if wanted != AUTO:
        return wanted
    if variant != RELU and native.is_there():
        return NATIVE
    if find_spec("onnxruntime") is None:
        raise NotInstalled("Neither onnxruntime nor the C engine is here.", hint="pip install onnxruntime")
    return ONNXRUNTIME


class Embedder:
    """Holds the backbone in one runtime. Not for sharing between processes or threads."""

    def __init__(self, *, runtime: str = ONNXRUNTIME, variant: str = NO_RELU, threads: int = 1) -> None:
        """Open a runtime: "onnxruntime", "c", or "auto" for the faster of those that are here."""
        self.runtime = choose_runtime(runtime, variant=variant)
        self.variant = variant
        self._threads = threads

    def embed(self, samples: I16) -> F32:
        """Embed one recording.

        Parameters
        ----------
        samples : int16, shape (n,), 16 kHz

        Returns
        -------
        float32, shape (max(0, n // 1280 − 9), 96). Row i belongs to step i + 9: it ends at sample
        1280 (i + 10) less the 128 that no frame holds yet.
        """
        return self.embed_all([samples])[0]

    def embed_all(self, recordings: Sequence[I16]) -> list[F32]:
        """Embed recordings; those of equal length go through the network together. Same values as one by one."""
        if self.runtime == NATIVE:
            return [self._native.embed(samples) for samples in recordings]
        if self.runtime == INT8:
            return [self._integers.embed(samples) * self._integers.scale for samples in recordings]
        results: list[F32] = [np.zeros((0, EMBEDDING_SIZE), np.float32)] * len(recordings)
        by_steps: dict[int, list[int]] = {}
        for index, samples in enumerate(recordings):
            by_steps.setdefault(len(samples) // STEP_SAMPLES, []).append(index)
        for steps, indices in by_steps.items():
            if steps <= FIRST_EMBEDDING_STEP:
                continue
            for at in range(0, len(indices), _TOGETHER):
                part = indices[at : at + _TOGETHER]
                mel = np.stack([stream_mel(recordings[i]) for i in part])
                for i, rows in zip(part, self.from_mel(mel[:, _SKIPPED_FRAMES:]), strict=True):
                    results[i] = rows
        return results

    def from_mel(self, mel: F32) -> F32:
        """Embed mel frames [n, T ≥ 76, 32] → [n, (T − 76) // 8 + 1, 96] (onnxruntime only)."""
        assert mel.shape[2] == BANDS
        embedding: F32 = self._clip.run(None, {"mel": mel})[0]
        return embedding

    @cached_property
    def _native(self) -> native.NativeBackbone:
        return native.NativeBackbone(self.variant)

    @cached_property
    def _integers(self) -> IntegerEmbedder:
        return IntegerEmbedder(self.variant)

    @cached_property
    def _clip(self) -> onnxruntime.InferenceSession:
        """The graph for whole recordings: a stream does without it."""
        from wakegen.features import backbone

        return backbone.load_session("clip", variant=self.variant, threads=self._threads)

    def stream(self) -> FrontEnd:
        """Begin a stream of its own.

        Raises
        ------
        BadInput : in integers there is none: a .wgm runs as a whole.
        """
        if self.runtime == INT8:
            raise BadInput("The backbone in integers does not run by itself.", hint="Export a .wgm and run that.")
        if self.runtime == NATIVE:
            return native.NativeBackbone(self.variant)
        from wakegen.features import backbone

        session = backbone.load_session("stream", variant=self.variant, threads=self._threads)
        return _OnnxFrontEnd(backbone.Stream(session))


class _OnnxFrontEnd:
    """Mel frames by FFT, embeddings by onnxruntime."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.reset()

    def reset(self) -> None:
        self._stream.reset()
        self._tail = np.zeros(0, np.int16)

    def step(self, samples: I16, /) -> F32 | None:
        first = not len(self._tail)
        self._tail = np.concatenate([self._tail, samples])[-_TAIL_SAMPLES:]
        frames = step_mel(self._tail)
        if first:  # 5 frames; the network takes 8, and the 4 before a window's first count for nothing
            frames = np.concatenate([np.zeros((STEP_FRAMES - len(frames), BANDS), np.float32), frames])
        return self._stream.push(frames)


def windows(embeddings: F32, frames: int = WINDOW_FRAMES) -> F32:
    """Give every head input of a stream: [k, 96] → view [max(0, k − frames + 1), frames, 96]; row i is step i + 24."""
    if len(embeddings) < frames:
        return np.zeros((0, frames, EMBEDDING_SIZE), np.float32)
    return np.lib.stride_tricks.sliding_window_view(embeddings, frames, axis=0).transpose(0, 2, 1)
