"""The real esptool writes to chips in their loader; everything that can go wrong on the way has a name and a hint."""

from __future__ import annotations

import json

import pytest

from tests.firmware.conftest import in_loader
from tests.firmware.fake_rom import MAC, WRITE_ERROR, Fault
from tests.firmware.images import app, image
from wakegen.core.errors import DeviceError, DeviceLost, FlashFailed, NotInstalled, WrongChip
from wakegen.core.events import Notice, Progress
from wakegen.firmware import chips, jobs, meanings
from wakegen.firmware.flash import flash


@pytest.mark.parametrize("chip", [pytest.param(chip, id=chip.name, marks=[pytest.mark.slow] * (chip.name in ("esp32c6", "esp32p4"))) for chip in chips.CHIPS])  # fmt: skip
def test_each_chip_is_known_and_holds_afterwards_what_was_written(chip, tmp_path):
    path = tmp_path / "x.bin"
    path.write_bytes(image(chip.image_id, parts=((0x40380000, bytes(range(256)) * 40),)))
    with in_loader(chip.name) as (board, rom):
        result = flash(path, port=board.port, reset=False)
    at = chip.bootloader_at
    assert bytes(rom.flash[at : at + result.bytes]) == path.read_bytes()
    assert result.title.startswith(chip.title)
    assert result.mac == MAC.to_bytes(6, "big").hex(":")
    assert result.flash == "4MB"
    assert rom.baud == 460_800


def test_the_loader_in_rom_is_enough(small):
    with in_loader() as (board, rom):
        flash(small, port=board.port, reset=False, stub=False, baud=115_200)
        assert bytes(rom.flash[: small.stat().st_size]) == small.read_bytes()
    assert 0x06 not in rom.commands  # nothing was started
    assert 0x0F not in rom.commands  # the line's speed stayed


def test_all_of_a_build_goes_where_esp_idf_says_and_it_tells_how_far_it_is(tmp_path):
    files = {"0x0": ("boot.bin", image(9)), "0x8000": ("table.bin", b"\xaaP" * 512), "0x10000": ("wakegen.bin", app(9))}
    for name, data in files.values():
        (tmp_path / name).write_bytes(data)
    said = {"flash_files": {at: name for at, (name, _) in files.items()}, "extra_esptool_args": {"chip": "esp32s3"}}
    (tmp_path / "flasher_args.json").write_text(json.dumps(said))
    events = []
    with in_loader("esp32s3") as (board, rom):
        result = flash(tmp_path, port=board.port, on_event=events.append)
    for at, (_, data) in files.items():
        assert bytes(rom.flash[int(at, 16) : int(at, 16) + len(data)]) == data
    written = sum(len(data) for _, data in files.values())
    assert sum(event.done for event in events if isinstance(event, Progress)) == written
    assert not result.reset  # a pty has no lines for that
    assert "Press RESET" in result.to_text()


def test_a_program_alone_is_written_with_a_word_of_warning(tmp_path):
    path = tmp_path / "wakegen.bin"
    path.write_bytes(app(5))
    events = []
    with in_loader() as (board, rom):
        flash(path, port=board.port, reset=False, on_event=events.append)
    assert bytes(rom.flash[0x10000 : 0x10000 + path.stat().st_size]) == path.read_bytes()
    assert any("bootloader" in event.message for event in events if isinstance(event, Notice))


@pytest.mark.usefixtures("one_try")
@pytest.mark.parametrize(
    ("fault", "more", "kind", "words"),
    [
        (Fault(md5=True), {}, FlashFailed, "What is in flash is not what was written"),
        (Fault(status=1), {}, FlashFailed, "refused a piece: Failed SPI operation"),
        (Fault(status=2), {"stub": False}, FlashFailed, "refused a piece: Flash write error"),
        (Fault(drop=1), {}, DeviceLost, "stopped answering while its flash was written"),
        (Fault(most_baud=115_200), {}, FlashFailed, "when the line was made faster"),
        (Fault(noise=True), {}, DeviceError, "not a loader's answer"),
        (Fault(silent=True), {}, DeviceError, "Nothing answers"),
    ],
    ids=["md5", "status", "status_rom", "drop", "baud", "noise", "silent"],
)
def test_each_fault_of_the_line_and_the_chip_has_its_error(small, fault, more, kind, words):
    with in_loader(fault=fault) as (board, _), pytest.raises(kind) as caught:
        flash(small, port=board.port, reset=False, **more)
    assert words in str(caught.value)
    assert caught.value.hint
    assert caught.value.exit_code == 5


