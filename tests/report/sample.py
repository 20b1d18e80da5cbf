"""A made-up but plausible measurement: sound whose loudness is its score, drawn from named streams.

`python -m tests.report.sample FILE.html [FILE.json]` writes the page, to look at.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np

from tests.bench.fakes import Loudness
from wakegen.bench.evaluate import evaluate
from wakegen.bench.gate import Limits, check
from wakegen.bench.items import EvalItem
from wakegen.bench.latency import Latency, measure_latency
from wakegen.bench.probes import Probe
from wakegen.bench.result import ModelFacts, Training, report_document
from wakegen.core.seeds import stream

THRESHOLD = 0.62
VOICES = [
    ("espeak", "en-gb m1", "male"),
    ("espeak", "en-us f3", "female"),
    ("espeak", "tr f2", "female"),
    ("piper", "tr_TR-dfki-medium", "male"),
    ("piper", "en_US-amy-low", "female"),
    ("klatt", "klatt2", "male"),
]
SCENES = {"esp32_living_room": 0.9, "raspberry_pi_kitchen": 0.75, "office": 1.1}


def speech(rng, seconds, level):
    """Noise in syllables, `level` at its loudest."""
    time_s = np.arange(round(seconds * 16_000)) / 16_000
    syllables = 0.15 + np.abs(np.sin(np.pi * (2 + rng.random()) * time_s)) ** 3
    buzz = np.sin(2 * np.pi * (120 + 60 * rng.random()) * time_s) * syllables
    buzz += 0.3 * rng.standard_normal(time_s.size) * syllables
    return level * buzz / np.abs(buzz).max()


def phrase_clip(seed, index, ease):
    rng = stream(seed, "phrase", index)
    samples = 0.02 * rng.standard_normal(round(4.4 * 16_000))
    level = 1 / (1 + np.exp(-rng.normal(2.6 * ease, 1.1)))
    at, length = round((2.25 + 0.25 * rng.random()) * 16_000), round(0.7 * 16_000)
    samples[at : at + length] += speech(rng, 0.7, 0.4 * level)
    peak = at + length + round(abs(rng.normal(0.18, 0.12)) * 16_000)
    samples[peak : peak + 400] += level * np.hanning(400)
    return np.clip(samples * 32767, -32768, 32767).astype(np.int16), (at / 16_000, (at + length) / 16_000)


def everyday(seed, name, index, seconds, rate):
    rng = stream(seed, name, index)
    samples = (rng.standard_normal(round(seconds * 16_000), dtype=np.float32) * 0.02).astype(np.float32)
    for _ in range(rng.poisson(rate * seconds)):
        at = int(rng.integers(0, samples.size - 8000))
        samples[at : at + 6400] += speech(rng, 0.4, min(0.97, 0.12 + rng.exponential(0.079)))
    return np.clip(samples * 32767, -32768, 32767).astype(np.int16)


def positives(seed, count):
    for i in range(count):
        engine, voice, gender = VOICES[i % len(VOICES)]
        scene = list(SCENES)[i // len(VOICES) % len(SCENES)]
        ease = SCENES[scene] * (0.45 if voice == "tr f2" else 1.0)
        samples, span = phrase_clip(seed, i, ease)
        groups = {
            "engine": engine,
            "voice": voice,
            "gender": gender,
            "scene": scene,
            "f0_bin": "<120 Hz" if gender == "male" else "165–220 Hz",
        }
        yield EvalItem(f"clip {i:04d}", samples, "positive", span, groups)


def negatives(seed, minutes):
    for name, share, rate in (("sentences", 0.5, 0.12), ("words", 0.3, 0.08), ("noise", 0.2, 0.01)):
        for block in range(3):
            load = partial(everyday, seed, name, block, minutes * 60 * share / 3, rate)
            yield EvalItem(f"{name} {block}", load, "negative", None, {"kind": name})
    rng = stream(seed, "confusables")
    for text in (
        "hey catcher",
        "hey kate",
        "may katya",
        "hey",
        "katya",
        "hey cutter",
        "okay katya",
        "a cat here",
        "hey matter",
        "hey tanya",
        "hey cortana",
        "they cut ya",
    ):
        for i in range(12):
            level = min(0.95, 0.1 + rng.exponential(0.3 if "katya" in text else 0.14))
            samples = (speech(rng, 0.9, level) * 32767).astype(np.int16)
            yield EvalItem(
                f"{text} {i}", samples, "negative", None, {"kind": "confusable", "text": text, "engine": "espeak"}
            )


def sample_document(*, count=360, minutes=74, seed=3, phrase="hey katya", warnings=None) -> dict:
    probes = [
        Probe("phrase in engines and voices never trained on", "fire", list(positives(seed + 1, count // 6))),
        Probe(
            "other sentences in training voices",
            "silence",
            [EvalItem(f"s{i}", everyday(seed, "probe", i, 3, 0.3), "negative") for i in range(40)],
        ),
    ]
    evaluation = evaluate(
        Loudness(), positives(seed, count), negatives(seed, minutes), threshold=THRESHOLD, probes=probes
    )
    latency = measure_latency(Loudness, seconds=20, model_bytes=86_214)
    rng = stream(seed, "latency")
    shaped = json.loads(json.dumps(latency.to_json()))
    shaped["histogram_counts"] = np.histogram(rng.lognormal(0.25, 0.16, 1500), bins=40, range=(0, 4.0))[0].tolist()
    shaped["histogram_edges_ms"] = [round(0.1 * i, 2) for i in range(41)]
    shaped["step"] |= {
        "n": 1500,
        "mean_ms": 1.3,
        "sd_ms": 0.21,
        "p50_ms": 1.28,
        "p90_ms": 1.57,
        "p95_ms": 1.68,
        "p99_ms": 1.94,
        "max_ms": 3.1,
    }
    shaped |= {
        "peak_rss_bytes": 96_400_000,
        "base_rss_bytes": 31_200_000,
        "init_ms": 182.0,
        "first_ms": 4.1,
        "warm_up_ms_mean": 1.9,
        "rtf": 0.0163,
        "cpu_s_per_hour": 57.8,
        "disturbed": False,
        "reasons": [],
    }
    shaped["step_cpu"] = {key: value * 0.98 if key != "n" else value for key, value in shaped["step"].items()}
    latency = Latency.from_json(shaped)
    limits = Limits(min_recall=0.9, max_fa_per_hour=1.0, max_model_kb=512, max_step_ms=80)
    return report_document(
        phrase=phrase,
        created="2026-01-17T14:05:00Z",
        wakegen="0.1.0",
        device="esp32-inmp441",
        language="en",
        model=ModelFacts("hey_katya.onnx", "9f" * 32, 86_214, THRESHOLD, 5, 2.0),
        evaluation=evaluation,
        latency=latency,
        gates=check(limits, evaluation, latency),
        training=Training(
            clips=5200,
            engines={"espeak": 2900, "klatt": 800, "piper": 1500},
            voices=212,
            licences=("GPL-3.0-or-later (voices)", "CC-BY-4.0"),
            commercial_use=True,
            dataset="sha256:" + "3c" * 32,
        ),
        evaluated_on=(
            "360 clips by 6 voices that were not trained on, in 3 scenes of the device profile.",
            "Synthetic speech, word lists and noise that were held out by voice and by text.",
        ),
        warnings=[
            "No real recordings were tested: every voice here is synthetic. Test with your own before you rely on it."
        ]
        if warnings is None
        else warnings,
    )


def main() -> None:
    from wakegen.report.html import write

    document = sample_document()
    write(document, Path(sys.argv[1]))
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
