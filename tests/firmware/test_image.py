"""An image is read without esptool, and a wrong one is refused with what is wrong with it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.firmware.images import app, image
from wakegen.core.errors import BadImage, BadInput
from wakegen.firmware import chips
from wakegen.firmware.image import parse
from wakegen.firmware.package import gather


@pytest.mark.parametrize("chip", chips.CHIPS, ids=lambda chip: chip.name)
def test_an_image_of_each_chip_is_read_as_esptool_reads_it(chip):
    esptool = pytest.importorskip("esptool.bin_image")
    data = image(chip.image_id, parts=((0x40380000, b"code" * 9), (0x3FC90000, b"data" * 5)))
    found = parse(data, name="x.bin")
    theirs = esptool.LoadFirmwareImage(chip.name, data)
    assert (found.chip, found.entry) == (chip, theirs.entrypoint)
    assert [(one.address, one.size) for one in found.segments] == [(one.addr, len(one.data)) for one in theirs.segments]
    assert (found.begins, found.ends, found.hashed) == (0, len(data), True)
    assert found.at == chip.bootloader_at
    from esptool.targets import CHIP_DEFS

    their_chip = CHIP_DEFS[chip.name]
    assert chip.image_id == their_chip.IMAGE_CHIP_ID
    assert chip.bootloader_at == their_chip.BOOTLOADER_FLASH_OFFSET


def test_a_program_of_esp_idf_says_what_it_is_and_goes_behind_the_bootloader():
    found = parse(app(9), name="x.bin")
    assert (found.app.project, found.app.version, found.app.idf) == ("wakegen", "1.2.3", "v5.3.1")
    assert found.at == 0x10000
    assert "wakegen 1.2.3" in found.to_text()


def test_an_image_of_a_whole_flash_begins_where_the_chip_looks():
    found = parse(b"\xff" * 0x1000 + image(0), name="whole.bin")
    assert (found.chip.name, found.begins, found.at) == ("esp32", 0x1000, 0)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\x7fELF" + bytes(90), "ELF program"),
        (b'{"a": 1}', "a text or an archive"),
        (b"\x1d\x04\xdb\xae" * 2 + bytes(90), "direct boot"),
        (b"hello", "begins with 0x68"),
        (image()[:20], "cut off: it has 20 bytes and should have 24"),
        (image()[:70], "cut off"),
        (image()[:-1], "cut off"),
        (image(2), "is for ESP32-S2"),
        (image(77), "not known here (number 77)"),
        (b"\xe9\x63" + image()[2:], "header makes no sense"),
        (image()[:40] + b"\x7f" + image()[41:], "damaged: its checksum"),
        (image()[:-1] + b"\0", "damaged: its SHA-256"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(data, words):
    with pytest.raises(BadImage) as caught:
        parse(data, name="x.bin")
    assert words in str(caught.value)
    assert caught.value.hint


WHOLE = image(parts=((0x40380000, b"code" * 3), (0x3FC90000, b"data")))
HAS_HASH = 23  # the byte that says whether there is one: without, nothing but a checksum tells


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(WHOLE) - 1).filter(lambda at: at != HAS_HASH), st.integers(1, 255), st.booleans())
def test_an_image_with_a_byte_changed_or_cut_off_is_never_taken(at, change, cut):
    broken = WHOLE[:at] if cut else WHOLE[:at] + bytes((WHOLE[at] ^ change,)) + WHOLE[at + 1 :]
    with pytest.raises(BadImage):
        parse(broken, name="x.bin")


def test_an_image_for_another_chip_than_the_device_is_refused(tmp_path):
    path = tmp_path / "x.bin"
    path.write_bytes(image(5))
    assert gather(path, device="esp32c3").chip.name == "esp32c3"
    with pytest.raises(BadImage, match=r"is for ESP32-C3, and 'esp32s3' is an ESP32-S3"):
        gather(path, device="esp32s3")
    with pytest.raises(BadInput, match="no microcontroller"):
        gather(path, device="rpi4")


def test_a_profile_has_the_chip_that_it_extends(tmp_path):
    profile = tmp_path / "hallway.yaml"
    profile.write_text("name: hallway\nextends: esp32s3\n")
    assert chips.of_device(str(profile)).name == "esp32s3"
    assert chips.of_device("esp32").name == "esp32"


@pytest.fixture
def built(tmp_path):
    """A build folder as ESP-IDF leaves it."""
    files = {"0x0": ("bootloader/bootloader.bin", image(9)), "0x8000": ("table.bin", b"\xaaP" * 40), "0x10000": ("wakegen.bin", app(9))}  # fmt: skip
    folder = tmp_path / "build"
    for name, data in files.values():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    said = {"flash_files": {at: name for at, (name, _) in files.items()}, "extra_esptool_args": {"chip": "esp32s3"}}
    (folder / "flasher_args.json").write_text(json.dumps(said))
    return folder


def test_a_build_folder_has_all_its_parts_in_order(built):
    package = gather(built)
    assert [(part.name, part.at) for part in package.parts] == [("bootloader/bootloader.bin", 0), ("table.bin", 0x8000), ("wakegen.bin", 0x10000)]  # fmt: skip
    assert package.chip.name == "esp32s3"
    assert gather(built.parent).parts == package.parts  # the folder that `build` was told to build in


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("wakegen.bin", app(5), "is for ESP32-C3, the build for ESP32-S3"),
        ("wakegen.bin", None, "not built to the end: wakegen.bin"),
        ("wakegen.bin", app(9)[:-1], "cut off"),
        ("bootloader/bootloader.bin", b"garbage", "no firmware image"),
        ("table.bin", bytes(0x8001), "reaches into wakegen.bin"),
        ("flasher_args.json", b"{}", "not what ESP-IDF writes"),
        ("flasher_args.json", b"[", "not what ESP-IDF writes"),
        ("flasher_args.json", None, "no flasher_args.json"),
    ],
)
def test_a_build_folder_with_something_wrong_is_refused(built, name, data, words):
    (built / name).unlink()
    if data is not None:
        (built / name).write_bytes(data)
    if name == "flasher_args.json" and data is None:
        (built / "second.bin").write_bytes(b"")
    with pytest.raises(BadInput) as caught:
        gather(built)
    assert words in str(caught.value)


def test_a_folder_knows_itself_where_its_parts_go(built):
    with pytest.raises(BadInput, match="says itself"):
        gather(built, at=0)
    with pytest.raises(BadInput, match="There is no"):
        gather(built / "nothing")
