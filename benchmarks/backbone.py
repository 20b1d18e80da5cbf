"""The backbone and the detector against openwakeword 0.4.0 and livekit-wakeword 0.3.0: time, equality, memory.

All run the same head on the same sound, one thread each, interleaved; times are processor time. The embedding that all
but openwakeword compute is the one without the ReLU; a ReLU more is not what a comparison of times would show.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import features, integers, peers, realdata, small
from benchmarks.features import clips
from benchmarks.step import drawn_model
from wakegen.core.seeds import stream
from wakegen.features import backbone, native, weights
from wakegen.features.embed import NATIVE, ONNXRUNTIME, Embedder
from wakegen.features.mel import stream_mel
from wakegen.model import Sidecar
from wakegen.runtime import Detector

F32 = NDArray[np.float32]
I16 = NDArray[np.int16]
STEP = 1280
HEAD = "alexa_v0.1.onnx"
_LIVEKIT_SAMPLES = 32_000  # what its listener hands over every 80 ms
_LIVEKIT_STEPS = 8


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure everything that this machine can."""
    rounds, steps = (5, 25) if options.quick else (15, 200)
    parts = options.parts or ("times", "recall")
    engines = [ONNXRUNTIME, *([NATIVE] if native.is_there() else [])]
    with tempfile.TemporaryDirectory(prefix="wakegen-bench-") as folder:
        model = _model(Path(folder))
        found: dict[str, Any] = {"engines": engines}
        if "times" in parts:
            found |= {
                "n": [rounds, steps],
                **_embeddings(engines, rounds),
                **_detectors(engines, model, rounds, steps),
                **_features(engines, options),
                **_differences(engines),
                **_memory(engines, Path(folder)),
                **integers.microcontroller(),
            }
        return found | (_decisions(options) if "recall" in parts else {})


def _model(folder: Path) -> Path:
    """Give openWakeWord's alexa, said to be made for the network without the ReLU, so that every engine runs it."""
    path = folder / HEAD
    shutil.copy(weights.source_path().with_name(HEAD), path)
    Sidecar("alexa", 0.5, weights.identity()).save(path)
    return path


def _embeddings(engines: list[str], rounds: int) -> dict[str, Any]:
    """Processor time of an embedding: a window of 76 frames in onnxruntime, as others run it, and a step of ours."""
    mel = stream_mel(clips(1)[0])[1:]
    windows = [np.ascontiguousarray(mel[None, at : at + 76]) for at in range(0, len(mel) - 75, 8)]
    pushes = [np.ascontiguousarray(mel[at : at + 8]) for at in range(0, len(mel) - 7, 8)]
    session = backbone.load_session("clip")
    calls: dict[str, Callable[[], Any]] = {"window": lambda: [session.run(None, {"mel": w}) for w in windows]}
    counts = {"window": len(windows)}
    pushed = backbone.Stream(backbone.load_session("stream"))
    calls[ONNXRUNTIME] = lambda: [pushed.push(part) for part in pushes]
    counts[ONNXRUNTIME] = len(pushes)
    if NATIVE in engines:
        one, row = native.NativeBackbone(), np.zeros(weights.SIZE, np.float32)
        calls[NATIVE] = lambda: [one.frames(part, row) for part in pushes]
        counts[NATIVE] = len(pushes)
    times = _interleaved(calls, rounds)
    per = {name: [value / counts[name] for value in values] for name, values in times.items()}
    ratios = {name: _ratios(per["window"], per[name]) for name in engines}
    best = max(ratios, key=lambda name: statistics.median(ratios[name]))
    return {
        "embedding_speedup": _median(ratios[best]),
        "embedding_speedup_range": _range(ratios[best]),
        "embedding_speedup_ort": _median(ratios[ONNXRUNTIME]),
        **{f"embedding_ms_{name}": _median([1000 * v for v in values], 4) for name, values in per.items()},
    }


