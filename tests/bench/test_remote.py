"""Detectors on devices: what is compared, what is kept, how a lost device is found again, how sessions go on."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

from tests.heads import bursts, detector_files
from tests.integers import integer_detector
from tests.native import needs_c
from wakegen.bench import session as sessions
from wakegen.bench.compare import compare
from wakegen.bench.kept import Kept
from wakegen.bench.on_device import disturbances, latency_of, throttling
from wakegen.bench.reached import ReachedDevice
from wakegen.bench.remote import RemoteDetector
from wakegen.core.errors import BadInput, DeviceError, DeviceLost, StorageError
from wakegen.devices import client, facts
from wakegen.devices.client import Clip
from wakegen.devices.messages import FIRED, READY, Loaded, State, Values, record_type
from wakegen.runtime import Detector
from wakegen.runtime.integer import IntegerDetector

pytestmark = needs_c

SOUND = bursts(6.0)


class Fake:
    """Hears as an honest device does, unless told to lie."""

    def __init__(self, detector, *, wrong_at: int | None = None, add: int = 1) -> None:
        self.detector, self.wrong_at, self.add, self.clips = detector, wrong_at, add, 0

    def hear(self, samples):
        self.clips += 1
        if isinstance(self.detector, IntegerDetector):
            said = self.detector.steps_of(samples)
            values, ready, fired = said["sum"].view(np.uint32), said["ready"], said["fired"]
        else:
            self.detector.reset()
            scores = self.detector.push(samples)
            values = np.array([score.raw for score in scores], np.float32).view(np.uint32)
            ready, fired = (np.array([getattr(s, name) for s in scores], int) for name in ("ready", "fired"))
        steps = np.zeros(len(values), record_type(1))
        steps["ticks"] = 1000 + np.arange(len(values))
        steps["models"]["value"][:, 0] = values
        steps["models"]["flags"][:, 0] = READY * ready + FIRED * fired
        if self.wrong_at is not None:
            steps["models"]["value"][self.wrong_at, 0] += self.add
        return Clip(steps, 0, 0)


def loaded(values: Values, scale: float = 0.0) -> Loaded:
    return Loaded(0, State.READY, values, 1, 1, 1, 0, 500, scale)


@pytest.fixture(params=["wgm", "onnx"])
def detector(request, tmp_path):
    return IntegerDetector(integer_detector(tmp_path)) if request.param == "wgm" else Detector(detector_files(tmp_path))


def remote(detector, tmp_path, **fake) -> tuple[RemoteDetector, Fake]:
    values = Values.SUM if isinstance(detector, IntegerDetector) else Values.SCORE
    device = Fake(detector, **fake)
    kept = Kept(tmp_path / "session")
    return RemoteDetector(device, detector, loaded(values), kept, models="m", place=0), device


def test_a_device_that_agrees_gives_the_reference_s_scores(detector, tmp_path):
    there, _ = remote(detector, tmp_path)
    raw = there.raw_scores(SOUND)
    assert raw.any()
    np.testing.assert_array_equal(raw, detector.raw_scores(SOUND))
    np.testing.assert_array_equal(there.smooth(raw), detector.smooth(raw))
    assert (there.parity.clips, there.parity.steps) == (1, len(SOUND) // 1280)
    assert there.ticks.first == 1000
    assert there.ticks.ready[0][0] == 1000 + int(np.flatnonzero(raw)[0])


def test_one_score_that_differs_is_an_error(tmp_path):
    there, _ = remote(IntegerDetector(integer_detector(tmp_path)), tmp_path, wrong_at=60)
    with pytest.raises(DeviceError, match="1 of 75 steps differ, the first at 60"):
        there.raw_scores(SOUND)


def test_floats_may_differ_by_rounding_and_no_more(tmp_path):
    detector = Detector(detector_files(tmp_path))
    there, _ = remote(detector, tmp_path, wrong_at=60, add=3)  # last bits of a float32
    there.raw_scores(SOUND)
    assert 0 < there.parity.max_difference < 1e-5
    there, _ = remote(detector, tmp_path / "other", wrong_at=60, add=1 << 16)
    with pytest.raises(DeviceError, match="scores differ by"):
        there.raw_scores(SOUND)


def test_a_clip_that_was_heard_is_not_heard_again(detector, tmp_path):
    there, device = remote(detector, tmp_path)
    first = there.raw_scores(SOUND)
    again, other = remote(detector, tmp_path)
    np.testing.assert_array_equal(again.raw_scores(SOUND), first)
    assert (device.clips, other.clips, again.parity.known) == (1, 0, 1)
    again.raw_scores(SOUND[: 60 * 1280])
    assert other.clips == 1


class Wobbly:
    """Stands for `devices.client.Device`, and is lost as often as told."""

    lost = 0
    opened = 0

    def __init__(self, line, **more) -> None:
        self.link = type(
            "L", (), {"counts": client.Link(session=1).counts, "splitter": client.Link(session=1).splitter}
        )()

    def open(self):
        Wobbly.opened += 1
        return {"chip": "test"}

    def load(self, model, *, slot):
        return loaded(Values.SUM)

    def stats(self):
        if Wobbly.lost:
            Wobbly.lost -= 1
            raise DeviceLost("It is gone.", hint="Look for it.")
        return {"uptime_ms": 5}

    def close(self):
        pass


class NoLine:
    def close(self):
        pass


@pytest.fixture
def wobbly(monkeypatch):
    monkeypatch.setattr("wakegen.bench.reached.Device", Wobbly)
    Wobbly.lost = Wobbly.opened = 0
    said: list[str] = []
    return said, lambda **more: ReachedDevice(
        NoLine, trace=io.BytesIO(), on_log=lambda level, text: said.append(text), waits_s=(0.0, 0.0), **more
    )


def test_a_device_that_is_lost_is_found_again(wobbly):
    said, reach = wobbly
    with reach() as device:
        device.load([b"model"])
        Wobbly.lost = 2
        assert device.stats() == {"uptime_ms": 5}
        assert (device.reconnected, Wobbly.opened, len(said)) == (2, 3, 2)
        Wobbly.lost = 1
        assert device.stats() == {"uptime_ms": 5}  # patience begins anew


def test_a_device_that_stays_lost_is_an_error(wobbly):
    _, reach = wobbly
    with reach() as device:
        Wobbly.lost = 3
        with pytest.raises(DeviceLost):
            device.stats()


def test_another_device_than_was_meant_is_refused(wobbly):
    def refuse(info):
        raise BadInput(f"{info['chip']} is another.", hint="Name it.")

    with pytest.raises(BadInput, match="test is another"):
        wobbly[1](same=refuse)


def test_a_session_that_broke_off_goes_on_and_a_finished_one_does_not(tmp_path):
    first = sessions.begin(tmp_path, "esp32 s3", {"model": 1})
    first.kept.keep("clip", np.zeros(3, record_type(2)))
    first.log(30, "lost")
    first.close()
    other = sessions.begin(tmp_path, "esp32 s3", {"model": 2})
    assert not other.continued
    other.close()
    again = sessions.begin(tmp_path, "esp32 s3", {"model": 1})
    assert (again.continued, again.folder, again.kept.count()) == (True, first.folder, 1)
    assert len(again.kept.find("clip")) == 3
    again.finish({"device": "esp32", "x": 1})
    assert "warning: lost" in (first.folder / "log.txt").read_text()
    assert not sessions.begin(tmp_path, "esp32 s3", {"model": 1}).continued
    [(folder, document)] = sessions.finished(tmp_path)
    assert (folder, document["x"]) == (first.folder, 1)
    assert sessions.read(folder.relative_to(tmp_path / "sessions"), home=tmp_path)["x"] == 1
    with pytest.raises(BadInput, match="no finished session"):
        sessions.read(tmp_path / "nothing", home=tmp_path)


def test_a_session_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "sessions").write_text("a file")
    with pytest.raises(StorageError, match="cannot be written"):
        sessions.begin(tmp_path, "pi", {})


def test_ticks_become_times_and_warm_up_is_apart(detector, tmp_path):
    there, _ = remote(detector, tmp_path)
    there.raw_scores(bursts(12.0))
    info = {"ticks_per_s": 1_000_000, "chip": "ESP32-S3", "core": "LX7", "memory_kb": 512}
    found = latency_of(
        there.ticks, info, loaded(Values.SUM), before={"rss_bytes": 7}, after={"rss_most": 9}, model_bytes=5
    )
    steps = np.concatenate(there.ticks.ready)
    assert (found.warm_up_steps, found.step.n) == (25, len(steps) - 25)
    assert found.step.max_ms == pytest.approx(steps.max() / 1000)
    assert (found.init_ms, found.first_ms, found.step_cpu) == (0.5, 1.0, None)
    assert (found.peak_rss_bytes, found.base_rss_bytes, found.machine.cpu) == (9, 7, "ESP32-S3 (LX7)")
    with pytest.raises(DeviceError, match="nothing to time"):
        latency_of(there.ticks, {}, loaded(Values.SUM), before={}, after={}, model_bytes=5)


def test_what_disturbed_a_run_is_named():
    assert disturbances({"cores": 4}, {}, {}) == ()
    reasons = disturbances(
        {"cores": 1},
        {"load_milli": 2100, "clock_now_hz": 1_500_000_000},
        {"throttled": 0x50004, "temperature_mc": 84_000, "clock_now_hz": 600_000_000},
    )
    assert reasons == (
        "load average 2.1 on 1 core before it began",
        "throttled while it ran",
        "under-voltage at some time of the run",
        "84 °C at its end",
        "its clock went from 1500 to 600 MHz",
    )
    assert throttling({"throttled": 0x50004}) == "now: throttled; since its start: under-voltage, throttled"
    assert throttling({"throttled": 0}) == "never"
    assert throttling({}) is None


def test_facts_go_through_bytes():
    told = {
        "chip": "ESP32-S3",
        "clock_hz": 240_000_000,
        "level_mdbfs": -41_500,
        "uptime_ms": 1 << 40,
        "host": "ü" * 200,
    }
    back = facts.from_bytes(facts.to_bytes({**told, "python": None}))
    assert {**back, "host": ""} == {**told, "host": ""}
    assert back["host"] == "ü" * 127 + "\ufffd"  # cut at 255 bytes
    assert facts.from_bytes(b"\xf0\x01x") == {}  # a key of a newer firmware
    for broken in (b"\x01", b"\x01\x05ab", b"\x06\x09" + bytes(9)):
        with pytest.raises(DeviceError, match="does not understand"):
            facts.from_bytes(broken)


def session(mean: float, hits: int, events: int, *, n: int = 500):
    step = dict.fromkeys(("p50_ms", "p99_ms", "max_ms", "mean_ms"), mean) | {"sd_ms": 0.5, "n": n}
    evaluation = {
        "recall": {"hits": hits, "total": 100, "rate": hits / 100},
        "false_accepts": {"events": events, "hours": 2.0, "per_hour": events / 2},
    }
    return {"latency": {"step": step, "peak_rss_bytes": 5, "model_bytes": 6}, "evaluation": evaluation}


def test_differences_are_told_from_chance():
    rows = {row.name: row for row in compare(session(2.0, 90, 1), session(2.0, 60, 2))}
    assert rows["recall"].p == pytest.approx(1.1e-6, rel=0.2)
    assert "differs" in rows["recall"].verdict
    assert "may be chance" in rows["false accepts per hour"].verdict
    assert "may be chance" in rows["step, mean, ms"].verdict
    assert rows["model, bytes"].verdict == "no test: single figures"
    rows = {row.name: row for row in compare(session(2.0, 90, 1), {**session(3.0, 0, 0), "evaluation": None})}
    assert "differs" in rows["step, mean, ms"].verdict
    assert rows["recall"].verdict == "not measured in both"
    assert json.dumps([row.to_json() for row in rows.values()])
