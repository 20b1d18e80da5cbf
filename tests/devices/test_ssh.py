"""The agent through a real SSH server: the same scores, and each thing that can go wrong by its name."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

import wakegen
from benchmarks.sshd import PROGRAM, Sshd
from tests.devices.talking import Host
from tests.devices.test_agent import integers, model, upload_of  # noqa: F401 (fixtures)
from tests.devices.test_bench import kept, until
from tests.heads import bursts
from tests.native import needs_c
from wakegen.core.errors import BadInput, DeviceError, DeviceLost, NotInstalled
from wakegen.devices import messages as m
from wakegen.devices import zipapp
from wakegen.devices.transports import ssh, table
from wakegen.devices.transports.base import Target
from wakegen.devices.transports.ssh_address import as_arguments, split
from wakegen.runtime import Detector
from wakegen.runtime.integer import IntegerDetector

ssh_login = pytest.importorskip(
    "wakegen.devices.transports.ssh_login", reason="needs asyncssh: pip install 'wakegen[ssh]'"
)

pytestmark = [
    pytest.mark.xdist_group("sshd"),
    pytest.mark.skipif(not PROGRAM.exists(), reason="needs sshd: apt install openssh-server"),
]
SOUND = bursts(5.0)


@pytest.fixture(scope="module")
def sshd():
    """A server in a folder that other accounts may look into, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="wakegen-sshd-") as folder:
        server = Sshd(Path(folder))
        yield server
        server.stop()


@pytest.fixture(autouse=True)
def nothing_stays_open(request):
    """Whatever a test that failed left behind does not concern the next."""
    yield
    if "sshd" in request.fixturenames:
        request.getfixturevalue("sshd").cut()


@pytest.fixture(scope="module")
def target(sshd) -> Target:
    python = sshd.python("numpy")
    if not python:
        pytest.skip(f"the account {sshd.user} may run no Python {sys.version_info[0]}.{sys.version_info[1]}")
    return Target("ssh", sshd.address, key_file=sshd.folder / "key", known_hosts=sshd.known_hosts, python=python)


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A home of one's own, with no keys and no known hosts."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (tmp_path / ".ssh").mkdir()
    return tmp_path


def within(seconds: float, done) -> bool:
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s and not done():
        time.sleep(0.02)
    return bool(done())


@needs_c
def test_scores_through_ssh_are_those_of_this_machine(sshd, target, model, integers):  # noqa: F811
    written_ns = set()
    for _ in range(2):
        line = table.connect(target)
        host = Host(line)
        assert host.facts(m.AskInfo())["runtime"] == "c"
        host.load(upload_of(model))
        loaded = host.load(integers.read_bytes(), slot=1)
        rows, _ = host.hear(SOUND)
        floats, sums = rows["models"]["value"][:, 0].copy().view("<f4"), rows["models"]["value"][:, 1].view("<i4")
        assert np.allclose(floats, Detector(model, runtime="c").raw_scores(SOUND), atol=1e-6)
        there = IntegerDetector(integers).raw_scores(SOUND)[24:]
        assert np.allclose(1 / (1 + np.exp(-sums[24:] * loaded.scale)), there, atol=1e-6)
        line.close()
        assert within(5, lambda: not sshd.agents())
        (uploaded,) = (sshd.home / ".cache/wakegen").glob("*.pyz")
        written_ns.add(uploaded.stat().st_mtime_ns)
        assert len(written_ns) == 1, "what is there is not brought again"
        assert uploaded.parent.stat().st_mode & 0o077 == 0
    with pytest.raises(DeviceLost, match="the line was closed"):
        line.read(0.1)


def test_through_a_jump_host(sshd, target):
    line = table.connect(replace(target, jump=sshd.address))
    assert Host(line).facts(m.AskInfo())["port"] == "agent"
    assert len(sshd.connections()) == 2
    line.close()
    assert within(5, lambda: not sshd.connections())
    with pytest.raises(DeviceError, match="cannot be reached from the jump host"):
        table.connect(replace(target, address=f"{sshd.user}@127.0.0.1:1", jump=sshd.address))


