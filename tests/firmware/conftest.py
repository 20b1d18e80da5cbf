"""Firmware that is built once, chips in their loader, and the program itself."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

import pytest

from tests.firmware.board import Board
from tests.firmware.fake_rom import GOOD, Fault, Rom
from tests.firmware.images import image
from wakegen.cli.guard import run
from wakegen.firmware import build as building
from wakegen.firmware import flash as flashing


@pytest.fixture(autouse=True)
def needs_esptool():
    if find_spec("esptool") is None:
        pytest.skip("needs esptool")


@pytest.fixture(scope="session")
def bare(tmp_path_factory):
    """The firmware of a bare ESP32-C3, as `wakegen firmware build` makes it."""
    if shutil.which(building.COMPILER) is None or find_spec("esptool") is None:
        pytest.skip(f"needs {building.COMPILER} and esptool")
    return building.build("esp32c3", bare=True, out=tmp_path_factory.mktemp("bare"))


@pytest.fixture
def small(tmp_path):
    """A small image for an ESP32-C3."""
    path = tmp_path / "small.bin"
    path.write_bytes(image(5, parts=((0x40380000, bytes(range(256)) * 40),)))
    return path


@contextmanager
def in_loader(chip: str = "esp32c3", fault: Fault = GOOD, flash_bytes: int = 4 << 20):
    """Give the port of a chip that waits in its loader, and the chip."""
    board = Board()
    rom = Rom(chip, board.send, flash_bytes=flash_bytes, fault=fault)
    board.receive = rom.receive
    with board:
        yield board, rom


@pytest.fixture
def one_try(monkeypatch):
    """What does not answer is asked once."""
    monkeypatch.setattr(flashing, "_ATTEMPTS", 1)


@dataclass
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def cli(capsys, monkeypatch, tmp_path):
    """Run the program in this process."""
    monkeypatch.setenv("WAKEGEN_LOG_DIR", str(tmp_path / "log"))

    def call(*arguments: object) -> Outcome:
        code = run([str(argument) for argument in arguments])
        seen = capsys.readouterr()
        return Outcome(code, seen.out, seen.err)

    return call
