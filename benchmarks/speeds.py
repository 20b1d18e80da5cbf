"""Each engine's clips per minute, what its adapter adds to the library called bare, and what a second process brings.

Ours and bare are interleaved, clip by clip, in wall time; the pipe to the process that holds a native library is in ours.
"""

from __future__ import annotations

import multiprocessing
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from wakegen.engines import table
from wakegen.engines.base import Engine, SpeechRequest
from wakegen.engines.table import EngineRow

PHRASE = "hey katya"
FIGURES = ("clips_per_min", "adapter_overhead_pct", "speedup_2_processes")
Bare = Callable[[str], object]  # says a phrase once


def run(*, quick: bool) -> dict[str, Any]:
    """Measure every engine that can be used and is no stand-in for tests; each figure by engine."""
    rows = [row for row in table.ENGINES if not row.hidden and table.status(row.name).available]
    found = {row.name: _measured(row, quick) for row in rows}
    return {figure: {name: one[figure] for name, one in found.items()} for figure in FIGURES} | {"engine_runs": found}


def _measured(row: EngineRow, quick: bool) -> dict[str, Any]:
    count = _count(row, seconds=1.0 if quick else 6.0)
    with table.load(row.name) as engine:
        voice = _english(engine)
        alone = _clips_per_min(engine, voice, count)
        bare = _BARE.get(row.name)
        added = _overhead(engine, voice, bare(voice), count) if bare else None
    return {
        "clips_per_min": round(alone),
        "adapter_overhead_pct": added,
        "speedup_2_processes": None if quick else round(_two_processes(row.name, voice, count) / alone, 2),
        "clips": count,
        "voice": voice,
    }


def _count(row: EngineRow, *, seconds: float) -> int:
    """Give how many clips take about so many seconds."""
    return int(min(1500, max(5, seconds / row.cpu_per_s)))


def _english(engine: Engine) -> str:
    voices = [one for one in engine.voices() if one.language.startswith("en") and not one.toy]
    return next((one.name for one in voices if one.language == "en-us"), voices[0].name)


def _requests(voice: str, count: int) -> list[SpeechRequest]:
    return [SpeechRequest(PHRASE, voice, seed=number) for number in range(count)]


def _clips_per_min(engine: Engine, voice: str, count: int) -> float:
    engine.synthesize(SpeechRequest(PHRASE, voice))
    started = time.perf_counter()
    for request in _requests(voice, count):
        engine.synthesize(request)
    return 60 * count / (time.perf_counter() - started)


def _overhead(engine: Engine, voice: str, bare: Bare, count: int) -> float:
    """Give the median over pairs of what ours takes more than bare, in percent of bare."""
    ours, theirs = [], []
    bare(PHRASE)
    for request in _requests(voice, count):
        started = time.perf_counter()
        engine.synthesize(request)
        between = time.perf_counter()
        bare(PHRASE)
        ours.append(between - started)
        theirs.append(time.perf_counter() - between)
    return round(100 * (statistics.median(ours) / statistics.median(theirs) - 1), 1)


def _two_processes(name: str, voice: str, count: int) -> float:
    """Give the clips per minute of two processes together, started at once."""
    context = multiprocessing.get_context("forkserver")
    barrier, found = context.Barrier(2), context.Queue()
    processes = [context.Process(target=_speak, args=(name, voice, count, barrier, found)) for _ in range(2)]
    for process in processes:
        process.start()
    seconds = [found.get(timeout=600) for _ in processes]
    for process in processes:
        process.join()
    return 60 * 2 * count / max(seconds)


def _speak(name: str, voice: str, count: int, barrier: Any, found: Any) -> None:
    with table.load(name) as engine:
        engine.synthesize(SpeechRequest(PHRASE, voice))
        barrier.wait(timeout=120)
        started = time.perf_counter()
        for request in _requests(voice, count):
            engine.synthesize(request)
        found.put(time.perf_counter() - started)


# The libraries, called as their own documentation does, on one thread -------------------------------------------


def _piper(voice: str) -> Bare:
    import json

    from piper import PiperVoice, SynthesisConfig
    from piper.config import PiperConfig

    from wakegen.core.paths import voices_folder

    path = voices_folder() / "piper" / f"{voice}.onnx"
    config = PiperConfig.from_dict(json.loads(Path(f"{path}.json").read_text(encoding="utf-8")))
    library = PiperVoice(session=_session(path), config=config)
    settings = SynthesisConfig(length_scale=1.0, normalize_audio=False)
    return lambda text: [chunk.audio_float_array for chunk in library.synthesize(text, settings)]


def _kokoro(voice: str) -> Bare:
    from kokoro_onnx import Kokoro

    from wakegen.core.paths import voices_folder

    folder = voices_folder() / "kokoro"
    style = np.fromfile(folder / "styles" / f"{voice}.bin", np.float32).reshape(510, 1, 256)
    with tempfile.NamedTemporaryFile(suffix=".npz") as file:
        np.savez(file, **{voice: style})
        file.flush()
        library = Kokoro.from_session(_session(folder / "kokoro-v1.0.int8.onnx"), file.name)
    return lambda text: library.create(text, style, speed=1.0, lang="en-us", trim=False)


def _pico(voice: str) -> Bare:
    from py_nanotts import NanoTTS

    library, asked = NanoTTS(), {"speed": 1.0, "pitch": 1.0, "volume": 0.5}  # as the adapter asks
    return lambda text: library.speak(text, voice="en-US" if voice == "en-us" else "en-GB", **asked)


def _rhvoice(voice: str) -> Bare:
    from ctypes.util import find_library

    from rhvoice_wrapper import rhvoice_proxy

    from wakegen.engines import rhvoice

    library = rhvoice_proxy.Engine(find_library("RHVoice"))
    taken: list[int] = []
    library.init(
        lambda samples, count, *_: taken.append(count) is None,
        lambda rate_hz, *_: True,
        resources=rhvoice._data(),
        data_path="/nonexistent",
        config_path="/nonexistent",
    )
    profile = next(name for name in library.voices if rhvoice._plain(name) == voice)
    settings = library.params.copy_with({"voice_profile": profile})
    return lambda text: library.generate(text, settings)


def _flite(voice: str) -> Bare:
    command = ["flite", "-voice", voice, "-o", "/dev/stdout", "-t"]
    return lambda text: subprocess.run([*command, text], capture_output=True, check=True).stdout


def _session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


# Not espeak-ng, whose adapter forks a process for each clip because the library cannot repeat itself without that
# (docs/results.md has its speed); not festival, whose library is a program that we talk to just as anybody does.
_BARE: dict[str, Callable[[str], Bare]] = {
    "flite": _flite,
    "kokoro": _kokoro,
    "pico": _pico,
    "piper": _piper,
    "rhvoice": _rhvoice,
}
