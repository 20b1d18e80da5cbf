"""Finds how large the activations of the speech embedding get: what its 8-bit codes must reach. Writes ranges.json.

    python models/int8/make.py

Speech by espeak-ng in six languages and many voices, from a whisper to full scale, some of it in noise; and noise alone from
one step of the converter to full scale. No recording of a person takes part. The same bytes every time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from wakegen.audio.dsp import resample
from wakegen.core.errors import WakegenError
from wakegen.core.seeds import stream
from wakegen.engines import table
from wakegen.engines.base import SpeechRequest
from wakegen.features import weights
from wakegen.features.graph import clip_graph
from wakegen.features.mel import stream_mel
from wakegen.text.sentences import draw_sentences

HERE = Path(__file__).parent
LANGUAGES = ("en-us", "de", "es", "fr-fr", "it", "tr")
SENTENCES = 30  # of each language
NOISE_STEPS = (1, 3, 30, 300, 3000, 30_000)
SEED = 7


def main() -> None:
    """Run everything through the float network and keep the largest values."""
    layers = len(weights.read().convs) - 1
    session = _session(layers)
    names = [f"act{i}" for i in range(layers)]
    tops, embedding_top, seconds = np.zeros(layers), 0.0, 0.0
    for samples in chain(_speech(), _noise()):
        embedding, *activations = session.run(["embedding", *names], {"mel": stream_mel(samples)[None]})
        tops = np.maximum(tops, [part.max() for part in activations])
        embedding_top = max(embedding_top, float(np.abs(embedding).max()))
        seconds += len(samples) / 16_000
    found = {
        "backbone": weights.identity(),
        "seconds": round(seconds),
        "tops": [round(float(top), 2) for top in tops],
        "embedding_top": round(embedding_top, 2),
    }
    (HERE / "ranges.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found))


def _session(layers: int) -> onnxruntime.InferenceSession:
    model = onnx.load_from_string(clip_graph(weights.read()))
    outputs = [onnx.helper.make_tensor_value_info(f"act{i}", onnx.TensorProto.FLOAT, None) for i in range(layers)]
    model.graph.output.extend(outputs)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


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


if __name__ == "__main__":
    main()
