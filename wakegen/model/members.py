"""Trained networks in a file, to be trained on or looked at one by one. (A detector's own file is its ONNX graph.)"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput
from wakegen.core.files import write_bytes
from wakegen.model.head import Member


def save_members(path: Path, members: Sequence[Member]) -> None:
    """Write networks to an .npz file, whole or not at all."""
    arrays: dict[str, NDArray[np.float32]] = {}
    for i, member in enumerate(members):
        blocks = [array for block in member.blocks for array in block]
        parts = [member.entry, member.entry_bias, *blocks, member.exit, np.array([member.exit_bias], np.float32)]
        arrays |= {f"{i:03}-{j:03}": array for j, array in enumerate(parts)}
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    write_bytes(path, file.getvalue())


def load_members(path: Path) -> tuple[Member, ...]:
    """Read what `save_members` wrote.

    Raises
    ------
    BadInput : the file is gone or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            parts: dict[str, list[NDArray[np.float32]]] = {}
            for name in sorted(data.files):
                parts.setdefault(name.split("-")[0], []).append(data[name])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise BadInput(f"{path} holds no trained networks: {error}.", hint="Train again: wakegen train") from error
    return tuple(_member(arrays) for arrays in parts.values())


def _member(arrays: Sequence[NDArray[np.float32]]) -> Member:
    entry, entry_bias, *middle, exit_weights, exit_bias = arrays
    blocks = tuple((middle[at], middle[at + 1], middle[at + 2], middle[at + 3]) for at in range(0, len(middle), 4))
    return Member(entry, entry_bias, blocks, exit_weights, float(exit_bias[0]))
