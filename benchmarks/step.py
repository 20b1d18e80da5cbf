"""One 80 ms step of a detector against `openwakeword.model.Model.predict` (0.4.0), interleaved step by step.

The peer runs one of its own heads, and ours. Our head is the size that `standard` trains (three members) with drawn
weights: what a step costs does not depend on their values.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.features import clips
from wakegen.core.seeds import stream
from wakegen.export import export_head
from wakegen.features import weights
from wakegen.model import Sidecar
from wakegen.model.head import Head
from wakegen.runtime import Detector
from wakegen.train import network

STEP = 1280
_MEMBERS = 3
_WARM_STEPS = 50


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure wall time per step."""
    steps = 1000 if options.quick else 6000
    sound = np.concatenate(list(clips(steps * STEP // 48_000 + 4)))
    with tempfile.TemporaryDirectory(prefix="wakegen-bench-") as folder:
        model = drawn_model(Path(folder))
        size = model.stat().st_size
        detector, scores = Detector(model), []
        theirs, with_ours = _peer([_own_head()]), _peer([str(model)])
        calls: dict[str, Callable[[NDArray[np.int16]], Any]] = {
            "ours": lambda x: scores.extend(detector.push(x)),
            "openwakeword": theirs.predict,
            "openwakeword_our_head": with_ours.predict,
        }
        times: dict[str, list[float]] = {name: [] for name in calls}
        for k in range(_WARM_STEPS + steps):
            if k % 1000 == 0:
                print(f"step {k} of {steps}", file=sys.stderr, flush=True)
            part = sound[k * STEP : (k + 1) * STEP]
            for name, call in calls.items():
                started = time.perf_counter()
                call(part)
                times[name].append(1000 * (time.perf_counter() - started))
    measured = {name: np.array(values[_WARM_STEPS:]) for name, values in times.items()}
    values = np.array([score.raw for score in scores], np.float32)
    figures: dict[str, Any] = {"n": steps, "model_bytes": size}
    for name, one in measured.items():
        figures |= {
            f"{name}_ms_{label}": round(float(np.percentile(one, percent)), 3)
            for label, percent in (("p50", 50), ("p90", 90), ("p99", 99), ("max", 100))
        }
    for name in ("openwakeword", "openwakeword_our_head"):
        figures[f"ratio_{name}"] = round(float(np.median(measured[name]) / np.median(measured["ours"])), 2)
    figures["rtf"] = round(float(measured["ours"].mean() / 80), 4)
    figures["hash"] = hashlib.sha256(values.round(3).tobytes()).hexdigest()[:16]
    return figures


def drawn_model(folder: Path) -> Path:
    """Give a detector of the usual size with drawn weights."""
    mean, scale = np.zeros(96, np.float32), np.full(96, 10, np.float32)
    members = (
        network.to_member(network.initial(stream(6, "bench", i)), mean=mean, scale=scale) for i in range(_MEMBERS)
    )
    path = export_head(Head(tuple(members)), folder / "drawn.onnx")
    Sidecar(phrase="bench", threshold=0.5, backbone=weights.identity(), smoothing=5).save(path)
    return path


def _own_head() -> str:
    import openwakeword

    return str(Path(openwakeword.__file__).parent / "resources" / "models" / "hey_jarvis_v0.1.onnx")


def _peer(heads: list[str]) -> Any:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from openwakeword.model import Model

        return Model(wakeword_model_paths=heads)
