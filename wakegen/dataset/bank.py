"""The negative bank: embeddings of fluent speech and words by every engine, kept for all phrases.

It belongs to no phrase, so each phrase drops the segments whose text holds one of its words. One byte a value: the
error is 0.013 of a channel's standard deviation, where training adds 0.2 of noise (docs/notes/0005-voices.md).
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput
from wakegen.core.files import write_bytes

F32 = NDArray[np.float32]
VERSION = 1
STEP_S = 0.08
_DEVIATIONS = 6.0  # that 127 steps reach: what lies beyond is 3 in a million


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one voice's speech: rows [first, first + count) of the bank."""

    engine: str
    voice: str
    speaker: str  # whose timbre it is: a project leaves out those that it holds out
    text: str
    first: int
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class NegativeBank:
    """Segments and their embeddings, a byte a value."""

    rows: NDArray[np.int8]  # [n, 96]
    centre: F32  # [96]
    scale: F32  # [96]: a value is centre + scale · byte
    segments: tuple[Segment, ...]
    about: dict[str, Any]  # backbone, language, engines with versions and licences

    @property
    def hours(self) -> float:
        """Hours of sound that the rows stand for."""
        return len(self.rows) * STEP_S / 3600

    def hours_by_engine(self) -> dict[str, float]:
        """Give the hours of each engine, by name."""
        found: dict[str, int] = {}
        for segment in self.segments:
            found[segment.engine] = found.get(segment.engine, 0) + segment.count
        return {engine: found[engine] * STEP_S / 3600 for engine in sorted(found)}

    def chosen(self, keep: Callable[[Segment], bool]) -> tuple[F32, tuple[Segment, ...]]:
        """Give the rows of some segments as float32, end to end, and the segments with their new places."""
        kept = [segment for segment in self.segments if keep(segment)]
        parts = [self.rows[one.first : one.first + one.count] for one in kept]
        joined = np.concatenate(parts) if parts else np.zeros((0, self.rows.shape[1]), np.int8)
        firsts = np.cumsum([0, *(one.count for one in kept)])
        placed = tuple(replace(one, first=int(first)) for one, first in zip(kept, firsts[:-1], strict=True))
        return joined.astype(np.float32) * self.scale + self.centre, placed


def quantised(rows: F32, segments: Sequence[Segment], about: dict[str, Any]) -> NegativeBank:
    """Round rows [n, 96] to a byte a value."""
    centre = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    scale = (_DEVIATIONS / 127 * np.maximum(rows.std(axis=0, dtype=np.float64), 1e-3)).astype(np.float32)
    steps = np.clip(np.rint((rows - centre) / scale), -127, 127).astype(np.int8)
    return NegativeBank(steps, centre, scale, tuple(segments), about)


def save(bank: NegativeBank, path: Path) -> None:
    """Write a bank as one compressed .npz, whole or not at all."""
    texts = sorted({segment.text for segment in bank.segments})
    place = {text: at for at, text in enumerate(texts)}
    speakers = sorted({(segment.engine, segment.voice, segment.speaker) for segment in bank.segments})
    rank = {speaker: at for at, speaker in enumerate(speakers)}
    head = {"version": VERSION, "about": bank.about, "texts": texts, "speakers": speakers}
    file = io.BytesIO()
    np.savez_compressed(
        file,
        rows=bank.rows,
        centre=bank.centre,
        scale=bank.scale,
        counts=np.array([segment.count for segment in bank.segments], np.int32),
        text=np.array([place[segment.text] for segment in bank.segments], np.int32),
        speaker=np.array([rank[segment.engine, segment.voice, segment.speaker] for segment in bank.segments], np.int32),
        head=np.frombuffer(json.dumps(head, ensure_ascii=False).encode(), np.uint8),
    )
    write_bytes(path, file.getvalue())


def load(path: Path) -> NegativeBank:
    """Read a bank.

    Raises
    ------
    BadInput : the file is none, is damaged, or is of another version.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            head = json.loads(data["head"].tobytes().decode())
            if head["version"] != VERSION:
                raise _unusable(path, f"it has format {head['version']}, this version reads {VERSION}")
            return NegativeBank(data["rows"], data["centre"], data["scale"], _segments(data, head), head["about"])
    except (OSError, EOFError, ValueError, LookupError, zipfile.BadZipFile, zlib.error) as error:
        raise _unusable(path, str(error)) from error


def _segments(data: Any, head: dict[str, Any]) -> tuple[Segment, ...]:
    counts = data["counts"].tolist()
    firsts = np.cumsum([0, *counts]).tolist()
    if firsts[-1] != len(data["rows"]):
        raise ValueError(f"{firsts[-1]} rows are named and {len(data['rows'])} are there")
    named = zip(counts, firsts, data["text"].tolist(), data["speaker"].tolist(), strict=False)
    found = []
    for count, first, text, speaker in named:
        engine, voice, whose = head["speakers"][speaker]
        found.append(Segment(engine, voice, whose, head["texts"][text], first, count))
    return tuple(found)


def _unusable(path: Path, reason: str) -> BadInput:
    return BadInput(f"{path} is no bank that can be used: {reason}.", hint="Make it anew: wakegen bank build --redo")
