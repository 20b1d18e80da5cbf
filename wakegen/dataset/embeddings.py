"""Embeddings of stored clips, made once and kept beside the audio.

Clips are embedded in chunks of fixed composition, so neither the number of workers nor an interruption
changes a bit. A chunk's file is named by what it was made from; a file that is there is not made again.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wakegen.core.executor import Executor
from wakegen.core.files import write_bytes
from wakegen.dataset.store import Clip, read_clip
from wakegen.features import weights
from wakegen.features.embed import ONNXRUNTIME, Embedder
from wakegen.features.integer_backbone import integer_revision
from wakegen.features.weights import NO_RELU

F32 = NDArray[np.float32]
CLIPS_PER_CHUNK = 64
STREAM_CLIPS = 100  # so many clips end to end are one continuous stream


@dataclass(frozen=True, slots=True)
class Chunk:
    """Clips that are embedded together: each from a fresh start, or all end to end as one stream."""

    folder: str
    sha256s: tuple[str, ...]
    as_stream: bool
    runtime: str = ONNXRUNTIME  # that computes the embedding: INT8 as a microcontroller does
    variant: str = NO_RELU  # of the backbone

    @property
    def path(self) -> Path:
        """Where the result is kept."""
        named = () if self.runtime == ONNXRUNTIME else (self.runtime, integer_revision(self.variant))
        name = repr((weights.identity(self.variant), self.as_stream, self.sha256s, *named)).encode()
        return Path(self.folder) / ".cache" / "embeddings" / f"{hashlib.sha256(name).hexdigest()[:32]}.npz"


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """The embeddings of one clip (or one stream of clips)."""

    clips: tuple[Clip, ...]  # one, or those of the stream
    rows: F32  # [k, 96]
    steps: int  # whole steps of sound; k = max(0, steps − 9)


def embedded(
    clips: Sequence[Clip],
    *,
    folder: Path,
    executor: Executor,
    as_stream: bool = False,
    runtime: str = ONNXRUNTIME,
    variant: str = NO_RELU,
) -> Iterator[Embedded]:
    """Give the embeddings of done clips in order, making those that are missing."""
    size = STREAM_CLIPS if as_stream else CLIPS_PER_CHUNK
    parts = [tuple(clips[at : at + size]) for at in range(0, len(clips), size)]
    chunks = [
        Chunk(str(folder), tuple(str(clip.sha256) for clip in part), as_stream, runtime, variant) for part in parts
    ]
    for part, data in zip(parts, executor.map(embed_chunk, chunks), strict=True):
        yield from _unpacked(part, data, as_stream)


def embed_chunk(chunk: Chunk) -> bytes:
    """Embed a chunk, or read it if it is there. Runs in a worker."""
    if chunk.path.exists() and zipfile.is_zipfile(chunk.path):  # a file that a power cut left empty is made again
        return chunk.path.read_bytes()
    sounds = list(_read(Path(chunk.folder), chunk.sha256s))
    if chunk.as_stream:
        sounds = [np.concatenate(sounds)] if sounds else []
    rows = _embedder(chunk.runtime, chunk.variant).embed_all(sounds)
    steps = np.array([len(sound) // 1280 for sound in sounds], np.int64)
    file = io.BytesIO()
    np.savez(file, rows=np.concatenate(rows).astype(np.float16), steps=steps)
    data = file.getvalue()
    write_bytes(chunk.path, data, sync=False)  # a cache: lost files are made again
    return data


def _unpacked(part: tuple[Clip, ...], data: bytes, as_stream: bool) -> Iterator[Embedded]:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        rows, steps = arrays["rows"].astype(np.float32), arrays["steps"]
    at = 0
    for i, count in enumerate(int(value) for value in steps):
        length = max(0, count - 9)
        yield Embedded(part if as_stream else (part[i],), rows[at : at + length], count)
        at += length


def _read(folder: Path, sha256s: Iterable[str]) -> Iterator[NDArray[np.int16]]:
    for sha256 in sha256s:
        yield read_clip(folder, sha256)


@cache
def _embedder(runtime: str, variant: str) -> Embedder:
    return Embedder(runtime=runtime, variant=variant)
