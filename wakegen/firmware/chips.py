"""The chips that firmware is built for: how an image names them, and where it begins in flash."""

from __future__ import annotations

from dataclasses import dataclass

from wakegen import profiles
from wakegen.core.errors import BadInput
from wakegen.core.names import did_you_mean


@dataclass(frozen=True, slots=True)
class Chip:
    """One chip. Sources: esptool 5.6 (targets/*.py: IMAGE_CHIP_ID, BOOTLOADER_FLASH_OFFSET), ESP-IDF's soc_caps.h."""

    name: str  # as ESP-IDF's set-target takes it
    title: str
    image_id: int  # at byte 12 of an image
    bootloader_at: int  # where the ROM looks for the first image in flash
    own_usb: bool  # a USB Serial/JTAG unit on the chip: no bridge is needed


CHIPS = (
    Chip("esp32", "ESP32", 0, 0x1000, False),
    Chip("esp32c3", "ESP32-C3", 5, 0x0, True),
    Chip("esp32c6", "ESP32-C6", 13, 0x0, True),
    Chip("esp32p4", "ESP32-P4", 18, 0x2000, True),
    Chip("esp32s3", "ESP32-S3", 9, 0x0, True),
)
# Chips that wakegen has no firmware for; an image for one of them is refused by its name.
_OTHERS = {2: "ESP32-S2", 12: "ESP32-C2", 16: "ESP32-H2", 20: "ESP32-C61", 23: "ESP32-C5", 25: "ESP32-H21"}


def named(name: str) -> Chip:
    """Give a chip by its name, written as anybody writes it ("ESP32-S3").

    Raises
    ------
    BadInput : there is no such chip.
    """
    plain = _plain(name)
    found = next((chip for chip in CHIPS if chip.name == plain), None)
    if found is None:
        names = [chip.name for chip in CHIPS]
        raise BadInput(f"There is no firmware for a chip '{name}'.", hint=f"{did_you_mean(plain, names)} There are: {', '.join(names)}.")  # fmt: skip
    return found


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def with_id(image_id: int) -> Chip | None:
    """Give the chip that an image names; None for one that wakegen has no firmware for."""
    return next((chip for chip in CHIPS if chip.image_id == image_id), None)


def title_of(image_id: int) -> str:
    """Give what people call the chip that an image names."""
    chip = with_id(image_id)
    return chip.title if chip else _OTHERS.get(image_id, f"a chip that is not known here (number {image_id})")


def of_device(device: str) -> Chip:
    """Give the chip of a device profile: the one that it, or what it extends, is named after.

    Raises
    ------
    BadInput : there is no such profile, or it is no microcontroller of the table.
    """
    names = [chip.name for chip in CHIPS]
    if _plain(device) in names:
        return named(device)
    profile = profiles.load(device)
    seen = [profile.name]
    while profile.name not in names and profile.extends:
        profile = profiles.load(profile.extends)
        seen.append(profile.name)
    if profile.name not in names:
        raise BadInput(
            f"The device '{device}' is no microcontroller that wakegen has firmware for.",
            hint=f"Give one of {', '.join(names)}, or a profile that extends one of them.",
        )
    return named(profile.name)
