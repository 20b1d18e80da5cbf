"""`wakegen bench` on the firmware's own program: figures that are exact, whatever happens to the line, the device or the host."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import soundfile

import wakegen
from benchmarks.bridge import bridged_pty
from tests.disk import mounted, resize
from tests.heads import bursts
from tests.integers import integer_detector
from tests.native import needs_c
from wakegen.core.errors import BadInput, DeviceError, DeviceLost, StorageError
from wakegen.devices.client import Device
from wakegen.devices.faults import Faults, FaultyTransport
from wakegen.devices.transports import loopback, table
from wakegen.devices.transports.base import Target
from wakegen.devices.transports.child import ChildLine
from wakegen.runtime.integer import IntegerDetector

pytestmark = needs_c
SCHEMA = Path(wakegen.__file__).parents[1] / "docs" / "schemas" / "report.schema.json"
HERE = Target("loopback")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A detector, and recordings for it to hear."""
    made = tmp_path_factory.mktemp("bench")
    integer_detector(made, seed=1, logit=-0.85)
    for number in range(8):
        soundfile.write(made / f"said-{number}.wav", bursts(2.5, seed=number), 16_000)
    (made / "negative").mkdir()
    for number in range(3):
        soundfile.write(made / "negative" / f"other-{number}.wav", bursts(20.0, seed=50 + number), 16_000)
    (made / "negative" / "broken.wav").write_bytes(b"no sound")
    return made


@pytest.fixture(scope="module")
def undisturbed(folder):
    return bench(folder, HERE).document


def bench(folder: Path, target: Target, **more):
    said = more.pop("said", [])
    return wakegen.bench_device(
        folder / "test.wgm", target=target, seconds=6.0, audio=[folder], on_event=said.append, **more
    )


def evaluated(document) -> str:
    """All that was heard, as text that must be equal."""
    return json.dumps(document["evaluation"], sort_keys=True)


def test_what_a_device_hears_is_measured_exactly(folder, undisturbed):
    document = json.loads(json.dumps(undisturbed))
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    recall, accepts = document["evaluation"]["recall"], document["evaluation"]["false_accepts"]
    assert recall["total"] == 8
    assert accepts["hours"] == pytest.approx(60 / 3600)
    assert accepts["events"] > 0
    parity = document["session"]["parity"]
    assert parity["exact"]
    assert parity["clips"] >= 10
    assert document["session"]["info"]["runtime"] == "integers"
    assert document["session"]["memory"]["detector"] > 10_000
    assert document["session"]["line"]["overhead_pct"] < 5
    detector = IntegerDetector(folder / "test.wgm")
    sound = soundfile.read(folder / "said-0.wav", dtype="int16")[0]
    with Device(table.connect(HERE)) as device:
        device.load((folder / "test.wgm").read_bytes())
        steps = device.hear(sound).steps["models"][:, 0]
    assert steps["value"].view("<i4").tolist() == detector.steps_of(sound)["sum"].tolist()


def test_the_session_lies_beside_the_model(folder, undisturbed):
    found = wakegen.list_sessions(folder)
    place = found[0][0]
    assert {path.name for path in place.iterdir()} >= {"results.json", "report.html", "received.bin", "heard.db"}
    assert "On the device" in (place / "report.html").read_text()


def test_a_bad_line_changes_no_figure(folder, undisturbed, monkeypatch):
    straight = loopback.connect

    def bad(target):
        faults = Faults(bit_error_rate=1e-5, dropped=0.002, doubled=0.01, late=0.002, garbage=0.01)
        return FaultyTransport(straight(target), faults, seed=7)

    monkeypatch.setattr(loopback, "connect", bad)
    document = bench(folder, HERE).document
    assert document["session"]["line"]["again"] > 0
    assert evaluated(document) == evaluated(undisturbed)


def test_a_device_that_is_killed_is_started_again(folder, undisturbed, monkeypatch):
    straight, lines = loopback.connect, []

    def counted(target):
        line = straight(target)
        lines.append(line)
        if len(lines) < 3:
            threading.Timer(0.3, os.kill, (line.pid, signal.SIGKILL)).start()
        return line

    monkeypatch.setattr(loopback, "connect", counted)
    document = bench(folder, HERE).document
    assert document["session"]["line"]["reconnected"] == 2
    assert evaluated(document) == evaluated(undisturbed)


