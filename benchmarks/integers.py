"""The integer backbone: decisions that differ from float on real recordings, and what it costs a microcontroller."""

from __future__ import annotations

import json
import runpy
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import realdata
from benchmarks.features import clips
from wakegen.core.seeds import stream
from wakegen.features.embed import Embedder
from wakegen.features.integer_backbone import integer_backbone
from wakegen.features.native import NativeInt8
from wakegen.features.quantise import integer_layer
from wakegen.features.weights import NANO, NO_RELU
from wakegen.model.head import Head
from wakegen.model.members import load_members
from wakegen.model.wgm import Activation, Layer, Op, to_bytes
from wakegen.train.calibrate import peak, smooth_logits

F32 = NDArray[np.float32]
I16 = NDArray[np.int16]
THRESHOLDS = (0.3, 0.5, 0.9)
SMOOTHING = 5
_PIECE_STEPS = 50  # 4 s: what one decision on other sound is about
_FAINT_STEPS = (1, 3, 10)  # of the converter: a quiet room
_HEAD_CHANNELS = 48
_STEPS = 40  # that the emulated microcontroller runs


def flips(data: Path, work: Path) -> dict[str, Any]:
    """Count decisions that differ, by heads that `benchmarks voices` trained on the float embedding in `work`.

    A decision is the highest smoothed score of a recording of the phrase, or of 4 s of anything else, at a threshold.
    """
    heads = {path.parent.parent.name: path.parent for path in sorted(work.glob("*-[0-9]/.cache/members.npz"))}
    if not heads:
        print(f"No trained heads in {work}: run `python -m benchmarks voices --parts recall` first.", file=sys.stderr)
        return {}
    loaded, embed = realdata.load(data), _Both()
    others = {corpus.name: embed(corpus.samples) for corpus in realdata.corpora(loaded)}
    others |= {f"noise of {steps}": embed(_faint(steps)) for steps in _FAINT_STEPS}
    spoken = {slug: _phrases(loaded, slug, embed) for slug in {name.rsplit("-", 1)[0] for name in heads}}
    counts = {kind: np.zeros((len(THRESHOLDS), 2), int) for kind in ("positive", "negative")}
    for name, folder in heads.items():
        slug, head = name.rsplit("-", 1)[0], _head(folder)
        peaks = [[peak(_logits(head, rows), span) for rows in both] for span, both in spoken[slug]]
        counts["positive"] += _differing(np.array(peaks))
        for corpus, both in others.items():
            if corpus != f"real/{slug}":
                counts["negative"] += _differing(np.stack([_pieces(_logits(head, rows)) for rows in both], axis=1))
    found: dict[str, Any] = {"int8_heads": sorted(heads)}
    for kind, table in counts.items():
        found[f"int8_flips_pct_{kind}"] = round(float(max(100 * differ / total for differ, total in table)), 2)
        found[f"int8_flips_{kind}"] = dict(zip(map(str, THRESHOLDS), table.tolist(), strict=True))
    return found


def microcontroller() -> dict[str, Any]:
    """Instructions of a step on rv32imc, and bytes of memory, with a head of the size that a microcontroller gets."""
    port = Path(__file__).parents[1] / "firmware_harness" / "ports" / "qemu_rv32" / "run.py"
    if not (shutil.which("riscv64-unknown-elf-gcc") and shutil.which("qemu-system-riscv32")):
        print("No emulated microcontroller: apt install gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf "
              "qemu-system-misc", file=sys.stderr)  # fmt: skip
        return {}
    emulated = runpy.run_path(str(port))
    full, nano = _emulated(emulated, NO_RELU), _emulated(emulated, NANO)
    return {
        "rv32_instructions_full": full["instructions"],
        "rv32_instructions_nano": nano["instructions"],
        "rv32_instructions_mel": full["instructions_mel"],
        **{f"mcu_{name}": full[name] for name in ("ram_bytes", "flash_bytes", "head_bytes")},
        **{f"mcu_{name}_nano": nano[name] for name in ("ram_bytes", "flash_bytes")},
        "mcu_steps": _STEPS,
    }


