"""What the firmware's state machine asks of a port: flash that may fail, a microphone, a counter that runs over."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from tests.devices.c_device import Board
from tests.devices.small_wgm import small_sound, small_wgm
from tests.devices.talker import STEP, audio, expected
from tests.native import needs_c
from wakegen.core.errors import DeviceLost
from wakegen.devices import facts
from wakegen.devices.link import Link, Terms
from wakegen.devices.messages import (
    AskInfo,
    AskStats,
    Cancel,
    Capture,
    Chunk,
    Error,
    Heard,
    Load,
    Loaded,
    Recorded,
    Scores,
    Start,
    State,
    Status,
    Stop,
    records,
)  # fmt: skip

pytestmark = needs_c
MODEL = small_wgm()


def load(board: Board, data: bytes = MODEL, slot: int = 0) -> Loaded | Error:
    chunks = [Chunk(slot, at, data[at : at + 200]) for at in range(0, len(data), 200)]
    first, *rest = board.ask(Load(slot, len(data), zlib.crc32(data)))
    if isinstance(first, Error) or first.state == State.READY:
        return first
    assert not rest
    return board.ask(*chunks)[0]


def scores(board: Board, sound: np.ndarray) -> list[list[tuple[int, int]]]:
    said = board.ask(Start(1), *audio(sound, 100), Stop(), answers=len(sound) // STEP + 1)
    steps = [records(one)[0] for one in said if isinstance(one, Scores)]
    assert isinstance(said[-1], Heard)
    return [[(int(v["value"]), int(v["flags"])) for v in step["models"]] for step in steps]


def test_a_model_in_flash_is_read_where_it_lies_and_outlives_a_restart():
    board, sound = Board(), small_sound(14)
    said = load(board, slot=1)
    assert said.state == State.READY
    assert said.init_ticks == 100
    assert board.erased == [(1, len(MODEL))]
    assert board.flash[1, : len(MODEL)].tobytes() == MODEL
    wanted = expected([MODEL], sound)
    assert scores(board, sound) == wanted
    board.restart()
    assert board.adopt(1, 8192) == 0
    assert board.ask(Load(1, len(MODEL), zlib.crc32(MODEL))) == [said]
    assert scores(board, sound) == wanted
    assert len(board.erased) == 1


@pytest.mark.parametrize(("bad", "about", "detail"), [("erase", Load, -9), ("write", Chunk, -7), ("mapped", Chunk, 0)])
def test_a_flash_that_fails_is_said(bad, about, detail):
    board = Board()
    board.bad = bad
    said = load(board, MODEL[:150])
    assert (said.status, said.about, said.detail) == (Status.STORAGE, about.CODE, detail)
    board.bad = ""
    assert load(board).state == State.READY


def test_a_flash_that_keeps_something_else_is_found():
    board = Board()
    board.bad = "bit"
    assert load(board, MODEL[:150]).status == Status.CHECKSUM


def test_what_cannot_be_adopted_leaves_the_slot_empty():
    board = Board(arena_bytes=4000)
    assert board.adopt(0, 8192) == -2
    assert board.adopt(2, 100) == board.adopt(0, 8193) == -5
    board.flash[0, : len(MODEL)] = np.frombuffer(MODEL, np.uint8)
    assert board.adopt(0, 8192) == -6
    assert board.ask(Start(1))[0].status == Status.EMPTY


def test_sound_of_the_microphone_arrives_whole():
    board = Board(microphone=small_sound(3))
    said = board.ask(Capture(3000), answers=-(-3000 // 125) + 1)
    assert [one.at for one in said[:-1]] == list(range(0, 3000, 125))
    sound = b"".join(one.data for one in said[:-1] if isinstance(one, Recorded))
    assert sound == small_sound(3)[:3000].tobytes()
    assert said[-1] == Heard(0, 3000, zlib.crc32(sound), 0, 0)
    assert board.ask(Capture(0)) == [Heard(0, 0, 0, 0, 0)]
    load(board)
    assert "channels" not in facts.from_bytes(board.ask(AskInfo())[0].facts), "only the port knows"
    assert scores(board, small_sound(12)) == expected([MODEL], small_sound(12))


def test_a_microphone_that_stops_is_said_and_a_capture_can_be_cancelled():
    board = Board(microphone=small_sound(1))
    *recorded, said = board.ask(Capture(1281), answers=11)
    assert len(recorded) == 10
    assert (said.status, said.about, said.detail) == (Status.NO_MICROPHONE, Capture.CODE, -3)
    board.heard = 0
    *recorded, said = [*board.ask(Capture(1280), answers=2), *board.ask(Cancel())]
    assert said.samples == sum(len(one.data) // 2 for one in recorded) < 1280


def test_ticks_may_run_over():
    board = Board()
    load(board)
    board.ticks = (1 << 32) - 150
    said = board.ask(Start(1), *audio(small_sound(2), 100), answers=2)
    assert [int(records(one)[0]["ticks"]) for one in said] == [100, 100]
    assert board.ticks > 1 << 32


def test_the_smallest_messages_do():
    board, sound = Board(max_body=64), small_sound(12)
    board.host = Link(session=9, terms=Terms(max_body=64))
    board.ask(Load(0, len(MODEL), zlib.crc32(MODEL)))
    said = board.ask(*(Chunk(0, at, MODEL[at : at + 50]) for at in range(0, len(MODEL), 50)))
    assert said[0].state == State.READY
    said = board.ask(Start(1), *audio(sound, 29), Stop(), answers=13)
    assert [int(records(one)["models"]["value"][0, 0]) for one in said[:-1]] == [
        v for [(v, _)] in expected([MODEL], sound)
    ]
    assert len(board.ask(AskInfo())[0].facts) <= 63
    assert facts.from_bytes(board.ask(AskStats())[0].facts)["arena_used"] > 0
    board.host = Link(session=10, terms=Terms(max_body=60))
    with pytest.raises(DeviceLost):
        board.ask(AskInfo())
