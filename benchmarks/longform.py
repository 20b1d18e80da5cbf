"""Hours of read speech without the phrases, by voices and sentences that training did not have.

The readers are the embedded engine's voices that the split of the given seed keeps for testing, or MBROLA's voices:
diphones cut from recordings of people, joined by an engine that takes part in nothing else here. The texts are of the
test split, drawn under a seed of their own, and hold neither the phrases nor what sounds like a content word of them.
Between sentences lies 0.3 to 1.2 s of room tone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np

from benchmarks import mbrola
from benchmarks.recall import FLOAT, Heard, Hearing, load, save
from wakegen.audio.dsp import active_rms, to_int16
from wakegen.config import Settings
from wakegen.core.executor import executor
from wakegen.core.seeds import derive, stream
from wakegen.dataset.speak import clean
from wakegen.dataset.splits import cast_speakers, chosen_voices, language_of, voice_pools
from wakegen.engines import table
from wakegen.engines.base import Engine, Speech, SpeechRequest
from wakegen.espeak import Espeak
from wakegen.features import backbone
from wakegen.features.embed import Embedder
from wakegen.text.avoid import Avoid
from wakegen.text.languages import accent_voices, find_language, native_voices
from wakegen.text.lexicon import build_lexicon
from wakegen.text.phrase import parse_phrase
from wakegen.text.sentences import draw_sentences

_SENTENCES_PER_STREAM = 120
_SENTENCE_S = 5.6  # on average, with the pause


@dataclass(frozen=True, slots=True)
class Reading:
    """One stream: who reads what."""

    seed: int
    index: int
    reader: str  # a key of _READERS
    voices: tuple[str, ...]
    texts: tuple[str, ...]


def longform(
    hours: float,
    phrases: Sequence[str],
    *,
    seed: int,
    jobs: int,
    folder: Path,
    reader: str = "espeak",
    language: str = "en",
    hearing: Hearing = FLOAT,
) -> tuple[Heard, ...]:
    """Give embedded streams of about `hours`, kept in `folder` for the next run.

    Parameters
    ----------
    reader : "espeak" for its held-out voices, "mbrola" where `mbrola.voices` finds some
    hearing : what embeds them
    """
    readings = _readings(hours, tuple(phrases), seed, reader, language)
    path = folder / f"longform-{reader}-{language}-{seed}-{hours:g}-{_digest(readings)}{hearing.name}.npz"
    if not path.exists():
        with executor(jobs) as workers:
            save(path, list(workers.map(partial(_read, hearing), readings)))
    return load(path)


def _digest(readings: Sequence[Reading]) -> str:
    """Name what the embeddings depend on: who reads what, how it is read, and the front end."""
    text = repr(readings).encode()
    sources = [Path(__file__), *sorted(Path(backbone.__file__).parent.glob("*.py"))]
    return hashlib.sha256(text + b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]


@cache
def _readings(hours: float, phrases: tuple[str, ...], seed: int, reader: str, language: str) -> list[Reading]:
    voices = _held_out_voices(seed) if reader == "espeak" else mbrola.voices(language)
    tag = find_language(language).tag
    count = int(hours * 3600 / _SENTENCE_S * 1.03) + 1  # some will hold the phrase
    with Espeak() as espeak:
        lexicon = build_lexicon(tag, espeak.phonemes)
        texts = draw_sentences(tag, stream(seed, "long form"), count, "test")
        for text in phrases:
            texts = tuple(Avoid(parse_phrase(text, tag, espeak.phonemes), lexicon, espeak.phonemes).keep(texts))
    size = _SENTENCES_PER_STREAM
    return [
        Reading(seed, i, reader, voices, tuple(texts[at : at + size]))
        for i, at in enumerate(range(0, len(texts), size))
    ]


def _held_out_voices(seed: int) -> tuple[str, ...]:
    """Give the voices of the phrase's language that a project of this seed keeps for its own test."""
    with table.load("espeak") as engine:
        voices = engine.voices()
    chosen = chosen_voices(voices, ())
    ratio = Settings().export.split_ratio
    native = native_voices("en-us")
    splits = cast_speakers(
        {"espeak": {one.speaker for one in chosen}},
        natives={one.speaker for one in chosen if language_of(one) in native},
        validators=(),
        ratio=ratio,
        seed=seed,
    )
    pools = voice_pools(chosen, splits["espeak"], native=native, accents=accent_voices("en-us"))
    return tuple(voice.name for voice in (*pools["test"].native, *pools["test"].klatt))


def _read(hearing: Hearing, reading: Reading) -> Heard:
    parts = []
    for i, text in enumerate(reading.texts):
        rng = stream(reading.seed, "reading", reading.index, i)
        voice = reading.voices[int(rng.integers(len(reading.voices)))]
        request = SpeechRequest(
            text,
            voice,
            rate=float(rng.uniform(0.75, 1.3)),
            pitch_semitones=float(rng.uniform(-4, 4)),
            seed=derive(reading.seed, "reading", reading.index, i),
        )
        speech = clean(_READERS[reading.reader](request)).astype(np.float32) / 32768
        level = 10 ** (rng.uniform(-35, -18) / 20) / max(active_rms(speech), 1e-6)
        gap = np.zeros(int(rng.uniform(0.3, 1.2) * 16000), np.float32)
        sound = np.concatenate([speech * level, gap])
        parts.append(sound + rng.standard_normal(len(sound)) * 10 ** (rng.uniform(-75, -60) / 20))
    samples = to_int16(np.clip(np.concatenate(parts), -1, 1).astype(np.float32))
    return Heard(_embedder(hearing).embed(samples), len(samples) // 1280)


def _by_espeak(request: SpeechRequest) -> Speech:
    return _engine().synthesize(request)


_READERS: dict[str, Callable[[SpeechRequest], Speech]] = {"espeak": _by_espeak, "mbrola": mbrola.speak}


@cache
def _engine() -> Engine:
    return table.load("espeak")


@cache
def _embedder(hearing: Hearing) -> Embedder:
    return Embedder(**hearing.arguments)
