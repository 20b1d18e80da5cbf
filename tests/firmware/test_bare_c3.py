"""The bare ESP32-C3's firmware runs in an emulator of the chip: what it says, what it hears, what it computes."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("unicorn")

from tests.devices.small_wgm import small_sound, small_wgm
from tests.devices.talker import Talker, crc_of, expected
from tests.firmware.c3 import Chip
from tests.native import needs_c
from wakegen.core.errors import DeviceLost
from wakegen.core.version import VERSION
from wakegen.devices import facts
from wakegen.devices.messages import AskInfo, AskStats, Error, Info, Loaded, State, Stats, from_bytes
from wakegen.firmware import sources


class Host(Talker):
    """A host at the chip's USB port or its UART, in the chip's own time: nothing depends on how fast this machine is."""

    def __init__(self, chip: Chip, port: str = "usb") -> None:
        self.chip, self.answers = chip, []
        self._there, self._back = getattr(chip, f"{port}_in"), getattr(chip, f"{port}_out")
        self.open(1)

    def turn(self, *, takes: bool = True) -> None:
        self._there += self.link.outgoing(self.chip.time_s)
        self.chip.run()
        self.link.receive(bytes(self._back), self.chip.time_s)
        self._back.clear()
        self.answers += map(from_bytes, self.link.take())


@pytest.fixture
def flash(bare):
    return (bare.folder / "wakegen-esp32c3.bin").read_bytes()


def test_it_greets_on_both_ports_and_stops_the_watchdogs(flash):
    chip = Chip(flash)
    chip.run(10)
    greeting = f"wakegen {VERSION} on a bare ESP32-C3, build {sources.build_id()}\n\0".encode()
    assert bytes(chip.uart_out) == bytes(chip.usb_out) == greeting
    assert chip.watchdogs_off


@pytest.mark.parametrize("port", ["usb", "uart"])
def test_it_says_what_it_is_on_the_port_where_it_is_asked(flash, port):
    chip = Chip(flash)
    host = Host(chip, port)
    host.ask(AskInfo(), AskStats())
    said = facts.from_bytes(host.answer(Info).facts)
    assert (said["chip"], said["port"], said["version"]) == ("ESP32-C3", "esp32c3_bare", VERSION)
    assert (said["ticks_are"], said["channels"], said["slots"]) == ("cycles", 0, 1)
    assert said["clock_hz"] == pytest.approx(20e6, rel=0.001)  # that of the emulator
    assert said["model_room"] > 250_000
    fares = facts.from_bytes(host.answer(Stats).facts)
    assert 0 < fares["stack_used"] < fares["stack_bytes"] // 2
    assert fares["flash_used"] == pytest.approx(len(flash), abs=200)


def test_without_a_host_on_usb_it_loses_no_time_there(flash):
    chip = Chip(flash, usb_host=False)
    host = Host(chip, "uart")
    host.ask(AskInfo())
    host.answer(Info)
    assert chip.time_s < 0.7  # the first OPEN is sent again after half a second


@needs_c
def test_it_computes_what_this_machine_computes(flash):
    model, sound = small_wgm(3), small_sound(14)
    chip = Chip(flash)
    host = Host(chip)
    loaded = host.load(model)
    assert isinstance(loaded, Loaded)
    assert (loaded.state, loaded.have) == (State.READY, len(model))
    played = host.play(sound)
    wanted = expected([model], sound)
    assert played.values() == wanted
    assert played.heard.crc_scores == crc_of(wanted)
    assert all(step["ticks"] > 0 for step in played.steps)
    host.ask(AskStats())
    fares = facts.from_bytes(host.answer(Stats).facts)
    assert fares["stack_used"] < fares["stack_bytes"] * 3 // 4


def test_a_model_that_is_no_model_is_refused_and_it_goes_on(flash):
    host = Host(Chip(flash))
    said = host.load(bytes(np.arange(2000, dtype=np.uint8)))
    assert isinstance(said, Error)
    host.ask(AskInfo())
    host.answer(Info)


def test_a_restart_is_noticed_by_the_host(flash):
    host = Host(Chip(flash))
    host.chip = Chip(flash)
    host._there, host._back = host.chip.usb_in, host.chip.usb_out
    host.ask(AskInfo())
    with pytest.raises(DeviceLost, match="restarted"):
        host.answer(Info)


def test_a_trap_is_said_and_it_stays(flash):
    """An instruction that no chip knows, where the main loop comes by."""
    chip = Chip(flash)
    chip.run(10)
    chip.uart_out.clear()
    chip.crash()
    assert b"wakegen: trap 0x00000002 at 0x4038" in bytes(chip.uart_out)
    assert b"press RESET" in bytes(chip.usb_out)
