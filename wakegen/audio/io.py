"""Sound files: any of wav, flac, ogg, mp3 in; 16 kHz mono out; FLAC for what is stored."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from wakegen.audio import RATE_HZ
from wakegen.audio.dsp import resample
from wakegen.core.errors import BadInput

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")

# Level 1 (0.125) is libFLAC's level 1: level 5 saves 3 % of the bytes of speech and costs twice the time.
_FLAC_LEVEL = 0.125


def read(path: Path | str) -> NDArray[np.float32]:
    """Read a sound file as mono at 16 kHz.

    Returns
    -------
    float32, shape (n,), full scale ±1. Two channels are averaged; other rates are resampled.

    Raises
    ------
    BadInput : missing, empty, not a sound file, damaged, not finite, or of more than two channels.
    """
    path = Path(path)
    samples, rate_hz = _decode(path)
    return resample(samples, rate_hz, RATE_HZ)


def flac_bytes(samples: NDArray[np.int16]) -> bytes:
    """Pack int16 samples, shape (n,), n ≥ 1, 16 kHz, as FLAC. The same samples give the same bytes.

    Encoded into a file in memory, by its descriptor: into a Python object, libsndfile would write by calling back into
    Python, where Ctrl-C is dropped, the run goes on, and the bytes are cut short.
    """
    import soundfile

    how: dict[str, Any] = {"format": "FLAC", "subtype": "PCM_16", "compression_level": _FLAC_LEVEL}
    with _file_in_memory() as file:
        soundfile.write(file.fileno(), samples, RATE_HZ, closefd=False, **how)
        file.seek(0)
        return file.read()


def _file_in_memory() -> BinaryIO:
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("wakegen"), "w+b")
    return tempfile.TemporaryFile()  # not Linux


def read_flac(path: Path) -> NDArray[np.int16]:
    """Read a file of what `flac_bytes` packed: int16, shape (n,).

    Raises
    ------
    BadInput : the file is not there, not FLAC, or damaged.
    """
    import soundfile

    try:
        samples, _ = soundfile.read(path, dtype="int16")
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise BadInput(
            f"A stored clip cannot be decoded: {_reason(error)}.", hint="Generate the dataset again."
        ) from error
    return np.asarray(samples, dtype=np.int16)


def scan_folder(folder: Path | str) -> tuple[tuple[Path, ...], tuple[tuple[Path, str], ...]]:
    """Sort the sound files below a folder into those that decode and those that do not.

    Every file is decoded to its end: a header says nothing about damage behind it.

    Returns
    -------
    good : paths, sorted by name
    bad : (path, reason) of each file with a sound file's suffix that cannot be used

    Raises
    ------
    BadInput : `folder` is not a folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise BadInput(f"{folder} is not a folder.", hint="Give the folder that holds the sound files.")
    good: list[Path] = []
    bad: list[tuple[Path, str]] = []
    for path in _sound_files(folder):
        try:
            _decode(path)
        except BadInput as error:
            bad.append((path, str(error)))
        else:
            good.append(path)
    return tuple(good), tuple(bad)


def _sound_files(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())


def _decode(path: Path) -> tuple[NDArray[np.float32], int]:
    """Give mono float32 samples at the file's own rate."""
    import soundfile

    if not path.is_file():
        raise BadInput(f"There is no file {path}.", hint="Check the path.")
    if path.stat().st_size == 0:
        raise BadInput(f"{path} has 0 bytes.", hint="Record or download it again, or remove it.")
    try:
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
        hint = f"Give one of {', '.join(SUFFIXES)}; if it is one, it is damaged: convert or remove it."
        raise BadInput(f"{path} cannot be read as sound: {_reason(error)}.", hint=hint) from error
    return _mono(samples, path), int(rate_hz)


def _mono(samples: NDArray[np.float32], path: Path) -> NDArray[np.float32]:
    length, channels = samples.shape
    if length == 0:
        raise BadInput(f"{path} holds no samples.", hint="Record or download it again, or remove it.")
    if channels > 2:
        raise BadInput(
            f"{path} has {channels} channels.", hint="Give mono or stereo: export one or two of its channels."
        )
    if not np.isfinite(samples).all():
        raise BadInput(
            f"{path} holds values that are not numbers (NaN or infinity).", hint="Export it again as 16 bit."
        )
    return np.ascontiguousarray(samples.mean(axis=1) if channels == 2 else samples[:, 0])


def _reason(error: Exception) -> str:
    text = getattr(error, "error_string", None) or str(error)
    return str(text).strip().rstrip(".")
