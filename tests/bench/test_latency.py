import json
import time

import numpy as np
import pytest

from tests.bench.fakes import Loudness
from wakegen.bench.latency import Latency, estimated_for, measure_in_child, measure_latency, timing
from wakegen.bench.machine import Machine, describe, load_reasons, peak_rss_bytes
from wakegen.core.errors import WakegenError

FAKE = "tests.bench.fakes:Loudness.load"


class Slow(Loudness):
    def push(self, pcm):
        time.sleep(0.002)
        return super().push(pcm)


def test_warm_up_is_shown_but_not_counted():
    latency = measure_latency(Loudness, seconds=4.0, warm_up_steps=7)
    assert latency.step.n == 50
    assert latency.warm_up_steps == 7
    assert sum(latency.histogram_counts) == 50
    assert len(latency.histogram_edges_ms) == len(latency.histogram_counts) + 1
    step = latency.step
    assert step.p50_ms <= step.p90_ms <= step.p95_ms <= step.p99_ms <= step.max_ms
    assert latency.rtf == pytest.approx(step.mean_ms / 80)
    assert latency.cpu_s_per_hour == pytest.approx(latency.step_cpu.mean_ms / 1000 * 45_000)


def test_waiting_for_the_processor_is_called_disturbed():
    latency = measure_latency(Slow, seconds=1.6, warm_up_steps=0)
    assert latency.disturbed
    assert any("processor time" in reason for reason in latency.reasons)
    assert latency.step.p50_ms > 2.0 > latency.step_cpu.p50_ms


def test_load_before_the_measurement_is_a_reason():
    machine = Machine("cpu", 2, 8000, None, "os", "3", None, 3.2)
    assert load_reasons(machine) == ("load average 3.2 on 2 cores before it began",)
    assert load_reasons(Machine("cpu", 2, 8000, None, "os", "3", None, 0.4)) == ()


def test_a_child_measures_its_own_memory_not_ours(tmp_path):
    ballast = np.ones(40_000_000)  # 320 MB that must not be charged to the detector
    model = tmp_path / "m.onnx"
    model.write_bytes(b"x" * 2048)
    latency = measure_in_child(model, seconds=0.8, loader=FAKE)
    assert latency.model_bytes == 2048
    assert latency.peak_rss_bytes < 200e6 < ballast.nbytes < peak_rss_bytes()
    assert latency.base_rss_bytes <= latency.peak_rss_bytes
    assert Latency.from_json(json.loads(json.dumps(latency.to_json()))) == latency


def test_a_child_that_fails_says_why(tmp_path):
    with pytest.raises(WakegenError, match="FileNotFoundError") as error:
        measure_in_child(tmp_path / "none.onnx", seconds=0.8, loader=FAKE)
    assert error.value.hint


def test_a_child_that_hangs_is_ended(tmp_path):
    with pytest.raises(WakegenError, match="did not end"):
        measure_in_child(tmp_path / "none.onnx", seconds=0.8, loader=FAKE, deadline_s=0.01)


def test_figures_for_another_device_are_labelled():
    latency = measure_latency(Loudness, seconds=0.8, warm_up_steps=0)
    other = estimated_for(latency, factor=4.0, source="this machine against rpi4")
    assert other.estimated == "this machine against rpi4, times × 4"
    assert other.step.p99_ms == pytest.approx(4 * latency.step.p99_ms)
    assert other.step.n == latency.step.n
    assert latency.estimated is None


def test_the_machine_describes_itself():
    machine = describe()
    assert machine.cpu
    assert machine.cores >= 1
    assert machine.python.count(".") == 2


def test_times_are_summed_up_by_hand():
    summed = timing([1.0, 2.0, 3.0, 10.0])
    assert (summed.n, summed.mean_ms, summed.p50_ms, summed.max_ms) == (4, 4.0, 2.5, 10.0)
    assert timing([1.0]).sd_ms == 0.0
