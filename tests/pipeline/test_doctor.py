"""`wakegen doctor`: each thing that is wrong is named, with its remedy."""

from __future__ import annotations

import json
from types import SimpleNamespace

from wakegen.cli.guard import run
from wakegen.core.errors import WakegenError
from wakegen.devices import ports
from wakegen.features import c_library
from wakegen.pipeline import doctor


def by_name():
    return {one.what: one for one in doctor.examine()}


def test_a_whole_installation_has_nothing_wrong(capsys):
    assert run(["doctor", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["wrong"] == 0
    assert {"Python", "speech embedding", "C engine", "cache", "engines"} <= {
        one["what"] for one in document["findings"]
    }


def test_what_is_wrong_is_named_and_the_rest_is_looked_at_all_the_same(monkeypatch, tmp_path, capsys):
    def broken(**_):
        raise WakegenError("It computes something else.", hint="Install openwakeword again.")

    monkeypatch.setattr(doctor, "Embedder", broken)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: SimpleNamespace(free=1e9))
    monkeypatch.setattr(c_library, "is_there", lambda: False)
    found = by_name()
    assert (found["embedding"].verdict, found["embedding"].remedy) == (doctor.WRONG, "Install openwakeword again.")
    assert (found["cache"].verdict, found["C engine"].verdict) == (doctor.WORTH, doctor.WORTH)
    assert "1.0 GB left" in found["cache"].found
    assert found["engines"].verdict
    assert run(["doctor"]) == 1
    assert "1 thing is wrong" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_and_a_board_that_cannot_be_had(monkeypatch, tmp_path):
    monkeypatch.setenv("WAKEGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: not str(path).startswith(str(tmp_path)))
    board = ports.Port("/dev/ttyNOPE", "a board", 0x303A, 0x1001, "", True)
    monkeypatch.setattr(ports, "list_ports", lambda: (board,))
    found = by_name()
    assert (found["cache"].verdict, "cannot be written" in found["cache"].found) == (doctor.WRONG, True)
    assert "no port /dev/ttyNOPE" in found["/dev/ttyNOPE"].found