def _emulated(emulated: dict[str, Any], variant: str) -> dict[str, int]:
    """Run a backbone with a head of the usual size."""
    backbone = integer_backbone(variant)
    head_layers = _drawn_head(backbone.backbone[-1].scale)
    made = replace(backbone, head=head_layers, limit_sum=int(16 / head_layers[-1].scale))
    model, sound = to_bytes(made), clips(2).reshape(-1)[: _STEPS * 1280]
    with tempfile.TemporaryDirectory() as folder:
        said = emulated["run"](model, sound, folder=Path(folder))
        code = emulated["flash_bytes"](Path(folder) / "detector.elf")
    head = sum(layer.weights.nbytes + layer.bias.nbytes for layer in made.head)
    return {
        **said,
        "ram_bytes": said["arena"] + said["state"] + said["stack"] + 2 * 1280,
        "flash_bytes": len(model) - head + code,
        "head_bytes": head,
    }


class _Both:
    """Embeds sound in float and in integers."""

    def __init__(self) -> None:
        made = integer_backbone()
        self._float = Embedder()
        self._int8 = NativeInt8(to_bytes(made), source="the integer backbone")
        self._scale = np.float32(made.backbone[-1].scale)

    def __call__(self, samples: I16) -> tuple[F32, F32]:
        return self._float.embed(samples), self._int8.embed(samples).astype(np.float32) * self._scale


def _phrases(data: realdata.RealData, slug: str, embed: _Both) -> list[tuple[tuple[float, float], tuple[F32, F32]]]:
    return [(one.span_s, embed(one.samples)) for one in realdata.positives(data, slug, snr_db=None)]


def _head(folder: Path) -> Head:
    """Give a trained head with its threshold at 0.5, as it was exported."""
    calibration = json.loads((folder / "calibration.json").read_text())
    return Head(load_members(folder / "members.npz"), -float(calibration["logit"]))


def _logits(head: Head, rows: F32) -> F32:
    return smooth_logits(head, rows, len(rows) + 9, SMOOTHING)


def _pieces(logits: F32) -> F32:
    """Give the highest logit of every 4 s."""
    whole = len(logits) // _PIECE_STEPS * _PIECE_STEPS
    return logits[:whole].reshape(-1, _PIECE_STEPS).max(axis=1)


def _differing(peaks: F32) -> NDArray[np.int64]:
    """Give, for each threshold, how many of the pairs [n, 2] lie on both its sides, and how many there are."""
    limits = [np.log(threshold / (1 - threshold)) for threshold in THRESHOLDS]
    return np.array([[int(((peaks[:, 0] >= at) != (peaks[:, 1] >= at)).sum()), len(peaks)] for at in limits])


def _faint(steps: int) -> I16:
    return stream(8, "faint", steps).integers(-steps, steps + 1, 60 * 16_000).astype(np.int16)


def _drawn_head(step: float) -> tuple[Layer, ...]:
    """Give layers with drawn weights: what a step costs does not depend on their values."""
    return tuple(_head_layers(step))


def _head_layers(step: float) -> Iterator[Layer]:
    rng, wide = stream(9, "bench", "int8 head"), _HEAD_CHANNELS

    def drawn(co: int, ci: int, kt: int) -> tuple[F32, F32]:
        kernel = rng.normal(0, 1 / np.sqrt(ci * kt), (co, ci, kt, 1)).astype(np.float32)
        return kernel, np.zeros(co, np.float32)

    hidden = {"bands": 1, "op": Op.CONV, "activation": Activation.RELU}
    yield integer_layer(*drawn(wide, 96, 1), **hidden, steps=(step, 0.2), zeros=(0, -128))
    yield integer_layer(*drawn(wide, wide, 3), **hidden, steps=(0.2, 0.2), zeros=(-128, -128))
    yield integer_layer(*drawn(wide, wide, 3), **hidden, steps=(0.2, 0.2), zeros=(-128, -128))
    exit_layer = {"bands": 1, "op": Op.CONV, "activation": Activation.LINEAR, "scaled": False}
    yield integer_layer(*drawn(4, wide, 12), **exit_layer, steps=(0.2, 1.0), zeros=(-128, 0))
