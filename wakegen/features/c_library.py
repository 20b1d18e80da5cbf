"""The C engine as a shared library (firmware_harness/core), built where a compiler was when wakegen was installed."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput, NotInstalled
from wakegen.core.paths import cache_folder

LIBRARY = Path(__file__).parent.parent / "_native" / "libwakegen.so"
_ALIGN = 64  # bytes: a cache line; the engine itself asks for 16

_POINTER, _SIZE, _INT = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int32
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "wg_model_size": (_SIZE, []),
    "wg_model_open": (_INT, [_POINTER, _POINTER, _SIZE]),
    "wg_crc32": (ctypes.c_uint32, [_POINTER, _SIZE]),
    "wg_embed_f32_bytes": (_SIZE, [_POINTER]),
    "wg_embed_f32_size": (_SIZE, []),
    "wg_embed_f32_init": (_INT, [_POINTER, _POINTER, _POINTER, _SIZE]),
    "wg_embed_f32_use": (ctypes.c_char_p, [_POINTER, ctypes.c_uint32]),
    "wg_embed_f32_reset": (None, [_POINTER]),
    "wg_embed_f32_step": (_INT, [_POINTER, _POINTER, _POINTER]),
    "wg_embed_f32_frames": (_INT, [_POINTER, _POINTER, _POINTER]),
    "wg_embed_f32_all": (_INT, [_POINTER, _POINTER, _INT, _POINTER]),
    "wg_detector_i8_bytes": (_SIZE, [_POINTER]),
    "wg_detector_i8_size": (_SIZE, []),
    "wg_detector_i8_init": (_INT, [_POINTER, _POINTER, _POINTER, _SIZE]),
    "wg_detector_i8_reset": (None, [_POINTER]),
    "wg_detector_i8_step": (_INT, [_POINTER, _POINTER, _POINTER, _POINTER]),
    "wg_detector_i8_embed": (_INT, [_POINTER, _POINTER, _INT, _POINTER]),
}

# firmware_harness/core/wg_status.h
MEANINGS = {
    -1: "the file ends before what its header promises",
    -2: "it does not begin as a .wgm does",
    -3: "its version or arithmetic is not known to this build",
    -4: "its checksum differs: it was altered",
    -5: "its layers do not fit each other, or this engine",
    -6: "the arena is too small",
    -7: "it does not begin at a multiple of 16 bytes",
}


def is_there() -> bool:
    """Tell whether the engine was built, and loads on this machine."""
    try:
        library()
    except NotInstalled:
        return False
    return True


@cache
def library() -> Any:
    """Load the engine.

    Raises
    ------
    NotInstalled : it was not built, or for another machine or version.
    """
    hint = "Install a C compiler and wakegen again (on Debian: apt install gcc; in a checkout: make native)."
    if not LIBRARY.exists():
        raise NotInstalled("The C engine was not built: no C compiler was found when wakegen was installed.", hint=hint)
    try:
        found = ctypes.CDLL(str(LIBRARY))
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(found, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise NotInstalled(f"The C engine in {LIBRARY} does not load here: {error}.", hint=hint) from error
    return found


class Model:
    """A .wgm that the engine has opened, and one user of it: its state and its arena."""

    def __init__(self, data: bytes, kind: str, *, source: str) -> None:
        """Open `data` for the functions `kind`_bytes, `kind`_size and `kind`_init.

        Raises
        ------
        NotInstalled : the engine was not built.
        BadInput : the engine refuses the file.
        """
        engine = library()
        self._file = aligned(data)
        self._model = room(int(engine.wg_model_size()))
        self._source = source
        self._checked(engine.wg_model_open(at(self._model), at(self._file), self._file.nbytes))
        self._arena = room(int(getattr(engine, f"{kind}_bytes")(at(self._model))))
        self._state = room(int(getattr(engine, f"{kind}_size")()))
        self.state = at(self._state)
        self._checked(getattr(engine, f"{kind}_init")(self.state, at(self._model), at(self._arena), self._arena.nbytes))

    @property
    def arena_bytes(self) -> int:
        """Bytes of memory that it needs besides its state and its file."""
        return self._arena.nbytes

    def _checked(self, status: int) -> None:
        if status < 0:
            raise BadInput(
                f"The C engine refused {self._source}: {MEANINGS.get(status, f'status {status}')}.",
                hint=f"Make it again; what wakegen keeps itself lies in {cache_folder()}.",
            )


def aligned(data: bytes) -> NDArray[np.uint8]:
    """Copy bytes to memory that begins at a multiple of 64."""
    copy = room(len(data))
    copy[:] = np.frombuffer(data, np.uint8)
    return copy


def room(size: int) -> NDArray[np.uint8]:
    """Give memory of zeros that begins at a multiple of 64 bytes."""
    block = np.zeros(size + _ALIGN, np.uint8)
    skip = -block.ctypes.data % _ALIGN
    return block[skip : skip + size]


def at(array: NDArray[Any]) -> int:
    """Give where an array begins."""
    return int(array.ctypes.data)