@pytest.mark.parametrize("transport", ["loopback", "local"])
def test_a_host_that_is_killed_goes_on_and_leaves_no_process(folder, tmp_path, transport):
    model = tmp_path / "test.wgm"
    model.write_bytes((folder / "test.wgm").read_bytes())
    command = [sys.executable, "-m", "wakegen", "bench", f"--{transport}", str(model), "--audio", str(folder), "--json"]
    whole = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    for path in (tmp_path / "sessions").iterdir():
        (path / "results.json").unlink()
        (path / "heard.db").unlink()
    for clips in (1, 4):
        host = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: kept(tmp_path) >= clips or host.poll() is not None)  # noqa: B023
        children = children_of(host.pid)
        host.kill()
        host.wait()
        assert children
        until(lambda: not any(alive(pid) for pid in children))  # noqa: B023
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "broke off after" in done.stderr
    again = json.loads(done.stdout)
    assert again["session"]["parity"]["known"] >= 4
    assert evaluated(again) == evaluated(whole)


def kept(folder: Path) -> int:
    import sqlite3

    for path in folder.glob("sessions/*/heard.db"):
        if not (path.parent / "results.json").exists():
            try:
                with sqlite3.connect(path) as db:
                    return db.execute("SELECT count(*) FROM heard").fetchone()[0]
            except sqlite3.Error:
                return 0
    return 0


