"""A network in 8-bit integers: its weights rounded (weights.npz), and the steps of its activations (ranges.json).

Both are found on speech by espeak-ng in six languages and many voices, from a whisper to full scale, some of it in noise, and
on noise alone from one step of the converter to full scale. No recording of a person takes part. The same bytes every time.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

import numpy as np
import rounding
from numpy.typing import NDArray

from wakegen.audio.dsp import resample
from wakegen.core.errors import WakegenError
from wakegen.core.files import write_bytes, write_text
from wakegen.core.seeds import stream
from wakegen.engines import table
from wakegen.engines.base import SpeechRequest
from wakegen.features.mel import stream_mel
from wakegen.features.quantise import CLAMP, grid
from wakegen.features.weights import Conv, Weights
from wakegen.text.sentences import draw_sentences

F32 = NDArray[np.float32]

LANGUAGES = ("en-us", "de", "es", "fr-fr", "it", "tr")
SENTENCES = 30  # of each language
NOISE_STEPS = (1, 3, 30, 300, 3000, 30_000)
SEED = 7


def make(read: Weights, folder: Path, known: Callable[[Weights], F32] | None = None) -> None:
    """Round a network and write weights.npz and ranges.json; `known` gives a known answer, to be kept with the weights."""
    sounds = [stream_mel(samples)[:, :, None] for samples in chain(islice(_speech(), 0, None, 6), _noise())]
    made = rounding.rounded(read, sounds)
    arrays = dict(rounding.arrays(made)) | ({"known": known(made)} if known else {})
    file = io.BytesIO()
    np.savez(file, **arrays)
    write_bytes(folder / "weights.npz", file.getvalue())
    exact = [_answers(read.convs, x) for x in sounds]
    ranges = {
        "seconds": round(sum(map(len, sounds)) / 100),
        "below": _below(made.convs, sounds, exact),
        "embedding_top": round(max(float(np.abs(rows).max()) for rows in exact), 2),
    }
    write_text(folder / "ranges.json", json.dumps(ranges, indent=1) + "\n")
    print(json.dumps(ranges))


def _below(convs: Sequence[Conv], sounds: list[F32], exact: list[F32]) -> list[int]:
    """Choose, layer by layer, the steps from −0.4 to 0 that leave the embedding closest: fewer reach higher values."""
    found: list[int] = []
    for i, conv in enumerate(convs[:-1]):
        sounds = [rounding.answer(conv, x, linear=False) for x in sounds]
        top = max(float(x.max()) for x in sounds)
        below = max(1, int(CLAMP * 255 / (top + CLAMP)))  # nothing is cut off
        best = _lost(convs[i + 1 :], sounds, exact, below)
        while (next_best := _lost(convs[i + 1 :], sounds, exact, below + 1)) < best:
            below, best = below + 1, next_best
        print(f"layer {i}: {below} steps, {best:.3f}", flush=True)
        sounds = [_in_codes(x, below) for x in sounds]
        found.append(below)
    return found


def _lost(convs: Sequence[Conv], given: list[F32], exact: list[F32], below: int) -> float:
    """Give the root of the mean square by which the embedding changes."""
    errors = [_answers(convs, _in_codes(x, below)) - rows for x, rows in zip(given, exact, strict=True)]
    return float(np.sqrt(np.mean(np.concatenate([error.ravel() for error in errors]) ** 2)))


def _answers(convs: Sequence[Conv], x: F32) -> F32:
    for conv in convs[:-1]:
        x = rounding.answer(conv, x, linear=False)
    return rounding.answer(convs[-1], x, linear=True)


def _in_codes(x: F32, below: int) -> F32:
    step, zero = grid(below)
    return ((np.clip(np.round(x / step) + zero, -128, 127) - zero) * step).astype(np.float32)


def _speech() -> Iterator[NDArray[np.int16]]:
    with table.load("espeak") as engine:
        voices = [voice for voice in engine.voices() if not voice.toy]
        for language in LANGUAGES:
            rng = stream(SEED, "calibration", language)
            mine = [voice.name for voice in voices if voice.language == language]
            for text in draw_sentences(language, rng, SENTENCES, "train"):
                voice = mine[int(rng.integers(len(mine)))]
                try:
                    speech = engine.synthesize(SpeechRequest(text, voice))
                except WakegenError:
                    continue  # one voice that cannot read a word leaves enough others
                sound = resample(speech.samples, speech.rate_hz, 16_000).astype(np.float64)
                level = 10 ** (rng.uniform(-45, 0) / 20) / np.abs(sound).max()
                noise = 10 ** rng.uniform(-5, -1.5) * rng.standard_normal(len(sound) + 32_000)
                noise[16_000:-16_000] += level * sound
                yield np.clip(np.round(noise * 32_767), -32_768, 32_767).astype(np.int16)


def _noise() -> Iterator[NDArray[np.int16]]:
    for steps in NOISE_STEPS:
        yield stream(SEED, "noise", steps).integers(-steps, steps + 1, 80_000).astype(np.int16)