def test_another_chip_is_found_out_before_anything_is_written(small):
    with in_loader("esp32s3") as (board, rom), pytest.raises(WrongChip) as caught:
        flash(small, port=board.port, reset=False)
    assert f"The board on {board.port} has an ESP32-S3, the firmware is for ESP32-C3." in str(caught.value)
    assert not {0x02, 0x03, 0x10, 0x11} & set(rom.commands)


def test_what_is_larger_than_the_flash_is_refused_before_anything_is_written(small):
    with in_loader(flash_bytes=256 << 10) as (board, rom), pytest.raises(FlashFailed, match="262144 bytes"):
        flash(small, port=board.port, at=250 << 10, reset=False)
    assert 0x10 not in rom.commands


# Texts of esptool 5.6 that no fake gives: loader.py, cmds.py, targets/*.py.
@pytest.mark.parametrize(
    ("text", "during", "kind", "words"),
    [
        ("Failed to connect to ESP32-C3: Wrong boot mode detected (0xc)! The chip needs to be in download mode.", "connect", DeviceError, "runs its program (0xc)"),
        ("Failed to connect to ESP32-C3: Download mode successfully detected, but getting no sync reply: The serial TX path seems to be down.", "connect", DeviceError, "does not hear"),
        ("Unexpected chip ID value 99. Failed to autodetect chip type.", "connect", WrongChip, "not one that esptool knows (99)"),
        ("Failed to start stub flasher. There was no response.", "stub", FlashFailed, "did not start"),
        ("Failed to set baud rate 9000000. The driver may not support this rate.", "baud", DeviceError, "cannot do 9000000 baud"),
        ("Secure Boot V1 detected, writing to flash regions < 0x8000 is disabled to protect the bootloader.", "write", DeviceError, "is locked"),
        ("Detected flash encryption and secure download mode enabled.", "write", DeviceError, "is locked"),
        ("This command (0x14) is not supported in the current download mode", "connect", DeviceError, "restricted"),
        ("Unable to verify flash chip connection (flash id 0xffffff).", "flash", FlashFailed, "does not reach its flash"),
        ("Guru Meditation Error detected", "write", DeviceLost, "crashed"),
        ("The chip stopped responding.", "write", DeviceLost, "stopped answering"),
        ("Write timeout", "write", DeviceLost, "stopped answering"),
        ("device reports readiness to read but returned no data (device disconnected or multiple access on port?)", "write", DeviceLost, "stopped answering"),
        ("Something nobody has seen\nso far", "write", DeviceError, "Something nobody has seen so far"),
    ],
)  # fmt: skip
def test_every_text_of_esptools_means_something_to_the_user(text, during, kind, words):
    found = meanings.explain("FatalError", text, during=during, port="/dev/ttyUSB0")
    assert type(found) is kind
    assert words in str(found)
    assert found.hint
    assert "{" not in str(found) + found.hint


def test_every_status_that_a_chip_may_give_ends_in_an_error_with_its_text():
    from esptool.util import FatalError

    for status in (b"\x01\x08", b"\xc4\x00", b"\xc9\x00", bytes((1, WRITE_ERROR))):
        text = str(FatalError.WithResult("Failed to write to target flash", status + b"\0\0"))
        assert "refused a piece" in str(meanings.explain("FatalError", text, during="write", port="x"))


def test_without_esptool_the_error_says_what_to_install(small, monkeypatch):
    monkeypatch.setattr(jobs, "find_spec", lambda name: None)
    with pytest.raises(NotInstalled) as caught:
        flash(small, port="/dev/null")
    assert "wakegen[flash]" in caught.value.hint


def test_a_process_that_dies_is_an_error_with_its_last_words(monkeypatch):
    monkeypatch.setattr(jobs, "_RUN", "raise SystemExit('out of luck')")
    with pytest.raises(DeviceLost, match="status 1: out of luck"):
        list(jobs.ask({"do": "flash"}, b""))


def test_a_process_that_says_nothing_is_not_waited_for_forever(monkeypatch):
    monkeypatch.setattr(jobs, "_RUN", "import time; time.sleep(60)")
    monkeypatch.setattr(jobs, "_SILENCE_S", 0.1)
    with pytest.raises(DeviceLost, match="said nothing"):
        list(jobs.ask({"do": "flash"}, b""))
