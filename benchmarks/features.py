"""Embeddings of many 3 s clips: ours against `openwakeword.utils.AudioFeatures`, one thread each, interleaved.

The peer's embedding file has one ReLU more than the one that ours is made of (see `features/backbone.py`): the values
differ, the arithmetic is the same but for that. Both are given the same clips, and both give one embedding per 80 ms.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.core.executor import executor
from wakegen.core.seeds import stream
from wakegen.features.embed import ONNXRUNTIME, Embedder

I16 = NDArray[np.int16]
CLIP_S = 3
_EACH_TASK = 16


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure clips per second of both, their ratio, and what a second process brings."""
    clips_per_round, rounds = (32, 5) if options.quick else (128, 9)
    sound, embedder = clips(clips_per_round), Embedder()
    ratios = compare([ONNXRUNTIME], clips_per_round, rounds)[ONNXRUNTIME]
    rows, times = embedder.embed_all(list(sound)), []
    for _ in range(rounds):
        started = time.process_time()
        embedder.embed_all(list(sound))
        times.append(time.process_time() - started)
    cpu_s = statistics.median(times)
    return {
        "n": [rounds, clips_per_round],
        "clip_s": CLIP_S,
        "clips_per_cpu_s": round(clips_per_round / cpu_s, 1),
        "ratio": round(statistics.median(ratios), 2),
        "ratio_range": [round(min(ratios), 2), round(max(ratios), 2)],
        "cpu_ms_per_second_of_sound": round(1000 * cpu_s / clips_per_round / CLIP_S, 2),
        "embeddings": int(sum(map(len, rows))),
        "hash": hashlib.sha256(np.concatenate(rows).round(2).tobytes()).hexdigest()[:16],
        **scaling(options.quick),
    }


def compare(engines: Sequence[str], clips_per_round: int, rounds: int) -> dict[str, list[float]]:
    """Give, for each engine and round, how many times faster it is than openwakeword, in processor time."""
    sound = clips(clips_per_round)
    calls: dict[str, Callable[[], Any]] = {}
    for engine in engines:
        embedder = Embedder(runtime=engine)
        calls[engine] = lambda embedder=embedder: embedder.embed_all(list(sound))
    theirs = _peer()
    calls["openwakeword"] = lambda: theirs.embed_clips(sound, ncpu=1)
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds + 1):
        print(f"round {number} of {rounds}", file=sys.stderr, flush=True)
        for name, call in calls.items():
            started = time.process_time()
            call()
            if number:  # once before the clock runs
                times[name].append(time.process_time() - started)
    peer = times["openwakeword"]
    return {name: [b / a for a, b in zip(times[name], peer, strict=True)] for name in engines}


def clips(count: int) -> I16:
    """Give sound with the spread of speech: noise whose level and colour change every 0.1 s; int16, (count, n)."""
    rng = stream(5, "bench", "features")
    white = rng.standard_normal((count, CLIP_S * 16_000))
    coloured = 0.5 * white + 0.5 * np.roll(white, 1, axis=1)
    levels_db = np.repeat(rng.uniform(-60, -12, (count, CLIP_S * 10)), 1600, axis=1)
    return np.asarray(np.clip(coloured * 10 ** (levels_db / 20) * 32768, -32768, 32767), np.int16)


def _peer() -> Any:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from openwakeword.utils import AudioFeatures

        return AudioFeatures(ncpu=1)


def scaling(quick: bool) -> dict[str, Any]:
    """Wall time of the same clips with one and with two worker processes."""
    rounds, sound = (1, clips(32)) if quick else (3, clips(128))
    tasks = [sound[at : at + _EACH_TASK] for at in range(0, len(sound), _EACH_TASK)] * 4
    times: dict[int, list[float]] = {1: [], 2: []}
    with executor(2) as two:
        list(two.map(_embed, tasks[:4]))  # starts the workers and opens their sessions
        for _ in range(rounds):
            for workers in (1, 2):
                started = time.perf_counter()
                list(two.map(_embed, tasks) if workers == 2 else map(_embed, tasks))
                times[workers].append(time.perf_counter() - started)
    one_s, two_s = (statistics.median(times[workers]) for workers in (1, 2))
    return {"two_processes_speedup": round(one_s / two_s, 2), "two_processes_n": rounds}


def _embed(part: I16) -> int:
    return sum(len(rows) for rows in _embedder().embed_all(list(part)))


@cache
def _embedder() -> Embedder:
    return Embedder()
