"""The agent: what it answers, what it refuses, and that it goes when its host does."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from tests.devices.talking import Host
from tests.heads import bursts, detector_files
from tests.native import needs_c
from wakegen.core.errors import DeviceLost, NotInstalled
from wakegen.core.seeds import stream
from wakegen.devices import messages as m
from wakegen.devices.agent import Agent
from wakegen.devices.agent_slots import MODEL_ROOM, Slots, packed
from wakegen.devices.frames import Frame, Kind, Splitter, to_bytes
from wakegen.devices.link import Terms
from wakegen.devices.transports import loopback, table
from wakegen.devices.transports.base import Target
from wakegen.devices.transports.child import ChildLine
from wakegen.features.integer_backbone import integer_backbone
from wakegen.features.quantise import integer_layer
from wakegen.model import wgm
from wakegen.runtime import Detector
from wakegen.runtime.integer import IntegerDetector

SOUND = bursts(6.0)
STEPS = len(SOUND) // 1280


@pytest.fixture(scope="session")
def model(tmp_path_factory) -> Path:
    """A detector in float that fires at times."""
    return detector_files(tmp_path_factory.mktemp("model"), threshold=0.4)


@pytest.fixture(scope="session")
def integers(tmp_path_factory) -> Path:
    """A detector in integers."""
    backbone, rng = integer_backbone(), stream(1, "small head")

    def drawn(ci: int, kt: int, steps: tuple[float, float], zeros: tuple[int, int], **more) -> wgm.Layer:
        kernel = rng.normal(0, 1 / np.sqrt(ci * kt), (8, ci, kt, 1)).astype(np.float32)
        return integer_layer(kernel, np.zeros(8, np.float32), bands=1, op=wgm.Op.CONV, steps=steps, zeros=zeros, **more)

    head = (
        drawn(96, 1, (backbone.backbone[-1].scale, 0.2), (0, -128), activation=wgm.Activation.RELU),
        drawn(8, 16, (0.2, 1.0), (-128, 0), activation=wgm.Activation.LINEAR, scaled=False),
    )
    made = wgm.Wgm(
        backbone.arithmetic,
        backbone.backbone_sha256,
        backbone.backbone,
        head,
        16,
        5,
        8,
        0.0,
        0,
        round(16 / head[-1].scale),
    )
    path = tmp_path_factory.mktemp("integers") / "small.wgm"
    path.write_bytes(wgm.to_bytes(made))
    return path


def upload_of(path: Path) -> bytes:
    return packed(path.read_bytes(), path.with_suffix(".json").read_bytes())


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), data)
    return file.getvalue()


class Inside:
    """A line to an agent in this process."""

    def __init__(self, folder: Path, **more) -> None:
        self.agent = Agent(Slots(folder, runtime="auto"), runtime="auto", **more)

    def read(self, timeout_s: float) -> bytes:
        for _ in range(40):
            self.agent.work(time.monotonic())
        return self.agent.outgoing(time.monotonic())

    def write(self, data: bytes) -> None:
        self.agent.receive(data, time.monotonic())

    def close(self) -> None:
        self.agent.close()


@pytest.fixture
def host(tmp_path):
    return Host(Inside(tmp_path))


def test_scores_are_those_of_the_detector_bit_for_bit(host, model):
    loaded = host.load(upload_of(model))
    assert (loaded.state, loaded.values) == (m.State.READY, m.Values.SCORE)
    assert loaded.init_ticks > 0
    for piece in (16_000, 333):
        rows, _ = host.hear(SOUND, piece=piece)
        there = Detector(model)
        scores = there.push(SOUND)
        assert np.array_equal(rows["models"]["value"][:, 0].copy().view("<f4"), np.float32([one.raw for one in scores]))
        assert np.array_equal(rows["models"]["flags"][:, 0] & m.READY != 0, [one.ready for one in scores])
        assert np.array_equal(rows["models"]["flags"][:, 0] & m.FIRED != 0, [one.fired for one in scores])
        assert rows["ticks"].min() > 0


@needs_c
def test_both_kinds_hear_one_stream_side_by_side(host, model, integers):
    assert host.load(upload_of(model), slot=2).state == m.State.READY
    loaded = host.load(integers.read_bytes(), slot=1)
    assert (loaded.state, loaded.values) == (m.State.READY, m.Values.SUM)
    assert loaded.arena > 0
    rows, _ = host.hear(SOUND)
    sums, floats = rows["models"]["value"][:, 0].view("<i4").copy(), rows["models"]["value"][:, 1].copy().view("<f4")
    detector = IntegerDetector(integers)
    assert loaded.scale == np.float32(detector.scale)
    scores = detector.push(SOUND)
    assert np.allclose(1 / (1 + np.exp(-sums[24:] * detector.scale)), [one.raw for one in scores[24:]], atol=1e-6)
    assert np.array_equal(floats, Detector(model).raw_scores(SOUND))
    same = host.load(upload_of(model), slot=0)
    assert same.state == m.State.READY
    assert host.hear(SOUND)[0]["models"].shape == (STEPS, 3)
    assert host.ask(m.Load(2, 0, 0)).state == m.State.EMPTY
    assert host.hear(SOUND)[0]["models"].shape == (STEPS, 2)


def test_it_says_what_it_is_and_how_it_fares(host):
    info = host.facts(m.AskInfo())
    assert info["port"] == "agent"
    assert info["ticks_per_s"] == 1_000_000_000
    assert info["channels"] == 0
    assert info["slots"] == 4
    stats = host.facts(m.AskStats())
    assert stats["rss_most"] >= stats["rss_bytes"] > 10_000_000
    assert stats["cpu_ms"] > 0


def test_an_upload_goes_on_where_it_stopped_in_another_session_too(tmp_path, model):
    line, data = Inside(tmp_path), upload_of(model)
    first = Host(line)
    announced = m.Load(0, len(data), zlib.crc32(data))
    assert first.ask(announced).have == 0
    first.send(m.Chunk(0, 0, data[:5000]))
    assert first.ask(announced).have == 5000
    second = Host(line)
    assert second.ask(announced) == m.Loaded(
        0, m.State.PARTIAL, m.Values.SCORE, 5000, len(data), announced.crc32, 0, 0, 0
    )
    assert second.load(data).state == m.State.READY
    third = Host(line)
    assert third.ask(announced).state == m.State.READY
    assert len(third.hear(SOUND)[0]) == STEPS


def test_what_is_out_of_order_or_too_large_is_refused(host, model):
    def status(message: m.Message) -> tuple[int, int, int]:
        answer = host.ask(message)
        assert isinstance(answer, m.Error), answer
        return answer.about, answer.status, answer.detail

    data = upload_of(model)
    assert status(m.Load(4, 10, 0)) == (m.Load.CODE, m.Status.NO_SLOT, 4)
    assert status(m.Chunk(9, 0, b"")) == (m.Chunk.CODE, m.Status.NO_SLOT, 4)
    assert status(m.Load(0, MODEL_ROOM + 7, 0)) == (m.Load.CODE, m.Status.TOO_LARGE, 7)
    assert status(m.Chunk(0, 0, data[:9])) == (m.Chunk.CODE, m.Status.ORDER, 0)
    assert status(m.Start(1)) == (m.Start.CODE, m.Status.EMPTY, 0)
    assert status(m.Run(1)) == (m.Run.CODE, m.Status.EMPTY, 0)
    assert status(m.Audio(0, b"")) == (m.Audio.CODE, m.Status.ORDER, 0)
    assert status(m.Stop()) == (m.Stop.CODE, m.Status.ORDER, 0)
    assert status(m.Capture(100)) == (m.Capture.CODE, m.Status.NO_MICROPHONE, 0)
    host.ask(m.Load(0, 100, 0))
    host.send(m.Chunk(0, 0, data[:40]))
    assert status(m.Chunk(0, 41, data[:10])) == (m.Chunk.CODE, m.Status.ORDER, 40)
    assert host.ask(m.Load(0, 100, 0)).have == 40
    assert status(m.Chunk(0, 40, data[:70])) == (m.Chunk.CODE, m.Status.TOO_LARGE, 10)
    host.ask(m.Load(0, 100, 1))
    assert status(m.Chunk(0, 0, data[:100])) == (m.Chunk.CODE, m.Status.CHECKSUM, 0)
    assert host.ask(m.Load(0, 0, 0)).state == m.State.EMPTY
    host.load(data)
    assert status(m.Run(1)) == (m.Run.CODE, m.Status.NO_STEP, 0)
    host.send(m.Start(5), m.Audio(0, b"\0\0" * 100))
    assert status(m.Audio(99, b"\0\0")) == (m.Audio.CODE, m.Status.ORDER, 100)
    assert status(m.Audio(100, b"\0\0")) == (m.Audio.CODE, m.Status.ORDER, 0), "the clip has ended"
    host.send(m.Start(5))
    assert status(m.Audio(0, b"\0\0\0")) == (m.Audio.CODE, m.Status.UNKNOWN, 0)
    host.link.send(b"\x70what")
    assert host.answer() == m.Error(0x70, m.Status.UNKNOWN, 0, b"")
    host.link.send(bytes((m.Stop.CODE,)) + b"more")
    assert host.answer().status == m.Status.UNKNOWN
    host.link.send(b"")
    assert host.answer().status == m.Status.UNKNOWN
    host.link.send(m.to_bytes(m.Info(b"")))
    assert host.answer() == m.Error(m.Info.CODE, m.Status.UNKNOWN, 0, b"")
    assert len(host.hear(SOUND)[0]) == STEPS


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"neither nor", "no ZIP that can be read"),
        (b"WGM1" + bytes(100), "model.wgm is not a .wgm that can be read"),
        (zipped(model_onnx=b"x"), "model.onnx and model.json alone"),
        (zipped(model_onnx=b"x", model_json=b"{}", more=b""), "model.onnx and model.json alone"),
        (zipped(model_onnx=b"x", __model_json=b"{}"), "model.onnx and model.json alone"),
        (zipped(model_onnx=b"x", model_json=b"{}"), "model"),
        (zipped(model_onnx=b"x", model_json=bytes(2 << 20)), "of model.json"),
        (zipped(model_onnx=bytes(MODEL_ROOM + 1), model_json=b"{}"), "of model.onnx"),
    ],
    ids=range(8),
)  # fmt: skip
def test_a_file_that_is_no_detector_is_refused_and_leaves_nothing(tmp_path, data, said):
    host = Host(Inside(tmp_path))
    refused = host.load(data)
    assert refused.status in (m.Status.BAD_MODEL, m.Status.TOO_LARGE)
    assert said in refused.data.decode()
    assert str(tmp_path) not in refused.data.decode()
    assert host.ask(m.Load(0, 0, 0)).state == m.State.EMPTY
    assert host.ask(m.Start(1)).status == m.Status.EMPTY
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} <= {"model.onnx", "model.json", "model.wgm"}


def test_a_run_repeats_the_last_step_and_can_be_cancelled(host, model):
    host.load(upload_of(model))
    host.hear(SOUND)
    host.send(m.Run(100))
    rows, heard = host.scores(np.zeros(0, np.int16))
    assert (len(rows), heard.clip) == (100, 1)
    assert len(set(rows["models"]["value"][-40:, 0].tolist())) == 1, "one sound again and again"
    host.send(m.Run(1_000_000))
    stats = host.ask(m.AskStats())
    while isinstance(stats, m.Scores):
        stats = host.answer()
    assert isinstance(stats, m.Stats)
    host.send(m.Cancel())
    while not isinstance(heard := host.answer(), m.Heard):
        assert isinstance(heard, m.Scores)
    assert 0 < heard.steps < 1_000_000
    assert host.ask(m.Cancel()).steps == 0


def test_a_host_that_takes_small_messages_gets_small_ones(tmp_path, model):
    host = Host(Inside(tmp_path), terms=Terms(max_body=300))
    assert host.load(upload_of(model), piece=290).state == m.State.READY
    rows, _ = host.hear(SOUND, piece=140)
    assert len(rows) == STEPS
    host.send(m.Run(100))
    assert len(host.scores(np.zeros(0, np.int16))[0]) == 100


class Microphone:
    """Gives a ramp, then a broken cable."""

    def __init__(self) -> None:
        self.given, self.closed = 0, False

    def read(self, samples: int) -> bytes:
        if self.given >= 20_000:
            raise OSError("pulled out")
        self.given += samples
        return np.arange(self.given - samples, self.given, dtype="<i2").tobytes()

    def close(self) -> None:
        self.closed = True


def test_a_recording_comes_whole_and_what_breaks_it_is_told(tmp_path):
    made: list[Microphone] = []
    host = Host(Inside(tmp_path, record=lambda: made.append(Microphone()) or made[-1]))
    assert host.facts(m.AskInfo())["channels"] == 1
    host.send(m.Capture(5000))
    data = b""
    while isinstance(part := host.answer(), m.Recorded):
        assert part.at == len(data) // 2
        data += part.data
    assert part == m.Heard(0, 5000, zlib.crc32(data), 0, 0)
    assert data == np.arange(5000, dtype="<i2").tobytes()
    host.send(m.Capture(10**6))
    while isinstance(part := host.answer(), m.Recorded):
        pass
    assert part == m.Error(m.Capture.CODE, m.Status.NO_MICROPHONE, 0, b"OSError: pulled out")
    assert [one.closed for one in made] == [True, True]


def test_a_new_session_ends_what_was_under_way_and_keeps_the_models(tmp_path, model):
    line = Inside(tmp_path)
    first = Host(line)
    first.load(upload_of(model))
    first.send(m.Start(1), m.Audio(0, SOUND[:5000].tobytes()), m.Run(10**9))
    first.pump()
    second = Host(line)
    assert second.ask(m.Stop()).status == m.Status.ORDER
    assert len(second.hear(SOUND)[0]) == STEPS


def test_bytes_that_are_no_frames_do_no_harm(host, model):
    rng = stream(3, "noise")
    host.line.write(b"\0" + rng.bytes(5000) + b"\0")
    frame = to_bytes(Frame(Kind.DATA, host.link.session, 7, 0, 0, 8, rng.bytes(900)))
    host.line.write(frame[:500])
    host.line.write(b"\0")
    assert host.load(upload_of(model)).state == m.State.READY
    assert host.line.agent.link.splitter.bad >= 2


# As a program ---------------------------------------------------------------------------------------------------


@pytest.fixture
def local(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    line = table.connect(Target("local"))
    yield line
    line.close()


def gone(pid: int, *, seconds: float = 5.0) -> bool:
    """Tell whether a process has ended by then (one that nobody has asked for, too)."""
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_the_agent_of_this_machine_scores_as_the_detector_does_and_leaves_nothing(local, model, tmp_path):
    host = Host(local)
    host.load(upload_of(model))
    rows, _ = host.hear(SOUND)
    assert np.array_equal(rows["models"]["value"][:, 0].copy().view("<f4"), Detector(model).raw_scores(SOUND))
    assert list(tmp_path.glob("wakegen-agent-*/0/model.onnx"))
    local.close()
    assert gone(local.pid)
    assert not list(tmp_path.glob("wakegen-agent-*"))
    with pytest.raises(DeviceLost, match="was closed"):
        local.read(0.1)


def test_an_agent_that_was_killed_is_noticed_at_once_and_the_next_one_tidies_up(local, model, tmp_path):
    host = Host(local)
    host.load(upload_of(model))
    os.kill(local.pid, signal.SIGKILL)
    with pytest.raises(DeviceLost, match=r"The agent on this machine ended by signal 9\.$"):
        host.wait(lambda: False, seconds=5)
    (left,) = tmp_path.glob("wakegen-agent-*")
    other = table.connect(Target("local"))
    Host(other)
    assert not left.exists()
    other.close()


def test_the_agent_ends_when_its_host_is_killed_in_the_middle_of_a_run(model):
    code = f"""
