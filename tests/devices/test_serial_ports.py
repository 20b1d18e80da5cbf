"""Which port is meant, and why one cannot be had: named, with what to do."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.firmware.board import Board
from wakegen.core.errors import BadInput, NoPort, PortBusy, PortDenied
from wakegen.devices import ports


@pytest.fixture
def plugged(monkeypatch):
    """Say what is plugged in."""

    def set_(*found):
        rows = [SimpleNamespace(device=device, vid=vid, pid=pid, serial_number=serial, description=text) for device, vid, pid, serial, text in found]  # fmt: skip
        monkeypatch.setattr(ports, "_pyserial_ports", lambda: rows)

    return set_


S3 = ("/dev/ttyACM0", 0x303A, 0x1001, "24:0A:C4:12:34:56", "USB JTAG/serial debug unit")
BRIDGE = ("/dev/ttyUSB0", 0x10C4, 0xEA60, "0001", "CP2102N")
MOUSE = ("/dev/ttyACM7", 0x1234, 0x0001, "", "Some modem")
UART = ("/dev/ttyS0", None, None, None, "n/a")


def test_ports_that_boards_have_come_first_with_what_they_are(plugged):
    plugged(UART, MOUSE, BRIDGE, S3)
    found = ports.list_ports()
    assert [(one.device, one.title, one.likely) for one in found] == [
        ("/dev/ttyACM0", "Espressif USB Serial/JTAG", True),
        ("/dev/ttyUSB0", "Silicon Labs CP2102", True),
        ("/dev/ttyACM7", "Some modem", False),
        ("/dev/ttyS0", "", False),
    ]


def test_the_ports_of_this_machine_can_be_listed():
    assert all(one.device for one in ports.list_ports())


def test_without_a_name_the_only_board_is_meant(plugged, monkeypatch):
    monkeypatch.setattr(ports, "check", lambda port: None)
    plugged(UART, S3)
    assert ports.choose(None) == "/dev/ttyACM0"
    plugged(UART, S3, BRIDGE)
    with pytest.raises(NoPort) as caught:
        ports.choose(None)
    assert "2 ports" in str(caught.value)
    assert "/dev/ttyACM0 (Espressif USB Serial/JTAG), /dev/ttyUSB0 (Silicon Labs CP2102)" in caught.value.hint
    plugged(UART)
    with pytest.raises(NoPort, match="No board is connected"):
        ports.choose(None)


@pytest.mark.parametrize(
    ("there", "hint"),
    [
        ((S3, BRIDGE, UART), "Did you mean /dev/ttyACM0?"),
        ((BRIDGE, UART), "Did you mean /dev/ttyUSB0?"),
        ((UART,), "No USB device with a serial port is connected; besides there is /dev/ttyS0."),
        ((), "No USB device with a serial port is connected."),
    ],
)
def test_a_port_that_is_not_there_is_refused_with_the_nearest_that_is(plugged, there, hint):
    plugged(*there)
    with pytest.raises(NoPort) as caught:
        ports.check("/dev/ttyACM9")
    assert (str(caught.value), caught.value.hint) == ("There is no port /dev/ttyACM9.", hint)


def test_a_port_of_others_is_refused_with_the_group_to_join(tmp_path, monkeypatch):
    path = tmp_path / "ttyUSB0"
    path.touch()
    monkeypatch.setattr(ports.os, "access", lambda *_: False)
    monkeypatch.setattr(ports.grp, "getgrgid", lambda gid: SimpleNamespace(gr_name="dialout"))
    with pytest.raises(PortDenied) as caught:
        ports.check(str(path))
    assert "belongs to the group dialout" in str(caught.value)
    assert 'sudo usermod -aG dialout "$USER"' in caught.value.hint
    monkeypatch.setattr(ports.grp, "getgrgid", lambda gid: SimpleNamespace(gr_name="root"))
    with pytest.raises(PortDenied) as caught:
        ports.check(str(path))
    assert "udev" in caught.value.hint


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_somebody_else_may_really_not_open_it():
    far, near = pty.openpty()
    os.fchmod(near, 0o600)
    code = "import os; print(os.access(__import__('sys').argv[1], os.R_OK | os.W_OK))"
    done = subprocess.run(["/usr/bin/env", "python3", "-c", code, os.ttyname(near)], user=65534, group=65534, extra_groups=[], capture_output=True, text=True, cwd="/")  # fmt: skip
    os.close(far), os.close(near)
    assert done.stdout.strip() == "False", done.stderr


@pytest.fixture
def holder():
    """Another program that has a port open."""
    with Board() as board:
        code = "import os, sys, time; os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY); print('open', flush=True); time.sleep(60)"  # fmt: skip
        process = subprocess.Popen([sys.executable, "-c", code, board.port], stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"open\n"
        yield board.port, process.pid
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_port_that_is_held_is_refused_with_who_holds_it(holder):
    port, pid = holder
    with pytest.raises(PortBusy) as caught:
        ports.choose(port)
    assert f"{port} is held by python" in str(caught.value)
    assert f"(process {pid})" in str(caught.value)


def test_a_url_is_a_port_too_and_one_that_is_wrong_is_said():
    assert ports.choose("socket://127.0.0.1:4000") == "socket://127.0.0.1:4000"
    with pytest.raises(BadInput, match="there is no 'nonsense://'"):
        ports.choose("nonsense://x")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("[Errno 2] could not open port /dev/x: [Errno 2] No such file or directory: '/dev/x'", NoPort),
        ("Could not open /dev/x, the port is busy or doesn't exist.\n([Errno 13] could not open port /dev/x: Permission denied)", PortDenied),
        ("[Errno 11] Could not exclusively lock port /dev/x: [Errno 11] Resource temporarily unavailable", PortBusy),
        ("[Errno 16] could not open port /dev/x: [Errno 16] Device or resource busy", PortBusy),
    ],
)  # fmt: skip
def test_what_the_system_says_of_a_port_means_one_of_these(text, kind):
    assert type(ports.from_os("/dev/x", text)) is kind
