"""What a device says is shown line by line, whether as text or in frames, and however its bytes are cut."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.firmware.board import Board
from wakegen.core.errors import DeviceLost
from wakegen.core.events import Notice
from wakegen.devices import frames, messages
from wakegen.firmware import monitor as monitoring
from wakegen.firmware.monitor import Ear, Said, monitor


def log(text: str, *, level: int = 20, seq: int = 0, session: int = 7) -> bytes:
    body = messages.to_bytes(messages.Log(level, text.encode()))
    return frames.to_bytes(frames.Frame(frames.Kind.DATA, session, seq, body=body))


BOOT = "ESP-ROM:esp32c3-api1-20210207\r\nrst:0x1 (POWERON),boot:0xc\r\n\x1b[0;32mI (30) wakegen: Grüße\x1b[0m\n"
STREAM = (
    BOOT.encode() + b"\0" + log("one\0half", seq=0) + log("one\0half", seq=0) + log("two", level=40, seq=1)
    + frames.to_bytes(frames.Frame(frames.Kind.PING, 7)) + b"text\n" + log("three", seq=2) + b"\x80\x01\x02\0" + b"the end"
)  # fmt: skip
SAID = [
    Said("text", 0, "ESP-ROM:esp32c3-api1-20210207"),
    Said("text", 0, "rst:0x1 (POWERON),boot:0xc"),
    Said("text", 0, "I (30) wakegen: Grüße"),
    Said("log", 20, "onehalf"),
    Said("log", 40, "two"),
    Said("text", 0, "text"),
    Said("log", 20, "three"),
    Said("text", 0, "the end"),
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_lines_do_not_depend_on_how_the_bytes_are_cut(cuts):
    ear, said = Ear(), []
    edges = [0, *sorted(cuts), len(STREAM)]
    for start, end in pairwise(edges):
        said += ear.push(STREAM[start:end])
    assert said + ear.flush() == SAID
    assert (ear.frames, ear.noise) == (5, 3)


@given(st.binary(max_size=3000))
def test_no_bytes_upset_it(data):
    ear = Ear()
    for said in ear.push(data) + ear.flush():
        assert "\x1b" not in said.text


def test_noise_without_an_end_does_not_fill_memory():
    ear = Ear()
    for _ in range(100):
        ear.push(b"\x01\x02\x03" * 10_000)
    assert len(ear._rest) < 200_000
    assert ear.noise > 1_000_000


def test_a_device_is_heard_for_as_long_as_was_said():
    said = []
    board = Board()
    board.idle = lambda: board.send(b"hello\n")
    with board:
        monitor(board.port, said.append, seconds=0.3)
    assert Said("text", 0, "hello") in said


def test_a_wrong_speed_is_guessed_from_what_arrives():
    events = []
    board = Board()
    board.idle = lambda: board.send(b"\x9f\x81\x02\0" * 500)
    with board:
        monitor(board.port, lambda said: None, seconds=0.3, on_event=events.append)
    assert any("right --baud" in event.message for event in events if isinstance(event, Notice))


def test_a_port_that_goes_away_and_comes_back_is_heard_on(tmp_path, monkeypatch):
    """As that of a chip with its own USB does at a reset: under another number, perhaps; the name here is a link."""
    name = tmp_path / "by-id"
    first, second = Board(), Board()
    first.idle, second.idle = lambda: first.send(b"before\n"), lambda: second.send(b"after\n")
    said, heard = [], threading.Event()

    def tell(one: Said) -> None:
        said.append(one.text)
        heard.set()

    def swap() -> None:
        heard.wait(5)
        name.unlink()
        first.__exit__(None)
        name.symlink_to(second.port)

    name.symlink_to(first.port)
    first.__enter__()
    with second:
        thread = threading.Thread(target=swap)
        thread.start()
        monitor(str(name), tell, seconds=1.0)
        thread.join()
    assert said[0] == "before"
    assert said[-1] == "after"


def test_a_port_that_does_not_come_back_is_an_error(monkeypatch):
    monkeypatch.setattr(monitoring, "_BACK_S", 0.1)
    board = Board()
    board.__enter__()
    threading.Timer(0.1, lambda: board.__exit__(None)).start()
    with pytest.raises(DeviceLost, match="did not come back"):
        monitor(board.port, lambda said: None, seconds=5)