def until(done, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "not within the time"
        time.sleep(0.01)


def children_of(pid: int) -> list[int]:
    import psutil

    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def alive(pid: int) -> bool:
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_the_same_figures_through_a_serial_port(folder, undisturbed):
    with bridged_pty(loopback.connect(HERE)) as path:
        document = bench(folder, Target("serial", path)).document
    assert evaluated(document) == evaluated(undisturbed)


def test_a_port_that_is_unplugged_ends_with_a_name_and_a_session_that_goes_on(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("wakegen.bench.reached._WAITS_S", (0.1,))
    model = tmp_path / "test.wgm"
    model.write_bytes((folder / "test.wgm").read_bytes())
    plugged = bridged_pty(loopback.connect(HERE))
    path = plugged.__enter__()

    def pull() -> None:
        until(lambda: kept(tmp_path) >= 2)
        plugged.__exit__(None, None, None)

    threading.Thread(target=pull).start()
    with pytest.raises(DeviceError, match=rf"{path} is gone|no port {path}"):
        wakegen.bench_device(model, target=Target("serial", path), seconds=600.0, audio=[folder])
    [session] = (tmp_path / "sessions").iterdir()
    assert not (session / "results.json").exists()
    assert kept(tmp_path) >= 2


def test_places_where_nothing_answers_are_named(folder, tmp_path):
    with pytest.raises(DeviceError, match="There is no port /dev/ttyNOPE"):
        bench(folder, Target("serial", "/dev/ttyNOPE"))
    with pytest.raises(DeviceError, match=r"Nothing answers at socket://127\.0\.0\.1:9"):
        bench(folder, Target("serial", "socket://127.0.0.1:9"))
    with pytest.raises(BadInput, match="names no host and port"):
        bench(folder, Target("serial", "socket://nowhere"))
    with pytest.raises(BadInput, match="no transport 'loopbak'"):
        bench(folder, Target("loopbak"))
    assert not [path for path in (folder / "sessions").iterdir() if not (path / "results.json").exists()]


def test_a_port_in_use_and_a_port_that_talks_nonsense(folder, monkeypatch):
    monkeypatch.setattr("wakegen.bench.reached._WAITS_S", ())
    master, slave = pty.openpty()
    path = os.ttyname(slave)
    stop = threading.Event()

    def talk() -> None:
        while not stop.wait(0.05):
            os.write(master, os.urandom(64))

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        line = table.connect(Target("serial", path))
        with pytest.raises(DeviceError, match="is held by"):
            table.connect(Target("serial", path))
        impatient = Device(line, patience_s=1.0)
        with pytest.raises(DeviceLost, match="has not answered for 1 s"):
            impatient.open()
        assert impatient.link.splitter.bad > 0
        line.close()
    finally:
        stop.set()
        thread.join()
        os.close(slave)
        os.close(master)


def test_a_profile_of_another_device_is_refused(folder):
    with pytest.raises(BadInput, match="rpi4 is a Raspberry Pi 4, and what answers at local is"):
        bench(folder, Target("local"), device="rpi4")


def test_a_model_for_which_there_is_no_file_in_integers(folder, tmp_path):
    from tests.heads import detector_files

    with pytest.raises(BadInput, match=r"runs detectors in integers, and there is no .*test\.wgm"):
        wakegen.bench_device(detector_files(tmp_path), target=HERE)


def test_a_device_without_a_microphone_says_so(folder, monkeypatch):
    monkeypatch.setattr("wakegen.bench.through_air.play_file", lambda path: ("speaker", ""))
    with pytest.raises(DeviceError, match="no microphone"):
        bench(folder, HERE, mic=True)


def test_several_models_share_the_device(folder, tmp_path):
    integer_detector(tmp_path, "one", seed=1)
    integer_detector(tmp_path, "two", seed=2)
    document = wakegen.bench_device(
        tmp_path / "one.wgm", target=HERE, beside=[tmp_path / "two.wgm"], seconds=6.0
    ).document
    assert [one["exact"] for one in (document["session"]["parity"], *document["session"]["others"])] == [True, True]
    assert document["session"]["others"][0]["known"] == 1  # the same clip, of which both made something


def test_real_time_is_not_hurried(folder, tmp_path):
    model = tmp_path / "test.wgm"
    model.write_bytes((folder / "test.wgm").read_bytes())
    document = wakegen.bench_device(model, target=HERE, seconds=5.0, realtime=True).document
    assert 0.5 < document["session"]["line"]["x_realtime"] <= 1.0


@pytest.mark.slow
def test_the_emulated_microcontroller_hears_the_same(folder, undisturbed):
    target = Target("qemu")
    try:
        table.connect(target).close()
    except wakegen.core.errors.NotInstalled as error:
        pytest.skip(str(error))
    document = wakegen.bench_device(
        folder / "test.wgm", target=target, device="esp32", seconds=5.0, clips=0, hours=0.0
    ).document
    assert document["session"]["parity"]["exact"]
    assert document["latency"]["estimated"].startswith("from instructions counted")
    assert document["session"]["info"]["ticks_are"] == "instructions"
    assert replace(target).title == "qemu"
    assert isinstance(table.connect(HERE), ChildLine)


def test_a_full_disk_is_named_and_the_session_goes_on_when_there_is_room(folder, undisturbed, tmp_path):
    with mounted(tmp_path / "disk", size_kb=1200) as disk:
        model = disk / "test.wgm"
        model.write_bytes((folder / "test.wgm").read_bytes())

        def measure():
            return wakegen.bench_device(model, target=HERE, seconds=600.0, audio=[folder])

        filler = disk / "filler"
        filler.write_bytes(bytes(850 << 10))
        with pytest.raises(StorageError):
            measure()
        filler.unlink()
        resize(disk, size_kb=8000)
        document = measure().document
        assert document["session"]["parity"]["known"] > 0
        assert evaluated(document) == evaluated(undisturbed)


def test_sessions_are_listed_and_compared(folder, undisturbed, capsys):
    from wakegen.cli.guard import run

    again = bench(folder, HERE)
    assert run(["bench", "list", "--project", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["sessions"]
    names = [Path(one["folder"]).name for one in found]
    assert again.session.name in names
    assert run(["bench", "compare", names[0], names[-1], "--project", str(folder)]) == 0
    assert "recall" in capsys.readouterr().out
    assert run(["bench", "compare", names[0], "nothing", "--project", str(folder)]) == 3
    assert "no finished session" in capsys.readouterr().err


def test_limits_of_mlperf_tiny_and_of_junit(folder, undisturbed, tmp_path, capsys):
    from wakegen.cli.guard import run

    model, said = str(folder / "test.wgm"), str(tmp_path / "bench.xml")
    where = ["bench", "--loopback", model, "--audio", str(folder), "--seconds", "6", "--mlperf-tiny", "--junit", said]
    code = run([*where, "--json"])
    document = json.loads(capsys.readouterr().out)
    rows = {row["name"]: row for row in document["limits"]}
    missed = undisturbed["evaluation"]["recall"]["total"] - undisturbed["evaluation"]["recall"]["hits"]
    assert rows["max_misses"]["value"] == missed
    assert rows["max_false_accepts"]["value"] == undisturbed["evaluation"]["false_accepts"]["events"]
    assert code == (0 if all(row["ok"] for row in rows.values()) else 6)
    text = Path(said).read_text()
    assert text.count("<testcase") == len(rows)
    assert text.count("<failure") == sum(not row["ok"] for row in rows.values())