def test_a_connection_that_breaks_in_the_middle_is_noticed_at_once_and_leaves_no_agent(sshd, target, model):  # noqa: F811
    host = Host(table.connect(target))
    host.load(upload_of(model))
    host.hear(SOUND)
    host.send(m.Run(10**9))
    host.answer()
    assert len(sshd.agents()) == 1
    sshd.cut()
    begun_s = time.monotonic()
    with pytest.raises(DeviceLost, match=r"The agent on .* is gone: the connection broke"):
        host.wait(lambda: False, seconds=30)
    assert time.monotonic() - begun_s < 5
    with pytest.raises(DeviceLost):
        host.line.write(b"more")
    host.line.close()
    assert within(5, lambda: not sshd.agents())


def test_a_network_that_died_is_noticed_by_keepalive(sshd, target, monkeypatch):
    monkeypatch.setattr(ssh_login, "_KEEPALIVE_S", 0.3)
    host = Host(table.connect(target))
    paused = sshd.serving()
    for pid in paused:
        os.kill(pid, signal.SIGSTOP)
    begun_s = time.monotonic()
    with pytest.raises(DeviceLost, match="the connection broke"):
        host.wait(lambda: False, seconds=30)
    assert time.monotonic() - begun_s < 9, "sooner than the link itself would notice"
    host.line.close()
    for pid in paused:
        os.kill(pid, signal.SIGCONT)
    assert within(5, lambda: not sshd.agents())


def test_an_agent_that_died_is_noticed_at_once(sshd, target):
    host = Host(table.connect(target))
    os.kill(*sshd.agents(), signal.SIGKILL)
    with pytest.raises(DeviceLost, match="it ended by signal KILL"):
        host.wait(lambda: False, seconds=5)
    host.line.close()


