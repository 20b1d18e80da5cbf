"""The protocol on real recordings: streamed, never trained on, never tuned on.

Positives are recordings of the phrase by real people, sample for sample, led in by 2.2 s of pink noise at the
recording's own floor and followed by 1.2 s. "Noise 10 dB" is the same with noise that, while the phrase is said, is
10 dB below the active speech level: 70 % household and street pieces, 30 % babble of four different talkers.
Negatives are every other recording of speech in the set (other wake words, commands, reading, short phrases) and all
its noise and music, streamed end to end.
Files that do not decode are left out, counted and named.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wakegen.audio.dsp import active_rms, rms, to_int16
from wakegen.audio.io import read
from wakegen.core.errors import BadInput
from wakegen.core.seeds import stream

F32 = NDArray[np.float32]
I16 = NDArray[np.int16]
LEAD_S, TAIL_S, GAP_S = 2.2, 1.2, 1.0
BABBLE_SHARE, TALKERS = 0.3, 4
_MARGIN_S = 0.3  # what the recordings hold before and after the detected speech (README of the set)
_TRIES = 1000
_NO_SPEECH = ("noise/", "rir")


@dataclass(frozen=True, slots=True, eq=False)
class Positive:
    """One streamed recording of the phrase."""

    name: str
    cluster: str  # estimated speaker
    samples: I16
    span_s: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """The recordings of one folder end to end, a second of room tone between them."""

    name: str
    samples: I16
    files: int
    sound_s: float  # without the room tone


@dataclass(frozen=True, slots=True, eq=False)
class RealData:
    """The folder, decoded once."""

    rows: tuple[dict[str, str], ...]
    sounds: dict[str, F32]  # path → samples
    skipped: tuple[str, ...] = field(default=())

    def below(self, *starts: str) -> list[dict[str, str]]:
        """Give the rows of files that decode, below these folders."""
        return [row for row in self.rows if row["path"].startswith(starts) and row["path"] in self.sounds]


def find(given: str | None) -> Path | None:
    """Give the folder of real recordings: --data, $WAKEGEN_REAL_DATA, or a `data` folder beside the checkout."""
    named = given or os.environ.get("WAKEGEN_REAL_DATA")
    if named:
        return Path(named)
    here = Path(__file__).resolve().parent.parent
    beside = sorted(here.parent.glob("*/data/manifest.csv"))
    return beside[0].parent if beside else None


@lru_cache(maxsize=1)
def load(folder: Path) -> RealData:
    """Decode every file of the manifest but the room responses."""
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = tuple(row for row in csv.DictReader(file) if not row["path"].startswith("rir"))
    sounds: dict[str, F32] = {}
    skipped = []
    for row in rows:
        try:
            sounds[row["path"]] = read(folder / row["path"])
        except BadInput as error:
            skipped.append(f"{row['path']}: {error}")
    return RealData(rows, sounds, tuple(skipped))


def positives(data: RealData, slug: str, *, snr_db: float | None) -> Iterator[Positive]:
    """Give the recordings of a phrase, as they are or in noise."""
    noises = [data.sounds[row["path"]] for row in data.below("noise/household/", "noise/street/")]
    talkers = _talkers(data)
    for row in data.below(f"real/{slug}/"):
        rng = stream(10, "real", row["path"])
        speech = data.sounds[row["path"]]
        sound = _led_in(speech, rng)
        span_s = (LEAD_S + _MARGIN_S, LEAD_S + len(speech) / 16000 - _MARGIN_S)
        if snr_db is not None:
            start, end = (int(16000 * second) for second in span_s)
            draw = partial(_babble, talkers) if rng.random() < BABBLE_SHARE else partial(_piece, noises)
            noise = _sounding(draw, len(sound), slice(start, end), rng)
            sound = sound + noise * np.float32(active_rms(speech) * 10 ** (-snr_db / 20))
        peak = float(np.abs(sound).max())
        yield Positive(row["path"], row["speaker_cluster"] or row["path"], to_int16(sound / max(1.0, peak)), span_s)


def corpora(data: RealData, *, most_files: int | None = None) -> Iterator[Corpus]:
    """Give every folder of sound; the negatives of a phrase are all but its own `real/` folder."""
    parts: dict[str, list[F32]] = {}
    for row in data.below(""):
        parts.setdefault(row["path"].rsplit("/", 1)[0], []).append(data.sounds[row["path"]])
    for name, sounds in sorted(parts.items()):
        used = sounds[:most_files]
        joined = [part for i, sound in enumerate(used) for part in (sound, _gap(name, i, sound))]
        samples = to_int16(np.clip(np.concatenate(joined), -1, 1))
        yield Corpus(name, samples, len(used), sum(map(len, used)) / 16000)


def is_speech(corpus: str) -> bool:
    """Say whether a folder holds speech."""
    return not corpus.startswith(_NO_SPEECH)


def _gap(name: str, index: int, sound: F32) -> F32:
    return _tone(sound, int(GAP_S * 16000), stream(11, "gap", name, index))


def _led_in(speech: F32, rng: np.random.Generator) -> F32:
    lead, tail = _tone(speech, int(LEAD_S * 16000), rng), _tone(speech, int(TAIL_S * 16000), rng)
    return np.concatenate([lead, speech, tail])


def _tone(sound: F32, samples: int, rng: np.random.Generator) -> F32:
    """Pink noise at the recording's own floor (its quietest tenth of 20 ms frames), within −72 … −45 dBFS."""
    frames = sound[: len(sound) // 320 * 320].reshape(-1, 320)
    levels = np.sqrt((frames.astype(np.float64) ** 2).mean(axis=1)) if len(frames) else np.array([0.0])
    level = np.clip(np.quantile(levels, 0.1), 10 ** (-72 / 20), 10 ** (-45 / 20))
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    pink = np.fft.irfft(spectrum, samples)
    tone: F32 = (pink / np.sqrt((pink**2).mean()) * level).astype(np.float32)
    return tone


def _talkers(data: RealData) -> list[list[F32]]:
    """Give the recordings of read speech by speaker."""
    by_speaker: dict[str, list[F32]] = {}
    for row in data.below("speech/read/"):
        by_speaker.setdefault(row["speaker"] or row["path"], []).append(data.sounds[row["path"]])
    return list(by_speaker.values())


def _sounding(draw: Callable[..., F32], samples: int, span: slice, rng: np.random.Generator) -> F32:
    """Draw noise that sounds while the phrase is said, scaled to an RMS of 1 there.

    Barks and knocks are mostly silence: laid anywhere, one recording in ten would have no noise on its phrase.
    """
    for _ in range(_TRIES):
        noise = draw(samples, rng)
        level = rms(noise[span])
        if level > 0.5 * active_rms(noise):
            return noise / np.float32(level)
    raise ValueError(f"none of {_TRIES} pieces of noise sounds while the phrase is said")


def _piece(noises: Sequence[F32], samples: int, rng: np.random.Generator) -> F32:
    noise = noises[int(rng.integers(len(noises)))]
    turned: F32 = np.resize(np.roll(noise, -int(rng.integers(len(noise)))), samples)
    return turned


def _babble(talkers: Sequence[Sequence[F32]], samples: int, rng: np.random.Generator) -> F32:
    total = np.zeros(samples, np.float32)
    for index in rng.choice(len(talkers), TALKERS, replace=False):
        voice = _piece(talkers[int(index)], samples, rng)
        total += voice / np.float32(max(active_rms(voice), 1e-6))
    return total


def seconds(corpora: Iterable[Corpus]) -> float:
    """Give the seconds of real sound in folders."""
    return sum(corpus.sound_s for corpus in corpora)
