"""The speech embedding in C (firmware_harness/core), where a compiler was there when wakegen was installed."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import NotInstalled, WakegenError
from wakegen.core.files import write_bytes
from wakegen.core.paths import cache_folder
from wakegen.features import backbone, weights
from wakegen.features.mel import STEP_SAMPLES
from wakegen.features.weights import NO_RELU, SIZE, SOURCE_SHA256, Weights
from wakegen.model.wgm import Activation, Arithmetic, Layer, Wgm, packed, to_bytes

F32 = NDArray[np.float32]
I16 = NDArray[np.int16]

LIBRARY = Path(__file__).parent.parent / "_native" / "libwakegen.so"
_BLOCK = 24  # outputs that the float engine computes side by side
_REVISION = 1
_ALIGN = 64
_FIRST_STEPS = 9  # that give no embedding


def is_there() -> bool:
    """Tell whether the engine was built on this machine."""
    return LIBRARY.exists()


class NativeBackbone:
    """One stream of the speech embedding. Not for sharing between threads."""

    def __init__(self) -> None:
        """Open the engine.

        Raises
        ------
        NotInstalled : the engine was not built, or openwakeword 0.4.0 is missing.
        WakegenError : it computes the known answer wrongly.
        """
        self._library = library()
        self._file = _aligned(model_path().read_bytes())
        self._model = _room(int(self._library.wg_model_size()))
        _checked(self._library.wg_model_open(_at(self._model), _at(self._file), self._file.nbytes))
        self._arena = _room(int(self._library.wg_embed_f32_bytes(_at(self._model))))
        self._state = _room(int(self._library.wg_embed_f32_size()))
        arena = (_at(self._arena), self._arena.nbytes)
        _checked(self._library.wg_embed_f32_init(_at(self._state), _at(self._model), *arena))
        self._row = np.zeros(SIZE, np.float32)
        self._check()

    def reset(self) -> None:
        """Forget all sound heard."""
        self._library.wg_embed_f32_reset(_at(self._state))

    def step(self, samples: I16) -> F32 | None:
        """Take 1,280 samples; give the embedding (96,) of the 76 frames that end here, or None for the first nine."""
        pcm = np.ascontiguousarray(samples, np.int16)
        return self._row.copy() if self._library.wg_embed_f32_step(_at(self._state), _at(pcm), _at(self._row)) else None

    def frames(self, mel: F32, row: F32) -> bool:
        """Take a step's 8 frames [8, 32] from elsewhere; fill `row` (96,) and tell whether it was.

        The first four that are ever given count for nothing.
        """
        return bool(self._library.wg_embed_f32_frames(_at(self._state), _at(mel), _at(row)))

    def embed(self, samples: I16) -> F32:
        """Embed a whole recording from a fresh start: [max(0, n // 1280 − 9), 96]."""
        steps = len(samples) // STEP_SAMPLES
        rows = np.zeros((max(0, steps - _FIRST_STEPS), SIZE), np.float32)
        pcm = np.ascontiguousarray(samples, np.int16)
        made = self._library.wg_embed_f32_all(_at(self._state), _at(pcm), steps, _at(rows))
        assert made == len(rows)
        return rows

    def _check(self) -> None:
        for mel in backbone.known_pushes():
            self.frames(np.ascontiguousarray(mel), self._row)
        backbone.check_known_answer(self._row, NO_RELU, "The C engine")
        self.reset()


@cache
def library() -> Any:
    """Load the engine.

    Raises
    ------
    NotInstalled : it was not built.
    """
    if not is_there():
        raise NotInstalled(
            "The C engine was not built: no C compiler was found when wakegen was installed.",
            hint="Install one and wakegen again (on Debian: apt install gcc), or use --engine onnxruntime.",
        )
    found = ctypes.CDLL(str(LIBRARY))
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "wg_model_size": (size, []),
        "wg_model_open": (ctypes.c_int32, [pointer, pointer, size]),
        "wg_embed_f32_bytes": (size, [pointer]),
        "wg_embed_f32_size": (size, []),
        "wg_embed_f32_init": (ctypes.c_int32, [pointer, pointer, pointer, size]),
        "wg_embed_f32_reset": (None, [pointer]),
        "wg_embed_f32_step": (ctypes.c_int32, [pointer, pointer, pointer]),
        "wg_embed_f32_frames": (ctypes.c_int32, [pointer, pointer, pointer]),
        "wg_embed_f32_all": (ctypes.c_int32, [pointer, pointer, ctypes.c_int32, pointer]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(found, name)
        function.restype, function.argtypes = result, arguments
    return found


def model_path() -> Path:
    """Give the float backbone as a .wgm, making it on first use."""
    path = cache_folder() / f"{weights.NAME}-{SOURCE_SHA256[:12]}-{NO_RELU}-r{_REVISION}.wgm"
    if not path.exists():
        write_bytes(path, to_bytes(float_backbone(weights.read())))
    return path


def float_backbone(read: Weights) -> Wgm:
    """Give the backbone alone as a .wgm in float."""
    layers, bands, last = [], 32, len(read.convs) - 1
    for i, conv in enumerate(read.convs):
        co, ci, kt, kf = conv.kernel.shape
        pt, pf = conv.pool
        layers.append(
            Layer(
                **{"ci": ci, "co": co, "bands": bands, "kt": kt, "kf": kf, "pt": pt, "pf": pf, "block": _BLOCK},
                weights=packed(conv.kernel, _BLOCK),
                bias=conv.bias,
                activation=Activation.LEAKY_CLAMPED if i < last else Activation.LINEAR,
            )
        )
        bands //= pf
    return Wgm(Arithmetic.FLOAT32, SOURCE_SHA256, tuple(layers))


def _aligned(data: bytes) -> NDArray[np.uint8]:
    room = _room(len(data))
    room[:] = np.frombuffer(data, np.uint8)
    return room


def _room(size: int) -> NDArray[np.uint8]:
    """Give memory that begins at a multiple of 64 bytes."""
    block = np.zeros(size + _ALIGN, np.uint8)
    skip = -block.ctypes.data % _ALIGN
    return block[skip : skip + size]


def _at(array: NDArray[Any]) -> int:
    return int(array.ctypes.data)


# firmware_harness/core/wg_status.h
MEANINGS = {
    -1: "the file ends before what its header promises",
    -2: "it does not begin as a .wgm does",
    -3: "its version or arithmetic is not known to this build",
    -4: "its checksum differs",
    -5: "its layers do not fit each other",
    -6: "the arena is too small",
    -7: "it does not begin at a multiple of 16 bytes",
}


def _checked(status: int) -> None:
    if status < 0:
        raise WakegenError(
            f"The C engine refused its model: {MEANINGS.get(status, f'status {status}')}.",
            hint=f"Remove {cache_folder()} and try again.",
        )