def _detectors(engines: list[str], model: Path, rounds: int, steps: int) -> dict[str, Any]:
    """Processor time of a whole step, from samples to a score."""
    sound = np.concatenate(list(clips(steps * STEP // 48_000 + 2)))
    parts = [sound[at : at + STEP] for at in range(0, steps * STEP, STEP)]
    calls: dict[str, Callable[[], Any]] = {}
    for engine in engines:
        detector = Detector(model, runtime=engine)
        calls[engine] = lambda detector=detector: [detector.push(part) for part in parts]
    theirs = _openwakeword(model)
    calls["openwakeword"] = lambda: [theirs.predict(part) for part in parts]
    livekit = _livekit(model)
    if livekit is not None:
        few = [sound[at : at + _LIVEKIT_SAMPLES] for at in range(0, _LIVEKIT_STEPS * STEP, STEP)]
        calls["livekit"] = lambda: [livekit.predict(part) for part in few]
    times = _interleaved(calls, rounds)
    per = {name: [value / (_LIVEKIT_STEPS if name == "livekit" else steps) for value in times[name]] for name in times}
    found: dict[str, Any] = {f"step_ms_{name}": _median([1000 * v for v in values], 4) for name, values in per.items()}
    peer = {name: _ratios(per["openwakeword"], per[name]) for name in engines}
    best = max(peer, key=lambda name: statistics.median(peer[name]))
    found |= {
        "detector_speedup_vs_openwakeword": _median(peer[best]),
        "detector_speedup_vs_openwakeword_range": _range(peer[best]),
        "detector_speedup_vs_openwakeword_ort": _median(peer[ONNXRUNTIME]),
    }
    if livekit is not None:
        found["detector_speedup_vs_livekit"] = _median(_ratios(per["livekit"], per[best]))
    return found


def _features(engines: list[str], options: argparse.Namespace) -> dict[str, Any]:
    """Embeddings of many clips, as training wants them."""
    wanted = features.compare(engines, *((32, 5) if options.quick else (128, 9)))
    best = max(engines, key=lambda name: statistics.median(wanted[name]))
    return {
        "features_speedup_3s_clips": _median(wanted[best]),
        "features_speedup_3s_clips_ort": _median(wanted[ONNXRUNTIME]),
        **features.scaling(options.quick),
    }


def _differences(engines: list[str]) -> dict[str, Any]:
    """The largest difference between a stream and the 76-frame window, over two minutes of sound at all levels."""
    rng = stream(7, "bench", "differences")
    levels = np.repeat(10 ** rng.uniform(-0.5, 4.2, 1200), 1600)
    sound = (rng.normal(0, 1, len(levels)) * levels).clip(-32768, 32767).astype(np.int16)
    mel, session = stream_mel(sound), backbone.load_session("clip")
    starts = range(1, len(mel) - 75, 8)
    wanted = np.stack([session.run(None, {"mel": mel[None, at : at + 76]})[0][0, 0] for at in starts])
    found = {}
    for engine, name in ((ONNXRUNTIME, "max_abs_diff_ort"), (NATIVE, "max_abs_diff_c")):
        if engine in engines:
            front = Embedder(runtime=engine).stream()
            rows = [front.step(sound[at : at + STEP]) for at in range(0, len(sound) - STEP + 1, STEP)]
            made = np.stack([row for row in rows if row is not None])
            found[name] = float(np.abs(made - wanted[: len(made)]).max())
    return found


def _memory(engines: list[str], folder: Path) -> dict[str, Any]:
    """Peak memory of `wakegen listen` over half a minute from stdin, with a detector of wakegen's usual size."""
    sound = folder / "sound.raw"
    sound.write_bytes(clips(10).tobytes())
    model = drawn_model(folder)
    names = {ONNXRUNTIME: "listen_rss_mb", NATIVE: "listen_rss_mb_c"}
    return {name: _peak_mb(model, sound, engine) for engine, name in names.items() if engine in engines}


# A process is said to have had at least the memory of the one that began it, so a small one stands between.
_WATCH = """
import resource, subprocess, sys
with open(sys.argv[1], "rb") as sound:
    subprocess.run(sys.argv[2:], stdin=sound, stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def _peak_mb(model: Path, sound: Path, engine: str) -> float:
    command = [sys.executable, "-m", "wakegen", "listen", str(model), "-", "--runtime", engine, "--json"]
    watched = [sys.executable, "-c", _WATCH, str(sound), *command]
    return round(int(subprocess.run(watched, check=True, capture_output=True, text=True).stdout) / 1024, 1)


def _decisions(options: argparse.Namespace) -> dict[str, Any]:
    """What needs the C engine, recordings and trained heads, if they are here."""
    data = realdata.find(options.data)
    if data is None or options.quick or not native.is_there():
        return {}
    work = Path(options.work or "output/bench-voices")
    return integers.flips(data, work) | peers.decisions(data) | small.losses(data, options)


def _openwakeword(model: Path) -> Any:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from openwakeword.model import Model

        return Model(wakeword_model_paths=[str(model)])


def _livekit(model: Path) -> Any:
    """Give livekit's detector with one thread, or None where the package is missing."""
    try:
        from livekit.wakeword import WakeWordModel
    except ImportError:
        print("livekit-wakeword is not here: pip install livekit-wakeword==0.3.0", file=sys.stderr)
        return None
    import onnxruntime

    one = onnxruntime.SessionOptions()
    one.intra_op_num_threads = one.inter_op_num_threads = 1
    return WakeWordModel(models=[str(model)], sess_options=one)


def _interleaved(calls: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Give the processor seconds of each call in each round; one round before the clock runs."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds + 1):
        for name, call in calls.items():
            started = time.process_time()
            call()
            if number:
                times[name].append(time.process_time() - started)
    return times


def _ratios(slow: list[float], fast: list[float]) -> list[float]:
    return [a / b for a, b in zip(slow, fast, strict=True)]


def _median(values: list[float], digits: int = 2) -> float:
    return round(statistics.median(values), digits)


def _range(values: list[float]) -> list[float]:
    return [round(min(values), 2), round(max(values), 2)]
