"""What the student is taught by: synthetic speech in rooms and noise, as mel frames, with the teacher's embeddings of them.

Texts and voices are those of the training split, no recording of a person takes part. A part that is there is not made again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wakegen.core.executor import default_jobs, executor
from wakegen.core.files import write_bytes
from wakegen.core.seeds import stream
from wakegen.dataset.bank_build import Reading, Shard, sounds_of
from wakegen.dataset.bank_plan import plan
from wakegen.features import weights
from wakegen.features.embed import Embedder
from wakegen.features.mel import stream_mel
from wakegen.pipeline.banks import DEVICE, readers_of
from wakegen.pipeline.simulate import scene_bank

F16 = NDArray[np.float16]
I16 = NDArray[np.int16]

SEED = 11
COPIES = 2  # scenes of each reading
HOURS = {  # by language, of which each engine reads about the same
    "en-us": 9.0,
    **dict.fromkeys(("de", "es", "fr-fr", "it", "ru", "pt-br", "nl", "tr", "pl", "hi", "cmn"), 1.0),
}
QUICK = ("espeak", "flite", "pico", "piper", "rhvoice")
ENGINES = {"en-us": (*QUICK, "kokoro")}  # by language; it takes a second of a processor for one of speech
_READINGS = 24  # of a part
_QUIETER_P, _QUIETER_DB = 0.3, (-30.0, 6.0)  # some sounds again at another level
_NOISES, _NOISE_S = 2, 4.0


@dataclass(frozen=True, slots=True)
class Part:
    """Sounds end to end, from a fresh start."""

    folder: str
    shard: Shard

    @property
    def path(self) -> Path:
        """Where it is kept."""
        name = repr((SEED, self.shard, weights.identity())).encode()
        return Path(self.folder) / f"{hashlib.sha256(name).hexdigest()[:32]}.npz"


def corpus(folder: Path) -> Iterator[tuple[F16, F16]]:
    """Give every part as mel frames [76 + 8 (k − 1), 32] and embeddings [k, 96]: row i is of frames 8 i … 8 i + 75."""
    scenes = scene_bank(DEVICE, lambda: executor(default_jobs()), lambda event: None)
    parts = [
        Part(str(folder), Shard("", str(scenes), DEVICE, SEED, COPIES, "", tuple(mine)))
        for language, hours in HOURS.items()
        for mine in _in_parts(_readings(language, hours))
    ]
    with executor(default_jobs()) as workers:
        for at, path in enumerate(workers.map(_make, parts)):
            if at % 50 == 0:
                print(f"part {at} of {len(parts)}", flush=True)
            with np.load(path, allow_pickle=False) as data:
                yield data["mel"], data["embeddings"]


def _readings(language: str, hours: float) -> list[Reading]:
    """Give a language's readings in an order that mixes voices: those behind a text are its babble."""
    readings = plan(language, hours, readers_of(language, ENGINES.get(language, QUICK)))
    return [readings[int(i)] for i in stream(SEED, "order", language).permutation(len(readings))]


def _in_parts(readings: list[Reading]) -> Iterator[list[Reading]]:
    by_engine: dict[str, list[Reading]] = {}
    for one in readings:
        by_engine.setdefault(one.engine, []).append(one)  # an engine is loaded once for many of its readings
    for mine in by_engine.values():
        yield from (mine[at : at + _READINGS] for at in range(0, len(mine), _READINGS))


def _make(part: Part) -> Path:
    if not part.path.exists():
        mel = stream_mel(_sound(part))[1:]
        embeddings = _teacher().from_mel(mel[None])[0]
        file = Path(part.folder)
        file.mkdir(parents=True, exist_ok=True)
        write_bytes(part.path, _packed(mel, embeddings), sync=False)
    return part.path


def _sound(part: Part) -> I16:
    rng = stream(SEED, "levels", repr(part.shard.readings))
    _, sounds, _ = sounds_of(part.shard)
    for _ in range(_NOISES):
        noise = rng.normal(0, 10 ** rng.uniform(-0.3, 3.5), int(_NOISE_S * 16_000))
        sounds.append(np.clip(np.round(noise), -32768, 32767).astype(np.int16))
    sounds = [sounds[int(i)] for i in rng.permutation(len(sounds))]
    return np.concatenate([_moved(sound, rng) for sound in sounds])


def _moved(sound: I16, rng: np.random.Generator) -> I16:
    """Sometimes at another level: rounding to 16 bits is heard at low ones."""
    if rng.random() >= _QUIETER_P:
        return sound
    moved = np.round(sound * 10 ** (rng.uniform(*_QUIETER_DB) / 20))
    return np.clip(moved, -32768, 32767).astype(np.int16)


def _packed(mel: NDArray[np.float32], embeddings: NDArray[np.float32]) -> bytes:
    import io

    file = io.BytesIO()
    np.savez(file, mel=mel.astype(np.float16), embeddings=embeddings.astype(np.float16))
    return file.getvalue()


@cache
def _teacher() -> Embedder:
    return Embedder()
