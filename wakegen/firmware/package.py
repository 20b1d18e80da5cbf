"""What there is to be flashed: one image, or all that ESP-IDF built, each with its place in flash."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from wakegen.core.errors import BadImage, BadInput
from wakegen.firmware import chips
from wakegen.firmware.chips import Chip
from wakegen.firmware.image import Image, load, parse

FLASHER_ARGS = "flasher_args.json"  # ESP-IDF's own list of what goes where


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes and where they go in flash."""

    name: str
    at: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Package:
    """All that is written in one go, for one chip."""

    chip: Chip
    parts: tuple[Part, ...]
    image: Image | None  # of a package that is one file

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(len(part.data) for part in self.parts)


def gather(path: Path, *, at: int | None = None, device: str | None = None) -> Package:
    """Read a file or a build folder, and refuse what is damaged, overlaps, or is for another chip than the device's.

    Raises
    ------
    BadImage : something is damaged, or made for another chip.
    BadInput : there is nothing there, or `at` is given for a folder.
    """
    if path.is_dir():
        if at is not None:
            raise BadInput("A build folder says itself where its parts go.", hint="Leave out --at, or name one file.")
        package = _built(path)
    elif path.exists():
        data, image = load(path)
        part = Part(path.name, image.at if at is None else at, data)
        package = Package(image.chip, (part,), image)
    else:
        raise BadInput(f"There is no {path}.", hint="Name a .bin file, or a folder that `wakegen firmware build` made.")
    if device is not None and (wanted := chips.of_device(device)) != package.chip:
        raise BadImage(
            f"{path} is for {package.chip.title}, and '{device}' is an {wanted.title}.",
            hint=f"Build the right one: wakegen firmware build --device {device}",
        )
    _no_overlap(package.parts)
    return package


def _built(folder: Path) -> Package:
    if (folder / "build" / FLASHER_ARGS).is_file():  # what `build` was told to build in
        folder = folder / "build"
    listing = folder / FLASHER_ARGS
    if not listing.is_file():
        images = sorted(folder.glob("*.bin"))
        if len(images) == 1:
            return gather(images[0])
        raise BadInput(f"There is no {FLASHER_ARGS} in {folder}.", hint="Build it: wakegen firmware build, or name one .bin file.")  # fmt: skip
    try:
        said = json.loads(listing.read_text(encoding="utf-8"))
        chip = chips.named(said["extra_esptool_args"]["chip"])
        places = [(int(at, 16), str(name)) for at, name in said["flash_files"].items()]
        missing = [name for _, name in places if not (folder / name).is_file()]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{listing} is not what ESP-IDF writes ({type(error).__name__}: {error}).", hint="Build again: wakegen firmware build.") from error  # fmt: skip
    if missing or not places:
        raise BadInput(f"{folder} is not built to the end: {', '.join(missing) or 'nothing to flash'} is missing.", hint="Build again: wakegen firmware build.")  # fmt: skip
    parts = tuple(Part(name, at, (folder / name).read_bytes()) for at, name in sorted(places))
    for part in parts:
        if part.data.startswith(b"\xe9"):  # a bootloader or a program; partition tables and data are no images
            image = parse(part.data, name=part.name)
            if image.chip != chip:
                raise BadImage(f"{part.name} in {folder} is for {image.chip.title}, the build for {chip.title}.", hint="Build again in an empty folder.")  # fmt: skip
        elif part.at == chip.bootloader_at:
            parse(part.data, name=part.name)
    return Package(chip, parts, None)


def _no_overlap(parts: tuple[Part, ...]) -> None:
    for one, other in pairwise(parts):
        if one.at + len(one.data) > other.at:
            raise BadImage(f"{one.name} reaches into {other.name} at {other.at:#x}.", hint="Make its partition larger, or the program smaller.")  # fmt: skip
