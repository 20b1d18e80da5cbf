"""The speech embedding in C: in float for PCs and Raspberry Pis, in 8-bit integers as a microcontroller computes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wakegen.core.files import write_bytes
from wakegen.core.paths import cache_folder
from wakegen.features import backbone, c_library, weights
from wakegen.features.c_library import Model, at, library
from wakegen.features.mel import BANDS, STEP_FRAMES, STEP_SAMPLES
from wakegen.features.weights import NO_RELU, SIZE, Weights
from wakegen.model.wgm import Activation, Arithmetic, Layer, Wgm, from_bytes, packed, to_bytes

F32 = NDArray[np.float32]
I16 = NDArray[np.int16]
I8 = NDArray[np.int8]

_BLOCKS = (24, 8)  # outputs that the float engine computes side by side
_REVISION = 1
_FIRST_STEPS = 9  # that give no embedding


class NativeBackbone:
    """One stream of the speech embedding in float. Not for sharing between threads."""

    def __init__(self, variant: str = NO_RELU) -> None:
        """Open the engine.

        Raises
        ------
        NotInstalled : the engine was not built, or openwakeword 0.4.0 is missing.
        WakegenError : it computes the known answer wrongly.
        """
        self._library = library()
        self._model = Model(model_path(variant).read_bytes(), "wg_embed_f32", source="the speech embedding")
        self._row = np.zeros(SIZE, np.float32)
        self._row_at = at(self._row)
        for mel in backbone.known_pushes():
            self.frames(mel, self._row)
        backbone.check_known_answer(self._row, variant, "The C engine")
        self.reset()

    def reset(self) -> None:
        """Forget all sound heard."""
        self._library.wg_embed_f32_reset(self._model.state)

    def use_kernels(self, place: int) -> str:
        """Use another set of inner loops, slowest first; give its name, "" if this processor has none there: for tests."""
        name = self._library.wg_embed_f32_use(self._model.state, place)
        return name.decode() if name else ""

    def step(self, samples: I16, /) -> F32 | None:
        """Take 1,280 samples; give the embedding (96,) of the 76 frames that end here, or None for the first nine."""
        pcm = _whole_step(samples)
        made = self._library.wg_embed_f32_step(self._model.state, at(pcm), self._row_at)
        return self._row.copy() if made else None

    def frames(self, mel: F32, row: F32) -> bool:
        """Take a step's 8 frames [8, 32] from elsewhere; fill `row` (96,) and tell whether it was.

        The first four that are ever given count for nothing.
        """
        given = np.ascontiguousarray(mel, np.float32)
        assert given.shape == (STEP_FRAMES, BANDS)
        assert row.shape == (SIZE,)
        assert row.dtype == np.float32
        return bool(self._library.wg_embed_f32_frames(self._model.state, at(given), at(row)))

    def embed(self, samples: I16) -> F32:
        """Embed a whole recording from a fresh start: [max(0, n // 1280 − 9), 96]."""
        steps = len(samples) // STEP_SAMPLES
        rows = np.zeros((max(0, steps - _FIRST_STEPS), SIZE), np.float32)
        pcm = np.ascontiguousarray(samples, np.int16)
        made = self._library.wg_embed_f32_all(self._model.state, at(pcm), steps, at(rows))
        assert made == len(rows)
        return rows


class NativeInt8:
    """A .wgm in integers, bit for bit as on a microcontroller. Not for sharing between threads."""

    def __init__(self, data: bytes, *, source: str) -> None:
        """Open a file.

        Raises
        ------
        NotInstalled : the engine was not built.
        BadInput : the engine refuses the file.
        """
        self._library = library()
        self._width = from_bytes(data, source=source).backbone[-1].co
        self._model = Model(data, "wg_detector_i8", source=source)
        self.arena_bytes = self._model.arena_bytes
        self._score = np.zeros(1, SCORE)

    def reset(self) -> None:
        """Forget all sound heard."""
        self._library.wg_detector_i8_reset(self._model.state)

    def step(self, samples: I16, /) -> np.void:
        """Take 1,280 samples; give this step's score: sum, total, averaged, ready, fired."""
        pcm = _whole_step(samples)
        self._library.wg_detector_i8_step(self._model.state, at(pcm), None, at(self._score))
        score: np.void = self._score[0].copy()
        return score

    def embed(self, samples: I16) -> I8:
        """Give the codes of a whole recording's embeddings from a fresh start: [max(0, n // 1280 − 9), 96]."""
        steps = len(samples) // STEP_SAMPLES
        rows = np.zeros((max(0, steps - _FIRST_STEPS), self._width), np.int8)
        pcm = np.ascontiguousarray(samples, np.int16)
        made = self._library.wg_detector_i8_embed(self._model.state, at(pcm), steps, at(rows))
        assert made == len(rows)
        return rows


# wg_score_i8 of firmware_harness/core/wg_detector_i8.h
SCORE = np.dtype([("sum", "<i4"), ("total", "<i4"), ("averaged", "<u2"), ("ready", "u1"), ("fired", "u1")])


def _whole_step(samples: I16) -> I16:
    pcm = np.ascontiguousarray(samples, np.int16)
    assert pcm.shape == (STEP_SAMPLES,)
    return pcm


def is_there() -> bool:
    """Tell whether the engine was built on this machine."""
    return c_library.is_there()


def model_path(variant: str = NO_RELU) -> Path:
    """Give the float backbone as a .wgm, making it on first use."""
    sha256 = weights.identity(variant)["sha256"]
    path = cache_folder() / f"{weights.NAME}-{sha256[:12]}-{variant}-r{_REVISION}.wgm"
    if not path.exists():
        write_bytes(path, to_bytes(float_backbone(weights.read(variant), sha256)))
    return path


def float_backbone(read: Weights, sha256: str) -> Wgm:
    """Give the backbone alone as a .wgm in float."""
    layers, bands, last = [], BANDS, len(read.convs) - 1
    for i, conv in enumerate(read.convs):
        co, ci, kt, kf = conv.kernel.shape
        pt, pf = conv.pool
        block = next(size for size in _BLOCKS if co % size == 0)
        layers.append(
            Layer(
                **{"ci": ci, "co": co, "bands": bands, "kt": kt, "kf": kf, "pt": pt, "pf": pf, "block": block},
                weights=packed(conv.kernel, block),
                bias=conv.bias,
                activation=Activation.LEAKY_CLAMPED if i < last else Activation.LINEAR,
            )
        )
        bands //= pf
    return Wgm(Arithmetic.FLOAT32, sha256, tuple(layers))
