"""Without a board, all the way: built, flashed by the real esptool, and what is in flash then runs and is talked to."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("unicorn")

from tests.firmware.board import Board
from tests.firmware.c3 import Chip
from tests.firmware.conftest import in_loader
from wakegen.core.version import VERSION


def boots_when_opened(board: Board, flash: bytes) -> None:
    """Let the board run its flash: opening the port resets it, as it does real ones."""
    chips: list[Chip] = []

    def opened() -> None:
        chips[:] = [Chip(flash, usb_host=False)]

    def idle() -> None:
        chips[0].run()
        board.send(bytes(chips[0].uart_out))
        chips[0].uart_out.clear()

    board.opened, board.idle = opened, idle
    board.receive = lambda data: chips[0].uart_in.extend(data)


def test_what_was_flashed_runs_and_is_heard_and_asked(cli, bare):
    with in_loader() as (board, rom):
        done = cli("firmware", "flash", bare.folder, "--port", board.port, "--device", "esp32c3", "--json", "--quiet")
        assert done.code == 0, done.err
        assert json.loads(done.out)["chip"] == "esp32c3"
        boots_when_opened(board, bytes(rom.flash))
        heard = cli("firmware", "monitor", "--port", board.port, "--seconds", "1", "--json", "--quiet")
        assert heard.code == 0, heard.err
        [line] = json.loads(heard.out)["lines"]
        assert line["text"].startswith(f"wakegen {VERSION} on a bare ESP32-C3")
        asked = cli("firmware", "info", "--port", board.port, "--baud", "115200", "--json")
        assert asked.code == 0, asked.err
        assert json.loads(asked.out)["facts"]["chip"] == "ESP32-C3"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["flash", "{small}", "--device", "esp32s3"], 3, "is for ESP32-C3, and 'esp32s3' is an ESP32-S3."),
        (["flash", "{small}", "--port", "/dev/ttyUSB99"], 5, "There is no port /dev/ttyUSB99."),
        (["flash", "nothing.bin"], 3, "There is no nothing.bin."),
        (["flash", "{small}", "--at", "far"], 2, "'far' is not a number"),
        (["flash", "{small}", "--at", "-1"], 2, "below 0"),
        (["info", "nothing.bin"], 3, "cannot be read"),
        (["info", "{small}", "--port", "x"], 2, "not both"),
        (["monitor", "--port", "/dev/ttyUSB99"], 5, "There is no port /dev/ttyUSB99."),
        (["build"], 2, "--device NAME or --chip NAME"),
        (["build", "--chip", "esp32c9"], 3, "esp32c9"),
    ],
)
def test_an_error_is_two_lines_and_an_exit_code(cli, small, arguments, code, words):
    done = cli("firmware", *[one.format(small=small) for one in arguments])
    assert done.code == code
    assert words in done.err
    assert len(done.err.splitlines()) == 2


def test_an_image_says_what_it_is(cli, small):
    assert "ESP32-C3 image" in cli("firmware", "info", small).out
    assert json.loads(cli("firmware", "info", small, "--json").out)["chip"] == "esp32c3"