from pathlib import Path
from tests.devices.talking import Host
from tests.devices.test_agent import upload_of
from wakegen.devices import messages as m
from wakegen.devices.transports import local
line = local.connect(None)
host = Host(line)
host.load(upload_of(Path({str(model)!r})))
host.send(m.Start(1), m.Audio(0, bytes(2560)), m.Stop(), m.Run(10**9))
host.answer(), host.answer()
print(line.pid, flush=True)
while True: host.pump()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            agent = int(process.stdout.readline())
        finally:
            process.kill()
    assert gone(agent)


def test_it_does_not_run_as_root_nor_in_a_terminal():
    if os.geteuid() == 0:
        done = subprocess.run(
            [sys.executable, "-m", "wakegen.devices.agent_main"], capture_output=True, text=True, input=""
        )
        assert done.returncode == 60
        assert "does not run as root" in done.stderr
    done = subprocess.run(
        [sys.executable, "-m", "wakegen", "device-agent", "--allow-root"], capture_output=True, input=b""
    )
    assert done.returncode == 0
    assert done.stdout == b""
    assert b"ready" in done.stderr


def test_a_program_that_does_not_listen_is_ended(tmp_path):
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('x', flush=True); time.sleep(60)"
    line = ChildLine([sys.executable, "-c", code], title="It")
    while not line.read(5.0):
        pass
    line.close()
    assert gone(line.pid)


def test_without_the_host_build_its_absence_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(loopback, "PROGRAM", tmp_path / "none")
    with pytest.raises(NotInstalled, match="host build is not here"):
        table.connect(Target("loopback"))


def test_splitting_a_stream_keeps_what_is_between_frames():
    splitter = Splitter()
    frame = Frame(Kind.DATA, 3, 1, body=bytes(range(256)) * 9)
    found = [one for byte in b"boot\0" + to_bytes(frame) for one in splitter.push(bytes((byte,)))]
    assert found == [frame]
    assert bytes(splitter.text) == b"boot"
