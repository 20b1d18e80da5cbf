"""The protocol on real recordings: streamed, never trained on, never tuned on.

Positives are recordings of the phrase by real people, led in by 2 s of pink noise at the recording's own floor and
followed by 1 s. "Noise 10 dB" is the same with noise 10 dB below the active speech level: 70 % household and street
pieces, 30 % babble of four talkers. Negatives are every other recording of speech in the set (other wake words,
commands, reading, short phrases) and all its noise and music, streamed end to end. A hit is an event from the start
of the recording's speech to 1 s after its end; a false accept is a merged event (2 s debounce).
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wakegen.audio.dsp import active_rms, rms, to_int16
from wakegen.audio.io import read
from wakegen.core.seeds import stream

F32 = NDArray[np.float32]
LEAD_S, TAIL_S = 2.2, 1.2
_MARGIN_S = 0.3  # what the recordings hold before and after the detected speech


@dataclass(frozen=True, slots=True, eq=False)
class Positive:
    """One streamed recording of the phrase."""

    name: str
    cluster: str  # estimated speaker
    samples: NDArray[np.int16]
    span_s: tuple[float, float]


def find(given: str | None) -> Path | None:
    """Give the folder of real recordings: --data, $WAKEGEN_REAL_DATA, or a `data` folder beside the checkout."""
    named = given or os.environ.get("WAKEGEN_REAL_DATA")
    if named:
        return Path(named)
    here = Path(__file__).resolve().parent.parent
    beside = sorted(here.parent.glob("*/data/manifest.csv"))
    return beside[0].parent if beside else None


def rows(folder: Path) -> list[dict[str, str]]:
    """Read the manifest."""
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def positives(folder: Path, slug: str, *, snr_db: float | None) -> Iterator[Positive]:
    """Give the recordings of a phrase, as they are or in noise."""
    table = rows(folder)
    noises = _noises(folder, table) if snr_db is not None else []
    talkers = [read(folder / row["path"]) for row in table if row["path"].startswith("speech/read/")] if noises else []
    for row in (row for row in table if row["path"].startswith(f"real/{slug}/")):
        rng = stream(10, "real", row["path"])
        speech = read(folder / row["path"])
        sound = _led_in(speech, rng)
        if snr_db is not None:
            noise = _babble(talkers, len(sound), rng) if rng.random() < 0.3 else _piece(noises, len(sound), rng)
            gain = active_rms(speech) / max(_noise_rms(noise), 1e-9) * 10 ** (-snr_db / 20)
            sound = sound + noise * np.float32(gain)
        peak = float(np.abs(sound).max())
        end_s = LEAD_S + len(speech) / 16000 - _MARGIN_S
        yield Positive(row["path"], row["speaker_cluster"], to_int16(sound / max(1.0, peak)), (LEAD_S + _MARGIN_S, end_s))


def negatives(folder: Path, slug: str) -> Iterator[tuple[str, NDArray[np.int16]]]:
    """Give (corpus, samples) of all real sound without the phrase, end to end per corpus, a second between files."""
    parts: dict[str, list[F32]] = {}
    for row in rows(folder):
        corpus = row["path"].rsplit("/", 1)[0]
        if corpus == "rir" or corpus == f"real/{slug}":
            continue
        rng = stream(11, "gap", row["path"])
        sound = read(folder / row["path"])
        parts.setdefault(corpus, []).extend([sound, _tone(sound, 16000, rng)])
    for corpus, sounds in sorted(parts.items()):
        yield corpus, to_int16(np.clip(np.concatenate(sounds), -1, 1))


def _led_in(speech: F32, rng: np.random.Generator) -> F32:
    lead, tail = _tone(speech, int(LEAD_S * 16000), rng), _tone(speech, int(TAIL_S * 16000), rng)
    floor = _tone(speech, len(speech), rng)
    return np.concatenate([lead, speech + floor, tail])


def _tone(sound: F32, samples: int, rng: np.random.Generator) -> F32:
    """Pink noise at the recording's own floor (its quietest tenth of 20 ms frames), within −72 … −45 dBFS."""
    frames = sound[: len(sound) // 320 * 320].reshape(-1, 320)
    levels = np.sqrt((frames.astype(np.float64) ** 2).mean(axis=1)) if len(frames) else np.array([0.0])
    level = np.clip(np.quantile(levels, 0.1), 10 ** (-72 / 20), 10 ** (-45 / 20))
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    pink = np.fft.irfft(spectrum, samples)
    return (pink / np.sqrt((pink**2).mean()) * level).astype(np.float32)


def _noises(folder: Path, table: list[dict[str, str]]) -> list[F32]:
    wanted = ("noise/household/", "noise/street/")
    return [read(folder / row["path"]) for row in table if row["path"].startswith(wanted)]


def _piece(noises: list[F32], samples: int, rng: np.random.Generator) -> F32:
    noise = noises[int(rng.integers(len(noises)))]
    return np.resize(np.roll(noise, -int(rng.integers(len(noise)))), samples)


def _babble(talkers: list[F32], samples: int, rng: np.random.Generator) -> F32:
    total = np.zeros(samples, np.float32)
    for index in rng.choice(len(talkers), 4, replace=False):
        voice = _piece([talkers[int(index)]], samples, rng)
        total += voice / np.float32(max(active_rms(voice), 1e-6))
    return total


def _noise_rms(noise: F32) -> float:
    """RMS over the frames that sound: some pieces are mostly silence."""
    return active_rms(noise) or rms(noise)
