"""`wakegen devices`: what answers, and what profiles say."""

from __future__ import annotations

import json
import zlib

import wakegen
from benchmarks.bridge import bridged_pty
from tests.integers import integer_detector
from tests.native import needs_c
from wakegen.cli.guard import run
from wakegen.devices import ports
from wakegen.devices.client import Device
from wakegen.devices.transports import loopback, table
from wakegen.devices.transports.base import Target


@needs_c
def test_what_answers_is_told_and_what_does_not_with_the_reason(tmp_path, monkeypatch):
    model = integer_detector(tmp_path).read_bytes()
    with bridged_pty(loopback.connect(Target("loopback"))) as path:
        with Device(table.connect(Target("serial", path))) as device:
            device.load(model)
        there = (
            ports.Port(path, "a board", 0x303A, 0x1001, "", True),
            ports.Port("/dev/ttyNOPE", "none", 0x303A, 0x1001, "", True),
            ports.Port("/dev/ttyS0", "", None, None, "", False),
        )
        monkeypatch.setattr(ports, "list_ports", lambda: there)
        board, gone, host = wakegen.scan_devices(["nobody@127.0.0.1:9"])
    assert (board.address, board.what, board.why) == (path, "host", "")
    assert board.models == f"{zlib.crc32(model):08x}"
    assert "no port /dev/ttyNOPE" in gone.why
    assert "cannot be reached" in host.why or "asyncssh" in host.why


def test_profiles_are_listed_with_their_sources(capsys):
    assert run(["devices", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["devices"]
    assert {"esp32", "esp32s3", "rpi4"} <= {row["name"] for row in rows}
    assert run(["devices", "show", "esp32s3", "--json"]) == 0
    values = {row["key"]: row for row in json.loads(capsys.readouterr().out)["values"]}
    assert values["compute.chip"]["value"] == "ESP32-S3"
    assert values["microphones.0.noise_dba"]["source"].startswith("datasheet ICS-43434")
    assert values["use.distance_m"]["source"] == "assumed"
    assert run(["devices", "show", "esp33"]) == 3
    assert "esp32s3" in capsys.readouterr().err
