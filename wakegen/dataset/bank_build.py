"""Workers that make the negative bank: speak, put into scenes, embed. A shard is a pure function of its task."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen import profiles
from wakegen.core.errors import BadInput, EngineError
from wakegen.core.files import write_bytes
from wakegen.core.seeds import stream
from wakegen.dataset.bank import Segment
from wakegen.dataset.speak import clean, engine_of
from wakegen.engines.base import SpeechRequest
from wakegen.features import weights
from wakegen.features.embed import WINDOW_FRAMES, Embedder
from wakegen.scenes import Bank, Recipe, draw, render

F32 = NDArray[np.float32]
RECIPE = Recipe(before_p=0.0, after_p=0.0)  # a segment is of one voice: it is dropped by its own text


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads what."""

    engine: str
    speaker: str
    request: SpeechRequest


@dataclass(frozen=True, slots=True)
class Shard:
    """Readings that are made together; the babble behind one is the others."""

    folder: str  # where finished shards are kept
    scenes: str  # the folder of the scene bank
    device: str
    seed: int
    copies: int  # scenes for each reading
    backbone: str  # the variant
    readings: tuple[Reading, ...]

    @property
    def path(self) -> Path:
        """Where the result is kept, by what it is made from."""
        name = repr(
            (
                Path(self.scenes).name,
                self.device,
                self.seed,
                self.copies,
                weights.identity(self.backbone)["sha256"],
                self.readings,
            )
        )
        return Path(self.folder) / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.npz"


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What came of a shard."""

    rows: F32  # [n, 96]
    segments: tuple[Segment, ...]
    failures: tuple[str, ...]  # the engine of each reading that could not be spoken


def make_shard(shard: Shard) -> Made:
    """Make a shard, or read it if it is there. Runs in a worker."""
    if not (shard.path.exists() and zipfile.is_zipfile(shard.path)):
        write_bytes(shard.path, _packed(*_make(shard)), sync=False)
    with np.load(shard.path, allow_pickle=False) as data:
        head = json.loads(data["head"].tobytes().decode())
        return Made(
            data["rows"].astype(np.float32),
            tuple(Segment(*fields) for fields in head["segments"]),
            tuple(head["failures"]),
        )


def _make(shard: Shard) -> tuple[F32, list[Segment], list[str]]:
    spoken, heard, failures = sounds_of(shard)
    segments, rows, first = [], [], 0
    for reading, part in zip(spoken, _embedder(shard.backbone).embed_all(heard), strict=True):
        if len(part) >= WINDOW_FRAMES:
            segments.append(
                Segment(reading.engine, reading.request.voice, reading.speaker, reading.request.text, first, len(part))
            )
            rows.append(part)
            first += len(part)
    return np.concatenate(rows) if rows else np.zeros((0, 96), np.float32), segments, failures


def sounds_of(shard: Shard) -> tuple[list[Reading], list[NDArray[np.int16]], list[str]]:
    """Speak and render a shard: the reading and the sound of each scene, and the engine of each reading that failed."""
    spoken: list[tuple[Reading, F32]] = []
    failures: list[str] = []
    for reading in shard.readings:
        try:
            samples = clean(engine_of(reading.engine).synthesize(reading.request))
        except (EngineError, BadInput):
            failures.append(reading.engine)
            continue
        spoken.append((reading, samples.astype(np.float32) / np.float32(32768)))
    scenes = [(at, copy) for at in range(len(spoken)) for copy in range(shard.copies)]
    return [spoken[at][0] for at, _ in scenes], [_heard(shard, spoken, at, copy) for at, copy in scenes], failures


def _heard(shard: Shard, spoken: list[tuple[Reading, F32]], at: int, copy: int) -> NDArray[np.int16]:
    bank, profile = _scenes(shard.scenes), profiles.load(shard.device)
    reading, speech = spoken[at]
    rng = stream(shard.seed, "bank scene", repr(reading), copy)
    scene = draw(profile, rng, role="train_negative", speech_s=len(speech) / 16000, sizes=bank.sizes, recipe=RECIPE)
    babble = [spoken[int(i)][1] for i in rng.integers(len(spoken), size=scene.babble_voices)]
    return render(scene, bank=bank, profile=profile, speech=speech, babble=babble).samples


def _packed(rows: F32, segments: list[Segment], failures: list[str]) -> bytes:
    fields: list[Any] = [[one.engine, one.voice, one.speaker, one.text, one.first, one.count] for one in segments]
    head = json.dumps({"segments": fields, "failures": failures}, ensure_ascii=False)
    file = io.BytesIO()
    np.savez(file, rows=rows.astype(np.float16), head=np.frombuffer(head.encode(), np.uint8))
    return file.getvalue()


@cache
def _embedder(variant: str) -> Embedder:
    return Embedder(variant=variant)


@lru_cache(maxsize=1)
def _scenes(folder: str) -> Bank:
    return Bank.load(Path(folder))
