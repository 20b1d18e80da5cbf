"""Every benchmark runs in its quick form and says what it promises, so that none rots."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import TABLE

ROOT = Path(__file__).parents[2]
PROMISED = {
    "make": (
        "help_ms",
        "install_mb",
        "quick_s",
        "clips_per_min",
        "clips_per_min_generate_only",
        "recall_pct",
        "recall_mean_as_recorded",
        "recall_mean_noise_10db",
        "recall_mean_as_recorded_longform",
        "recall_mean_noise_10db_longform",
        "fa_per_hour_at_default",
        "train_cpu_s",
    ),
    "voices": (
        "recall_pct",
        "recall_mean_as_recorded",
        "recall_mean_noise_10db",
        "recall_mean_as_recorded_longform",
        "recall_mean_noise_10db_longform",
        "worst_phrase_as_recorded",
        "fa_per_hour_at_default",
        "tuning_phrases",
        "tuning_worst_recall",
        "rank_correlation",
        "standard_s",
        "train_cpu_s",
        "clips_per_min",
        "adapter_overhead_pct",
        "speedup_2_processes",
    ),
    "backbone": (
        "embedding_speedup",
        "detector_speedup_vs_openwakeword",
        "detector_speedup_vs_openwakeword_ort",
        "features_speedup_3s_clips",
        "max_abs_diff_ort",
        "listen_rss_mb",
    ),
    "devices": (
        "serial_x_realtime_921600",
        "socket_x_realtime",
        "ssh_s_per_hour_audio",
        "protocol_overhead_pct",
        "parity_host_rv32",
        "noisy_line_exact",
        "rv32_step_instructions_in_firmware",
    ),
    "generate": ("clips_per_min", "clips_per_min_generate_only", "engine_clips_per_min_per_core_one_language"),
    "features": ("clips_per_cpu_s", "ratio", "two_processes_speedup", "hash"),
    "train": ("member_cpu_s", "autograd_mb", "gradient_cpu_ms_autograd", "hash"),
    "step": ("ours_ms_p50", "ours_ms_p99", "openwakeword_ms_p50", "ratio_openwakeword", "hash"),
}


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_list_names_all():
    lines = run("list").splitlines()
    assert [line.split()[0] for line in lines] == list(TABLE)


@pytest.mark.parametrize("name", TABLE)
def test_each_is_a_file_with_run(name):
    assert callable(importlib.import_module(f"benchmarks.{name}").run)


def test_the_promises_are_about_the_benchmarks_that_exist():
    assert set(PROMISED) == set(TABLE)


@pytest.mark.slow
@pytest.mark.xdist_group("benchmarks")  # one after the other: they measure time
@pytest.mark.parametrize("name", TABLE)
def test_the_quick_form_gives_its_figures(name, tmp_path):
    result = json.loads(run(name, "--quick", "--json", "--work", str(tmp_path)))
    assert result["benchmark"] == name
    assert result["quick"] is True
    assert {"cpu", "cores", "load_average", "python", "numpy", "onnxruntime"} <= result["machine"].keys()
    for key in PROMISED[name]:
        if result[key] is None:  # never a made-up number
            assert result["reasons"][key]
        elif key == "recall_pct":
            assert all({"as_recorded", "noise_10db"} == row.keys() for row in result[key].values())
        elif isinstance(result[key], dict):
            assert result[key]
        elif not key.endswith("hash"):
            assert float(result[key]) >= 0


@pytest.mark.slow
@pytest.mark.xdist_group("benchmarks")
def test_without_real_recordings_recall_is_null_and_says_why(tmp_path):
    arguments = ("make", "--quick", "--json", "--parts", "recall", "--work", str(tmp_path), "--data", str(tmp_path))
    result = json.loads(run(*arguments))
    assert result["recall_pct"] is None
    assert "WAKEGEN_REAL_DATA" in result["reasons"]["recall_mean_as_recorded"]
    assert result["help_ms"] is None