def test_a_host_that_is_killed_leaves_nothing_on_the_other_side(sshd, target):
    code = f"""
from pathlib import Path, PosixPath
from wakegen.devices.transports.base import Target
from tests.devices.talking import Host
from wakegen.devices.transports import table
host = Host(table.connect({target!r}))
print("up", flush=True)
while True: host.pump()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            assert len(sshd.agents()) == 1
        finally:
            process.kill()
    assert within(5, lambda: not sshd.agents() and not sshd.connections())


def test_a_host_key_that_is_not_known_is_refused_with_the_command_to_keep_it(sshd, target, tmp_path):
    empty = tmp_path / "known"
    empty.write_text("")
    with pytest.raises(DeviceError, match=rf"The host key of 127.0.0.1 \(port {sshd.port}\) is not known") as caught:
        table.connect(replace(target, known_hosts=empty))
    command = re.findall("`(ssh-keyscan [^`]* >> [^`]*)`", caught.value.hint)[0]
    subprocess.run(command, shell=True, check=True, capture_output=True)
    table.connect(replace(target, known_hosts=empty)).close()


def test_a_host_key_that_changed_is_refused(sshd, target, tmp_path):
    other = tmp_path / "known"
    other.write_text(sshd.known_line("other_host_key"))
    with pytest.raises(DeviceError, match="is not the one that is known") as caught:
        table.connect(replace(target, known_hosts=other))
    assert f"ssh-keygen -R '[127.0.0.1]:{sshd.port}' -f {other}" in caught.value.hint


def test_a_key_that_is_not_welcome_is_refused(sshd, target, home):
    for wrong in (sshd.folder / "other_key", None):
        with pytest.raises(DeviceError, match="does not let you in") as caught:
            table.connect(replace(target, key_file=wrong))
        assert f"ssh-copy-id -p {sshd.port} {sshd.user}@127.0.0.1" in caught.value.hint
    with pytest.raises(BadInput, match="There is no key at"):
        table.connect(replace(target, key_file=home / "none"))
    with pytest.raises(BadInput, match="There is no file of known hosts"):
        table.connect(replace(target, known_hosts=home / "none"))


def test_a_host_that_does_not_answer_is_named(target):
    with pytest.raises(DeviceError, match=r"127\.0\.0\.1:1 cannot be reached: Connection refused\.") as caught:
        table.connect(replace(target, address="127.0.0.1:1"))
    assert "`ssh -p 1 127.0.0.1`" in caught.value.hint


def test_a_name_of_the_ssh_configuration_is_understood_and_cannot_switch_the_check_off(sshd, target, home):
    config = home / ".ssh" / "config"
    config.write_text(
        f"Host board\n HostName 127.0.0.1\n Port {sshd.port}\n User {sshd.user}\n IdentityFile {sshd.folder}/key\n"
        f" UserKnownHostsFile none\n StrictHostKeyChecking no\nHost far\n HostName 127.0.0.1\n Port {sshd.port}\n"
        f" User {sshd.user}\n IdentityFile {sshd.folder}/key\n ProxyJump board\n"
    )
    named = replace(target, address="board", key_file=None, known_hosts=None)
    for address in ("board", "far"):
        with pytest.raises(DeviceError, match="is not known"):
            table.connect(replace(named, address=address))
    (home / ".ssh" / "known_hosts").write_text(sshd.known_hosts.read_text())
    line = table.connect(replace(named, address="far"))
    assert len(sshd.connections()) == 2
    line.close()
    config.write_text("Host board\n Port many\n")
    with pytest.raises(BadInput, match="config or a key cannot be used"):
        table.connect(named)


def test_what_is_missing_there_is_named(sshd, target):
    for python in ("python3.99", "python3; touch bad", "$(touch bad)", "`touch bad`"):
        with pytest.raises(DeviceError, match="has no python3.99" if python == "python3.99" else "has no") as caught:
            table.connect(replace(target, python=python))
        assert "apt install python3" in caught.value.hint
    assert not (sshd.home / "bad").exists()
    with pytest.raises(DeviceError, match="has no numpy") as caught:
        table.connect(replace(target, python=sshd.python(name="bare")))
    assert "python3-numpy" in caught.value.hint
    name, data = zipapp.build()
    cache = sshd.folder / "cache"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(cache / "wakegen" / name.removesuffix(".pyz"))
    subprocess.run(["chmod", "-R", "a+rX", cache], check=True)
    for gone in ("native", "firmware_harness"):
        (cache / "wakegen" / name.removesuffix(".pyz") / gone).rename(sshd.folder / gone)
    python = sshd.python("numpy", before=f"export XDG_CACHE_HOME={cache}", name="no-runtime")
    with pytest.raises(DeviceError, match="nothing to run a detector with") as caught:
        table.connect(replace(target, python=python))
    assert "apt install gcc" in caught.value.hint


def test_an_agent_that_was_damaged_there_is_brought_anew(sshd, target):
    table.connect(target).close()
    (there,) = (sshd.home / ".cache/wakegen").glob("*.pyz")
    whole = there.read_bytes()
    there.write_bytes(whole.replace(b"#!/usr", b"#!/bin", 1))
    with pytest.raises(DeviceError, match=r"ended with code 64: .* is damaged"):
        table.connect(target)
    table.connect(target).close()
    assert there.read_bytes() == whole
    assert not list(there.parent.glob("*.part"))


def test_without_asyncssh_the_extra_is_named(monkeypatch, target):
    monkeypatch.setattr(ssh, "find_spec", lambda _: None)
    with pytest.raises(NotInstalled, match="asyncssh") as caught:
        table.connect(target)
    assert caught.value.hint == "pip install 'wakegen[ssh]'"


@pytest.mark.parametrize(
    ("address", "parts", "arguments"),
    [
        ("pi", ("", "pi", 0), "pi"),
        ("me@pi.local:2222", ("me", "pi.local", 2222), "-p 2222 me@pi.local"),
        ("me@[fe80::1]:22", ("me", "fe80::1", 22), "-p 22 me@fe80::1"),
        ("fe80::1", ("", "fe80::1", 0), "fe80::1"),
        ("[fe80::1]", ("", "fe80::1", 0), "fe80::1"),
    ],
)
def test_addresses_as_people_write_them(address, parts, arguments):
    assert split(address) == parts
    assert as_arguments(address) == arguments


@pytest.mark.parametrize(
    "address", ["", "me@", "pi:", "pi:ssh", "pi:0", "pi:70000", "-oProxyCommand=x", "me@-x", "a b"]
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(BadInput, match="is no address of a computer"):
        split(address)


@needs_c
def test_a_measurement_goes_on_when_the_connection_drops(sshd, target, integers, tmp_path):  # noqa: F811
    for number in range(4):
        soundfile.write(tmp_path / f"said-{number}.wav", bursts(3.0, seed=number), 16_000)
    detector = tmp_path / "test.wgm"
    detector.write_bytes(integers.read_bytes())

    def measured() -> dict:
        return wakegen.bench_device(detector, target=target, seconds=60.0, audio=[tmp_path]).document

    def cut() -> None:
        until(lambda: kept(tmp_path) >= 1)
        sshd.cut()

    whole = measured()
    thread = threading.Thread(target=cut)
    thread.start()
    again = measured()
    thread.join()
    assert again["session"]["line"]["reconnected"] >= 1
    assert again["evaluation"] == whole["evaluation"]
    assert again["session"]["parity"]["exact"]
