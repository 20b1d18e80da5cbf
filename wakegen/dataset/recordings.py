"""The user's own recordings as rows of the plan: negatives to train on, the phrase to be judged on.

Clips that are added later are another matter: they are there to be learned, the phrase too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.audio import RATE_HZ
from wakegen.audio.dsp import to_int16, trim
from wakegen.audio.io import read
from wakegen.config import Settings
from wakegen.core.errors import BadInput
from wakegen.core.seeds import share
from wakegen.dataset.speak import RECORDING
from wakegen.dataset.store import FAILED, SPEECH, Clip

PIECE_S = 8.0
_SHORTEST_S = 0.5
RECORDINGS = "recordings"  # the split of the user's own recordings of the phrase: evaluation only
ADDED = "added"  # the kind of added clips that are not the phrase
NEGATIVE_FOLDERS = ("negative", "negatives")

_HELD_OUT_OF = 5  # one of so many added files
_PHRASE_S = (0.15, 4.0)
_SHORTEST_ADDED_S = 0.15
_CUT_DB = -30.0  # rooms are louder than a synthetic voice's silence
_MARGIN = RATE_HZ // 20  # 50 ms: a soft h or f lies below that


def plan_recordings(settings: Settings, files: Mapping[str, Sequence[Path]], *, first_id: int) -> Iterator[Clip]:
    """Give rows for the user's files: negatives in pieces of 8 s (a file is in one split), positives without silence."""
    number = first_id
    for path in files["negative"]:
        split = _split(settings, path.name)
        for piece in _pieces(path):
            yield _clip(settings, number, path, piece, label="negative", kind="user", split=split)
            number += 1
    for path in files["positive"]:
        start, samples = heard(read(path))
        piece = {"path": str(path.absolute()), "start": start, "samples": samples}
        yield _clip(settings, number, path, piece, label="positive", kind="phrase", split=RECORDINGS)
        number += 1


def _pieces(path: Path) -> Iterator[dict[str, Any]]:
    total, size = len(read(path)), int(PIECE_S * RATE_HZ)
    for start in range(0, total, size):
        length = min(size, total - start)
        if length >= _SHORTEST_S * RATE_HZ:
            yield {"path": str(path.absolute()), "start": start, "samples": length}


def _split(settings: Settings, name: str) -> str:
    place, ratio = share(settings.seed, "recording", name), settings.export.split_ratio
    return "train" if place < ratio[0] else "val" if place < ratio[0] + ratio[1] else "test"


def _clip(
    settings: Settings, number: int, path: Path, piece: dict[str, Any], *, label: str, kind: str, split: str
) -> Clip:
    return Clip(
        id=number,
        stage=SPEECH,
        label=label,
        kind=kind,
        phrase=settings.phrase,
        text="",
        split=split,
        engine=RECORDING,
        speaker=path.name,
        language=settings.generation.language,
        parameters=piece,
        licence="the user's own",
        source=path.name,
    )


@dataclass(frozen=True, slots=True)
class Added:
    """A file to be added, and which parts of it are clips."""

    path: Path
    label: str  # "positive" or "negative"
    sha256: str  # of all its samples (int16, 16 kHz)
    known_as: frozenset[str]  # sha256 of all, and of what `--negatives` and `--recordings` would have kept of it
    pieces: tuple[tuple[int, int], ...]  # start and number of samples


def read_added(path: Path, folder: Path) -> Added:
    """Look at a file below `folder`: where a folder between them is named `negative`, it is not the phrase.

    Silence around the phrase is cut, so that training knows where it ends; anything else is cut into pieces of 8 s.

    Raises
    ------
    BadInput : it is silent, or too short or too long to be the phrase alone.
    """
    samples = read(path)
    negative = any(name.lower() in NEGATIVE_FOLDERS for name in (folder.resolve().name, *_between(path, folder)))
    pieces = tuple(_cut(len(samples))) if negative else (_phrase(path, samples),)
    if not pieces or trim(samples) == (0, 0):
        raise BadInput("It is silent or too short.", hint="Record it again, or remove it.")
    whole = to_int16(samples)
    start, count = heard(samples)
    parts = (whole, whole[: int(PIECE_S * RATE_HZ)], whole[start : start + count])
    names = frozenset(map(_sha256, parts))
    return Added(path, "negative" if negative else "positive", _sha256(whole), names, pieces)


def _between(path: Path, folder: Path) -> tuple[str, ...]:
    return path.relative_to(folder).parts[:-1]


def _phrase(path: Path, samples: NDArray[np.float32]) -> tuple[int, int]:
    """Find the phrase in a recording of it: start and number of samples."""
    start, count = heard(samples)
    seconds = count / RATE_HZ
    if not _PHRASE_S[0] <= seconds <= _PHRASE_S[1]:
        raise BadInput(
            f"{seconds:.1f} s are not the phrase alone.", hint="Cut it: one file for each time the phrase is said."
        )
    return start, count


def heard(samples: NDArray[np.float32]) -> tuple[int, int]:
    """Cut silence at both ends: start and number of samples of the rest; of silence, all."""
    start, end = trim(samples, _CUT_DB)
    if end <= start:
        return 0, len(samples)
    start, end = max(0, start - _MARGIN), min(len(samples), end + _MARGIN)
    return start, end - start


def _cut(total: int) -> Iterator[tuple[int, int]]:
    size = int(PIECE_S * RATE_HZ)
    for start in range(0, total, size):
        length = min(size, total - start)
        if length >= (_SHORTEST_S if start else _SHORTEST_ADDED_S) * RATE_HZ:
            yield start, length


def known_files(recordings: Sequence[Clip]) -> frozenset[str]:
    """Give the sha256 of the files that a project's recordings come from, whatever they are used for."""
    found = [clip for clip in recordings if clip.state != FAILED]
    return frozenset(
        str(sha256) for clip in found for sha256 in (clip.sha256, clip.parameters.get("file_sha256")) if sha256
    )


def is_added(clip: Clip) -> bool:
    """Tell whether a spoken clip came by `plan_added`."""
    return "file_sha256" in clip.parameters


def plan_added(settings: Settings, files: Sequence[Added], *, first_id: int) -> Iterator[Clip]:
    """Give rows for files to learn from; one of five, by its content, is held out."""
    held_out = {*_held_out(settings, files, "positive"), *_held_out(settings, files, "negative")}
    number = first_id
    for file in files:
        kind, split = "phrase" if file.label == "positive" else ADDED, "val" if file.sha256 in held_out else "train"
        for start, samples in file.pieces:
            piece = {"path": str(file.path.absolute()), "start": start, "samples": samples, "file_sha256": file.sha256}
            yield _clip(settings, number, file.path, piece, label=file.label, kind=kind, split=split)
            number += 1


def _held_out(settings: Settings, files: Sequence[Added], label: str) -> set[str]:
    """Choose which files are not trained on: one of five; none of fewer, they are too few to spare any."""
    mine = [file.sha256 for file in files if file.label == label]
    ranked = sorted(mine, key=lambda sha256: share(settings.seed, "added", sha256))
    return set(ranked[: len(ranked) // _HELD_OUT_OF])


def _sha256(samples: NDArray[np.int16]) -> str:
    return hashlib.sha256(np.ascontiguousarray(samples).tobytes()).hexdigest()
