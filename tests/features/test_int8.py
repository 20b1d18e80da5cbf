"""The integer backbone: the C engine, on every machine that can be run here, against the numpy reference."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest

from tests.native import needs_c
from wakegen.core.errors import BadInput
from wakegen.core.seeds import stream
from wakegen.features import int8, quantise, weights
from wakegen.features.embed import Embedder
from wakegen.features.integer_backbone import integer_backbone
from wakegen.features.native import NativeInt8
from wakegen.features.quantise import integer_layer
from wakegen.model import wgm
from wakegen.model.wgm import Activation, Arithmetic, Op, Wgm

FIRMWARE = Path(weights.__file__).parents[2] / "firmware_harness"
CORE = FIRMWARE / "core"
STEP = 1280


@pytest.fixture(scope="module")
def made() -> Wgm:
    """The whole backbone with a small head on it."""
    backbone = integer_backbone()
    rng = stream(1, "int8 head")

    def drawn(co: int, ci: int, kt: int, **more):
        kernel = rng.normal(0, 1 / np.sqrt(ci * kt), (co, ci, kt, 1)).astype(np.float32)
        return integer_layer(kernel, rng.normal(0, 1, co).astype(np.float32), bands=1, op=Op.CONV, **more)

    step = backbone.backbone[-1].scale
    head = (
        drawn(24, 96, 1, activation=Activation.RELU, steps=(step, 0.2), zeros=(0, -128)),
        drawn(24, 24, 3, activation=Activation.RELU, steps=(0.2, 0.2), zeros=(-128, -128)),
        drawn(4, 24, 14, activation=Activation.LINEAR, steps=(0.2, 1.0), zeros=(-128, 0), scaled=False),
    )
    threshold = -1.0
    return Wgm(
        Arithmetic.INT8, weights.SOURCE_SHA256, backbone.backbone, head, 16, 5, 8, threshold, round(threshold / head[-1].scale), round(16 / head[-1].scale)
    )  # fmt: skip


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    rng = stream(2, "int8 sound")
    levels = np.repeat(10 ** rng.uniform(-0.3, 4.2, 60), 1600)
    samples = (rng.normal(0, 1, len(levels)) * levels).clip(-32768, 32767).astype(np.int16)
    samples[20_000:40_000] = 0
    return samples


def reference(made: Wgm, sound: np.ndarray) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """Embeddings, and (sum, total, averaged, ready, fired) of every step, as the C engine should give them."""
    codes = int8.embed(made.backbone, sound)
    sums = int8.run(made.head, codes.astype(np.int64)[:, None, :])[:, 0, 0]
    scores, recent, wait = [(0, 0, 0, 0, 0)] * (9 + made.window_frames - 1), [], 0
    for value in sums[made.window_frames - 1 :]:
        recent = [*recent, int(value)][-made.smoothing :]
        fired = wait == 0 and sum(recent) >= len(recent) * made.threshold_sum
        wait = made.debounce_steps - 1 if fired else max(0, wait - 1)
        scores.append((int(value), sum(recent), len(recent), 1, int(fired)))
    return codes, scores


def test_integers_stay_near_the_float_embedding(made, sound):
    codes = int8.embed(made.backbone, sound)
    near, exact = codes * made.backbone[-1].scale, Embedder().embed(sound)
    cosine = (near * exact).sum(1) / np.linalg.norm(near, axis=1) / np.linalg.norm(exact, axis=1)
    assert cosine.mean() > 0.996
    assert cosine.min() > 0.97


@needs_c
def test_the_c_engine_gives_the_same_codes_and_the_same_scores(made, sound):
    engine = NativeInt8(wgm.to_bytes(made), source="x")
    codes, scores = reference(made, sound)
    assert np.array_equal(engine.embed(sound), codes)
    for _ in range(2):
        engine.reset()
        steps = [tuple(map(int, engine.step(sound[at : at + STEP]))) for at in range(0, len(sound) - STEP + 1, STEP)]
        assert steps == scores
    assert sum(score[4] for score in scores) >= 2, "there must be events to compare"
    assert not all(score[4] for score in scores[24:])


@needs_c
def test_the_memory_of_a_microcontroller_is_enough(made):
    assert NativeInt8(wgm.to_bytes(made), source="x").arena_bytes < 26_000


@needs_c
def test_a_float_model_is_refused_by_the_integer_engine(tmp_path):
    from wakegen.features import native

    with pytest.raises(BadInput, match="x: its layers do not fit each other, or this engine"):
        NativeInt8(native.model_path().read_bytes(), source="x")
    with pytest.raises(BadInput, match=r"it does not begin as a \.wgm does"):
        NativeInt8(bytes(1000), source="x")


def test_sums_that_24_bits_do_not_hold_are_refused():
    kernel = np.ones((4, 96, 16, 3), np.float32)
    with pytest.raises(BadInput, match="too wide"):
        integer_layer(
            kernel, np.zeros(4, np.float32), bands=4, op=Op.CONV, activation=Activation.RELU, steps=(1, 1), zeros=(-128, 0)
        )  # fmt: skip


def test_requantising_rounds_half_up_and_saturates():
    one = 1 << 29
    sums = np.array([0, 1, -1, 1000, -1000, 127, -128])
    assert quantise.requantise(sums, np.array(one), zero=0).tolist() == [0, 1, -1, 127, -128, 127, -128]
    halves = quantise.requantise(np.array([1, 3, -1, -3]), np.array(one // 2), zero=0)
    assert halves.tolist() == [1, 2, 0, -1]


def checksums(codes: np.ndarray, scores: list[tuple[int, ...]]) -> dict[str, int]:
    """As ports/qemu_rv32/main.c computes them."""
    found = {"embeddings": 0, "scores": 0}
    for name, items in (
        ("embeddings", [row.tobytes() for row in codes]),
        ("scores", [struct.pack("<iiHBB", *score) for score in scores]),
    ):
        for item in items:
            found[name] = (found[name] * 31 + zlib.crc32(item)) & 0xFFFFFFFF
    return found


@pytest.mark.slow
def test_rv32imc_gives_the_same_bytes_in_as_many_instructions_as_promised(made, sound, tmp_path):
    if not (shutil.which("riscv64-unknown-elf-gcc") and shutil.which("qemu-system-riscv32")):
        pytest.skip("needs gcc-riscv64-unknown-elf, picolibc-riscv64-unknown-elf and qemu-system-misc")
    import runpy

    port = runpy.run_path(str(FIRMWARE / "ports" / "qemu_rv32" / "run.py"))
    samples = sound[: 40 * STEP]
    said = port["run"](wgm.to_bytes(made), samples, folder=tmp_path)
    assert checksums(*reference(made, samples)) == {name: said[name] for name in ("embeddings", "scores")}
    assert said["instructions"] <= 17_000_000
    assert said["instructions_mel"] <= 1_500_000
    assert said["arena"] + said["state"] + said["stack"] + 2 * STEP <= 34_000
    damaged = bytearray(wgm.to_bytes(made))
    damaged[-1] ^= 1
    with pytest.raises(RuntimeError, match="status -4"):
        port["run"](bytes(damaged), samples, folder=tmp_path)


HOST = r"""
#include <stdio.h>
#include <stdlib.h>
#include "wg_detector_i8.h"
static uint8_t file[1 << 19] __attribute__((aligned(16))), arena[1 << 16] __attribute__((aligned(16)));
int main(int count, char **arguments) {
    FILE *f = fopen(arguments[1], "rb");
    size_t size = fread(file, 1, sizeof file, f);
    wg_model model; static wg_detector_i8 detector; int16_t pcm[WG_STEP];
    uint32_t codes = 0, scores = 0;
    if (wg_model_open(&model, file, size) || wg_detector_i8_init(&detector, &model, arena, sizeof arena)) return 2;
    f = fopen(arguments[2], "rb");
    while (count && fread(pcm, sizeof pcm, 1, f) == 1) {
        int8_t row[WG_MAX_CHANNELS]; wg_score_i8 score;
        if (wg_detector_i8_step(&detector, pcm, row, &score)) codes = codes * 31u + wg_crc32((uint8_t *)row, 96);
        scores = scores * 31u + wg_crc32((uint8_t *)&score, sizeof score);
    }
    printf("{\"embeddings\": %u, \"scores\": %u}\n", codes, scores);
    return 0;
}
"""
SANITIZED = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@pytest.mark.parametrize(
    ("compiler", "flags", "runner"),
    [
        ("gcc", SANITIZED, ()),
        ("gcc", ("-O2", "-funsigned-char", "-DWG_PLAIN"), ()),
        ("aarch64-linux-gnu-gcc", ("-O2", "-static"), ("qemu-aarch64",)),
    ],
    ids=["sanitizers", "unsigned char, plain C", "aarch64"],
)
@pytest.mark.slow
def test_every_build_gives_the_same_bytes(made, sound, tmp_path, compiler, flags, runner):
    for program in (compiler, *runner):
        if not shutil.which(program):
            pytest.skip(f"needs {program}")
    (tmp_path / "host.c").write_text(HOST)
    (tmp_path / "x.wgm").write_bytes(wgm.to_bytes(made))
    (tmp_path / "x.raw").write_bytes(sound.tobytes())
    sources = [str(CORE / f"wg_{name}.c") for name in ("model", "mel_fixed", "kernels_i8", "stack_i8", "detector_i8")]
    program = str(tmp_path / "host")
    warnings = ("-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror")
    subprocess.run(
        [compiler, *flags, *warnings, f"-I{CORE}", str(tmp_path / "host.c"), *sources, "-o", program], check=True
    )
    done = subprocess.run([*runner, program, str(tmp_path / "x.wgm"), str(tmp_path / "x.raw")], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == checksums(*reference(made, sound))


def test_rounded_weights_are_those_of_the_published_file():
    """Within a few steps each: what rounding one lost, others make up for."""
    for exact, near in zip(weights.read().convs, weights.rounded().convs, strict=True):
        assert near.unit is not None
        steps = (near.kernel - exact.kernel) / near.unit[:, None, None, None]
        assert np.abs(steps).max() < 5
        assert np.sqrt(np.mean(steps**2)) < 0.8
        np.testing.assert_array_equal(np.round(near.kernel / near.unit[:, None, None, None]) % 1, 0)
