"""The firmware over a real line: the program that is a device on this machine, with sanitizers, and rv32imc in QEMU."""

from __future__ import annotations

import contextlib
import os
import runpy
import shutil
import socket
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.devices.small_wgm import small_sound, small_wgm, whole_wgm
from tests.devices.talker import GOOD, PATIENCE_S, STEP, Talker, audio, crc_of, expected
from tests.native import needs_c
from wakegen.core.errors import DeviceLost
from wakegen.devices import facts
from wakegen.devices.faults import Faults
from wakegen.devices.messages import (
    AskInfo,
    AskStats,
    Audio,
    Cancel,
    Capture,
    Chunk,
    Error,
    Heard,
    Info,
    Load,
    Loaded,
    Run,
    Scores,
    Start,
    State,
    Stats,
    Status,
    Stop,
)  # fmt: skip
from wakegen.features.native import NativeInt8

HARNESS = Path(__file__).parents[2] / "firmware_harness"
CORE = HARNESS / "core"
WARNINGS = ("-Wall", "-Wextra", "-Werror")
SANITIZED = ("-std=c11", "-O1", "-g", "-funsigned-char", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
ARENA = 18_000  # of the device under test: four small detectors, but no larger one beside them
ROOM = 1 << 20

pytestmark = [needs_c, pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc")]


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("device") / "wakegen-device"
    build = runpy.run_path(str(HARNESS / "build.py"))
    assert build["build_device"](made, flags=(*SANITIZED, *WARNINGS, f"-DWG_PORT_ARENA={ARENA}"))
    return made


@contextlib.contextmanager
def running(program: Path, **more: Any) -> Iterator[Talker]:
    """Start the device, talk to it, and see that it ends well when its input does."""
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield Talker(process.stdout.fileno(), process.stdin.fileno(), **more)
            process.stdin.close()
            while process.stdout.read():
                pass
            assert process.wait(PATIENCE_S) == 0
        finally:
            process.kill()


@pytest.fixture
def talker(program) -> Iterator[Talker]:
    with running(program) as made:
        yield made


@pytest.fixture(scope="module")
def model() -> bytes:
    return small_wgm()


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return small_sound(30.4)


def ready(talker: Talker, data: bytes, slot: int = 0) -> Loaded:
    said = talker.load(data, slot=slot)
    assert isinstance(said, Loaded)
    assert said.state == State.READY
    return said


def refused(talker: Talker, status: int, about: type, detail: int | None = None) -> Error:
    said = talker.answer(Error)
    assert isinstance(said, Error)
    assert (said.status, said.about) == (status, about.CODE), said
    assert detail is None or said.detail == detail, said
    return said


def told(talker: Talker, question, kind: type[Info] | type[Stats]) -> dict[str, facts.Value]:
    talker.ask(question)
    return facts.from_bytes(talker.answer(kind).facts)


def test_it_says_what_it_is_and_how_it_fares(talker, model):
    info = told(talker, AskInfo(), Info)
    wanted = {
        "chip": "host",
        "port": "host",
        "core": os.uname().machine,
        "slots": 2,
        "model_room": ROOM,
        "arena_bytes": ARENA,
    }
    wanted |= {"rate_hz": 16_000, "channels": 0, "formats": "wgm", "runtime": "integers"}
    wanted |= {"ticks_are": "nanoseconds", "ticks_per_s": 1_000_000_000}
    assert wanted.items() <= info.items()
    assert {"version", "build"} <= info.keys()
    assert told(talker, AskStats(), Stats)["arena_used"] == 0
    loaded = ready(talker, model)
    stats = told(talker, AskStats(), Stats)
    assert stats["arena_used"] == loaded.arena > 4000
    assert 0 <= stats["uptime_ms"] < 60_000
    assert stats["frames_bad"] == 0


def test_a_model_is_loaded_and_says_what_it_takes(talker, model):
    talker.ask(Load(0, len(model), zlib.crc32(model)))
    assert talker.answer(Loaded) == Loaded(0, State.PARTIAL, 1, 0, len(model), zlib.crc32(model), 0, 0, 0.0)
    said = ready(talker, model)
    assert (said.slot, said.have, said.size, said.crc32) == (0, len(model), len(model), zlib.crc32(model))
    assert said.arena == -(-NativeInt8(model, source="x").arena_bytes // 16) * 16
    assert said.init_ticks > 0
    assert said.scale > 0
    talker.ask(Load(0, len(model), zlib.crc32(model)))  # the very same again: nothing to bring
    assert talker.answer(Loaded) == said
    talker.ask(Load(0, 0, 0))
    assert talker.answer(Loaded) == Loaded(0, State.EMPTY, 1, 0, 0, 0, 0, 0, 0.0)


@pytest.mark.parametrize("piece", [1, 333, 509])
def test_scores_are_those_of_the_engine_here_bit_for_bit(talker, model, sound, piece):
    ready(talker, model)
    sound = sound[: 14 * STEP + 5] if piece == 1 else sound
    wanted = expected([model], sound)
    for clip in (1, 0xFFFFFFFF):  # the second forgets the first
        played = talker.play(sound, clip=clip, piece=piece)
        assert played.values() == wanted
        assert played.heard == Heard(clip, len(sound), zlib.crc32(sound.tobytes()), len(wanted), crc_of(wanted))
    assert all(step["ticks"] > 0 for step in played.steps)
    assert len({value for [(value, flags)] in wanted if flags}) >= 3, "there must be something to compare"


def test_events_are_among_what_is_compared(model, sound):
    fired = [flags >> 1 for [(_, flags)] in expected([model], sound)]
    assert 0 < sum(fired) < len(fired) - 10


def test_messages_that_wait_are_counted(talker, model, sound):
    ready(talker, model)
    played = talker.play(sound)
    waited = [int(step["waiting"]) for step in played.steps]
    assert 0 < max(waited) < 8


def test_two_models_hear_the_same_and_do_not_disturb_each_other(talker, model, sound):
    other = small_wgm(1, threshold=13_500)
    for slot, data in enumerate((model, other)):
        ready(talker, data, slot)
    both = expected([model, other], sound)
    assert talker.play(sound).values() == both
    assert len({flags for step in both for _, flags in step}) == 3
    talker.ask(Load(0, 0, 0))
    talker.answer(Loaded)
    played = talker.play(sound)
    assert played.models == 1
    assert played.values() == expected([other], sound), "it was moved within the arena"
    ready(talker, small_wgm(3), 0)
    assert talker.play(sound).values() == expected([small_wgm(3), other], sound)


def test_an_upload_that_broke_off_goes_on_in_a_later_session(talker, model, sound):
    talker.ask(
        Load(1, len(model), zlib.crc32(model)), *(Chunk(1, at, model[at : at + 100]) for at in range(0, 700, 100))
    )
    talker.ask(AskStats())
    talker.answer(Loaded)
    talker.answer(Stats)
    talker.open(2)
    talker.ask(Load(1, len(model), zlib.crc32(model)))
    said = talker.answer(Loaded)
    assert (said.state, said.have) == (State.PARTIAL, 700)
    ready(talker, model, 1)
    assert talker.play(sound).values() == expected([model], sound)
    talker.ask(Load(1, len(model), zlib.crc32(model) ^ 1))  # another file of that size
    assert (said := talker.answer(Loaded)).have == 0
    assert said.state == State.PARTIAL


def test_a_file_that_is_not_the_one_announced_is_refused(talker, model):
    talker.ask(Load(0, len(model), zlib.crc32(model)), Chunk(0, 0, b"x" + model[1:1000]), Chunk(0, 1000, model[1000:]))
    talker.answer(Loaded)
    refused(talker, Status.CHECKSUM, Chunk)
    talker.ask(Load(0, len(model), zlib.crc32(model)))
    assert talker.answer(Loaded).have == 0
    ready(talker, model)


@pytest.mark.parametrize(
    ("damage", "status"),
    [
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), -4),
        (lambda data: b"XXXX" + data[4:], -2),
        (lambda data: data[:40], -1),
        (lambda data: data[: len(data) - 16], -1),
    ],
    ids=["a bit", "no model", "a few bytes", "cut short"],
)
def test_what_is_no_model_is_refused_as_the_engine_says(talker, model, damage, status):
    said = talker.load(damage(model))
    assert isinstance(said, Error)
    assert (said.status, said.about) == (status, Chunk.CODE)
    ready(talker, model)


def test_what_is_too_large_is_refused_with_the_bytes_too_many(talker, model, sound):
    talker.ask(Load(0, ROOM + 5, 1))
    refused(talker, Status.TOO_LARGE, Load, 5)
    talker.ask(Load(0, 0xFFFFFFFF, 1))
    refused(talker, Status.TOO_LARGE, Load, 0x7FFFFFFF)
    used = ready(talker, model).arena
    large = small_wgm(channels=48)
    said = talker.load(large, slot=1)
    assert isinstance(said, Error)
    needed = -(-NativeInt8(large, source="x").arena_bytes // 16) * 16
    assert needed < ARENA, "it would fit alone"
    assert (said.status, said.detail) == (Status.TOO_LARGE, used + needed - ARENA)
    assert talker.play(sound).values() == expected([model], sound), "the other is as it was"
    talker.ask(Load(0, 0, 0))
    talker.answer(Loaded)
    assert ready(talker, large, 1).arena == needed


def test_slots_that_do_not_exist_are_refused(talker):
    talker.ask(Load(2, 10, 1), Load(255, 0, 0), Chunk(2, 0, b"x"))
    for about in (Load, Load, Chunk):
        refused(talker, Status.NO_SLOT, about, 2)


def test_a_chunk_out_of_order_is_refused_and_the_upload_goes_on(talker, model):
    talker.ask(Chunk(0, 0, b"unasked"))
    refused(talker, Status.ORDER, Chunk, 0)
    talker.ask(Load(0, len(model), zlib.crc32(model)), Chunk(0, 0, model[:500]))
    talker.answer(Loaded)
    for offset in (0, 499, 501, 0xFFFFFFFF):
        talker.ask(Chunk(0, offset, b"x"))
        refused(talker, Status.ORDER, Chunk, 500)
    talker.ask(Chunk(0, 500, model[500:] + b"four"[:4]))
    refused(talker, Status.TOO_LARGE, Chunk, 4)
    assert ready(talker, model).have == len(model)
    talker.ask(Chunk(0, len(model), b"x"))
    refused(talker, Status.ORDER, Chunk)


def test_sound_that_does_not_follow_ends_the_clip(talker, model, sound):
    talker.ask(Audio(0, b"\0\0"), Start(1))
    refused(talker, Status.ORDER, Audio)
    refused(talker, Status.EMPTY, Start)
    ready(talker, model)
    talker.ask(Start(1), Audio(0, bytes(20)), Audio(11, bytes(20)))
    refused(talker, Status.ORDER, Audio, 10)
    talker.ask(Audio(10, bytes(20)), Stop())
    refused(talker, Status.ORDER, Audio)
    refused(talker, Status.ORDER, Stop)
    talker.ask(Start(1), Audio(0, bytes(3)))
    refused(talker, Status.UNKNOWN, Audio)
    assert talker.play(sound).values() == expected([model], sound)


@pytest.mark.parametrize(
    "body",
    [b"", b"\x00", b"\x55", b"\x81", b"\xff" * 9, b"\x03\x00", b"\x07\x00", b"\x05abc", b"\x05abcde", b"\x04\0abc", b"\x06\0\0\0"],
    ids=bytes.hex,
)  # fmt: skip
def test_what_it_does_not_know_is_answered_so(talker, body):
    talker.ask(body, AskStats())
    said = talker.answer(Error)
    assert (said.status, said.about) == (Status.UNKNOWN, body[0] if body else 0)
    talker.answer(Stats)


def test_the_last_step_can_be_computed_again(talker, model, sound):
    talker.ask(Run(3))
    refused(talker, Status.EMPTY, Run)
    ready(talker, model)
    talker.ask(Run(3))
    refused(talker, Status.NO_STEP, Run)
    sound = sound[: 20 * STEP]
    talker.play(sound, clip=5)
    wanted = expected([model], sound, again=50)[20:]
    for part in (wanted[:20], wanted[20:]):
        talker.ask(Run(len(part)))
        played = talker.played()
        assert played.values() == part
        assert played.heard == Heard(5, 0, 0, len(part), crc_of(part))
    talker.ask(Run(0))
    assert talker.answer(Heard) == Heard(5, 0, 0, 0, 0)
    talker.play(sound[: 3 * STEP + 1])  # the rest has overwritten the step
    talker.ask(Run(1))
    refused(talker, Status.NO_STEP, Run)


def test_a_run_can_be_cancelled_and_asked_about(talker, model, sound):
    ready(talker, model)
    talker.play(sound[: 12 * STEP])
    talker.ask(Run(1_000_000), AskStats())
    talker.until(lambda: any(isinstance(one, Stats) for one in talker.answers) and len(talker.answers) > 20)
    talker.answers[:] = [one for one in talker.answers if not isinstance(one, Stats)]
    talker.ask(Cancel())
    played = talker.played()
    assert 20 <= len(played.steps) < 1_000_000
    assert played.heard == Heard(7, 0, 0, len(played.steps), crc_of(played.values()))
    talker.ask(Cancel())
    assert talker.answer(Heard) == played.heard
    talker.ask(Start(3), Audio(0, bytes(200)), Cancel(), Audio(100, bytes(2)))
    assert talker.answer(Heard).samples == 100
    refused(talker, Status.ORDER, Audio)


def test_it_has_no_microphone(talker):
    talker.ask(Capture(100))
    refused(talker, Status.NO_MICROPHONE, Capture)


def test_a_new_session_forgets_what_is_under_way_and_keeps_models(talker, model, sound):
    ready(talker, model)
    talker.ask(Start(1), *audio(sound[: 15 * STEP - 100]))
    talker.answer(Scores)
    talker.open(2)
    talker.ask(Audio(15 * STEP - 100, bytes(2)), Run(1), Cancel())
    refused(talker, Status.ORDER, Audio)
    refused(talker, Status.NO_STEP, Run)
    assert talker.answer(Heard) == Heard(0, 0, 0, 0, 0)
    talker.ask(Load(0, len(model), zlib.crc32(model)))
    assert talker.answer(Loaded).state == State.READY
    assert talker.play(sound).values() == expected([model], sound)
    talker.play(sound[: 12 * STEP])
    talker.ask(Run(1_000_000))
    talker.answer(Scores)
    talker.open(3)
    talker.ask(AskStats(), Cancel())
    talker.answer(Stats)
    assert talker.answer(Heard).steps == 0


def test_what_is_no_frame_does_no_harm(talker, model, sound):
    rng = np.random.default_rng(1)
    for size in (1, 100, 5000):
        talker.put(rng.bytes(size) + b"\0" + b"I (312) boot: a log\r\n" + b"\0")
        talker.ask(AskStats())
        stats = facts.from_bytes(talker.answer(Stats).facts)
    assert stats["frames_bad"] >= 6
    ready(talker, model)
    assert talker.play(sound).values() == expected([model], sound)


@pytest.mark.parametrize(
    ("faults", "again"),
    [
        (Faults(bit_error_rate=1e-5, delay_s=0.001), False),
        (Faults(dropped=0.15), True),
        (Faults(doubled=0.2, late=0.1, late_s=0.005, garbage=0.2), False),
        (Faults(1e-5, dropped=0.05, doubled=0.05, late=0.05, garbage=0.05, late_s=0.005, delay_s=0.001), True),
    ],
    ids=["bits", "drops", "disorder", "everything"],
)
def test_over_a_bad_line_every_result_is_exact(program, model, sound, faults, again):
    sound = sound[: 20 * STEP]
    with running(program, faults=faults, seed=4) as talker:
        ready(talker, model, 1)
        played = talker.play(sound)
        wanted = expected([model], sound)
        assert played.values() == wanted
        assert played.heard == Heard(7, len(sound), zlib.crc32(sound.tobytes()), len(wanted), crc_of(wanted))
        assert not again or talker.link.counts.again > 0
        assert faults == GOOD or talker.link.counts.again + talker.link.counts.duplicates + talker.link.splitter.bad > 0


def test_no_answer_is_lost_to_a_host_that_does_not_read(talker, model):
    talker.ask(*(Load(i % 3, 10 + i, i) for i in range(60)))
    until = iter(range(100))
    talker.until(lambda: next(until) == 99, takes=False)
    assert talker.link.unconfirmed > 30, "the device waits for room"
    for i in range(60):
        said = talker.answer(Loaded, Error)
        assert said.crc32 == i if isinstance(said, Loaded) else i % 3 == 2


def test_a_device_that_restarted_says_so(program):
    with running(program, session=9) as talker:
        talker.ask(AskStats())
        talker.answer(Stats)
    with running(program) as fresh:
        fresh.link = talker.link
        fresh.ask(AskStats())
        with pytest.raises(DeviceLost, match="restarted"):
            fresh.answer(Stats)


@pytest.mark.parametrize("char", ["-fsigned-char", "-funsigned-char"])
def test_it_compiles_without_a_warning(char):
    names = ("device", "slots", "facts", "turn", "model", "detector_i8")
    sources = [*(str(CORE / f"wg_{name}.c") for name in names), str(HARNESS / "ports" / "host" / "main.c")]
    strict = ["-std=c11", *WARNINGS, "-Wconversion", char, "-fsyntax-only"]
    subprocess.run(["gcc", *strict, f"-I{CORE}", *sources], check=True)


@pytest.fixture(scope="module")
def emulated(tmp_path_factory) -> Iterator[Talker]:
    """The device that QEMU emulates."""
    if not (shutil.which("riscv64-unknown-elf-gcc") and shutil.which("qemu-system-riscv32")):
        pytest.skip("needs gcc-riscv64-unknown-elf, picolibc-riscv64-unknown-elf and qemu-system-misc")
    port = runpy.run_path(str(HARNESS / "ports" / "qemu_rv32" / "device.py"))
    made = port["build"](tmp_path_factory.mktemp("qemu") / "device.elf")
    with socket.create_server(("127.0.0.1", 0)) as server:
        process = subprocess.Popen(port["command"](made, server.getsockname()[1]))
        try:
            server.settimeout(PATIENCE_S)
            line, _ = server.accept()
            with line:
                line.settimeout(PATIENCE_S)
                assert line.recv(1) == b"\0"
                yield Talker(line.fileno(), line.fileno())
        finally:
            process.kill()
            process.wait()


def test_rv32imc_gives_the_same_scores_and_counts_instructions(emulated, model, sound):
    info = told(emulated, AskInfo(), Info)
    assert {"core": "rv32imc", "ticks_are": "instructions", "slots": 1}.items() <= info.items()
    ready(emulated, model)
    sound = sound[: 16 * STEP + 100]
    wanted = expected([model], sound)
    played = emulated.play(sound)
    assert played.values() == wanted
    assert played.heard == Heard(7, len(sound), zlib.crc32(sound.tobytes()), len(wanted), crc_of(wanted))
    again = emulated.play(sound)
    assert [int(step["ticks"]) for step in again.steps] == [int(step["ticks"]) for step in played.steps]
    stats = told(emulated, AskStats(), Stats)
    assert 300 < stats["stack_used"] < 2000 < stats["stack_bytes"]
    assert 10_000 < stats["flash_used"] < 30_000


def test_rv32imc_hears_with_the_whole_backbone_in_as_many_instructions_as_promised(emulated, sound):
    data = whole_wgm()
    emulated.open(2)
    loaded = ready(emulated, data)
    assert loaded.arena < 26_000
    played = emulated.play(sound[: 14 * STEP])
    wanted = expected([data], sound[: 14 * STEP])
    assert played.values() == wanted
    assert len({value for [(value, flags)] in wanted if flags}) >= 3
    assert max(int(step["ticks"]) for step in played.steps) <= 17_000_000


def test_rv32imc_refuses_and_goes_on(emulated, model):
    emulated.ask(Load(0, ROOM + 1, 1), Load(1, 1, 1), b"\x55", Capture(1))
    refused(emulated, Status.TOO_LARGE, Load, 1)
    refused(emulated, Status.NO_SLOT, Load, 1)
    said = emulated.answer(Error)
    assert (said.status, said.about) == (Status.UNKNOWN, 0x55)
    refused(emulated, Status.NO_MICROPHONE, Capture)
    emulated.open(3)
    ready(emulated, model)
