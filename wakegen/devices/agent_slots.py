"""The agent's models: slots that fill piece by piece, and the detectors made of what they hold."""

from __future__ import annotations

import io
import struct
import time
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import WakegenError
from wakegen.devices.messages import FIRED, READY, Loaded, State, Status, Values
from wakegen.model.wgm import MAGIC
from wakegen.runtime.detector import Detectors
from wakegen.runtime.integer import IntegerDetector

I16 = NDArray[np.int16]

SLOTS = 4
MODEL_ROOM = 32 << 20  # of an upload, and of model.onnx in it; a head of wakegen has 0.1 MB
_SIDECAR_ROOM = 1 << 20
_MEMBERS = {"model.onnx": MODEL_ROOM, "model.json": _SIDECAR_ROOM}
MOST_TICKS = (1 << 32) - 1
_FLOAT, _WORD = struct.Struct("<f"), struct.Struct("<i")


class Refused(Exception):
    """Why a message was not followed: what ERROR says."""

    def __init__(self, status: int, detail: int = 0, text: str = "") -> None:
        super().__init__(text)
        self.status, self.detail, self.text = status, detail, text


@dataclass(slots=True)
class Slot:
    """A file on its way, or a detector."""

    size: int = 0
    crc32: int = 0
    data: bytearray = field(default_factory=bytearray)  # emptied once a detector was made of it
    state: State = State.EMPTY
    path: Path = Path()  # of a detector in float
    variant: str = ""  # of its backbone
    integer: IntegerDetector | None = None
    init_ticks: int = 0

    def loaded(self, number: int) -> Loaded:
        """Say how far it is."""
        sums, scale, arena = self.integer is not None, 0.0, 0
        if self.integer is not None:
            scale, arena = self.integer.scale, self.integer.arena_bytes
        have = self.size if self.state == State.READY else len(self.data)
        values = Values.SUM if sums else Values.SCORE
        return Loaded(number, self.state, values, have, self.size, self.crc32, arena, self.init_ticks, scale)


class Slots:
    """All models of an agent, and one stream of sound through them. Every file lies in `folder`, which is the agent's own."""

    def __init__(self, folder: Path, *, runtime: str) -> None:
        self._folder, self._runtime = folder, runtime
        self._slots = [Slot() for _ in range(SLOTS)]
        self._floats: dict[str, Detectors] = {}  # by the variant of their backbone, which hears the sound once for all

    @property
    def ready(self) -> int:
        """How many detectors there are."""
        return sum(slot.state == State.READY for slot in self._slots)

    def loaded(self, number: int) -> Loaded:
        """Say how far a slot is."""
        return self._slots[number].loaded(number)

    def load(self, number: int, size: int, crc32: int) -> None:
        """Expect a file, or go on with the same; 0 bytes empty the slot.

        Raises
        ------
        Refused : there is no such slot, or it is too small.
        """
        slot = self._slot(number)
        if size > MODEL_ROOM:
            raise Refused(Status.TOO_LARGE, size - MODEL_ROOM, "of the slot")
        if size and slot.state != State.EMPTY and (slot.size, slot.crc32) == (size, crc32):
            return
        self._empty(number)
        if size:
            self._slots[number] = Slot(size, crc32, state=State.PARTIAL)

    def chunk(self, number: int, offset: int, data: bytes) -> bool:
        """Take a piece of a file; tell whether it was the last, and there is a detector now.

        Raises
        ------
        Refused : it is not the piece that comes next, or what is whole cannot be used; the slot is empty then.
        """
        slot = self._slot(number)
        have = len(slot.data)
        if slot.state != State.PARTIAL:
            raise Refused(Status.ORDER, slot.size, "no file was announced")
        if offset != have:
            raise Refused(Status.ORDER, have)
        if have + len(data) > slot.size:
            raise Refused(Status.TOO_LARGE, have + len(data) - slot.size, "of what was announced")
        slot.data += data
        if len(slot.data) < slot.size:
            return False
        try:
            if zlib.crc32(slot.data) != slot.crc32:
                raise Refused(Status.CHECKSUM)
            self._open(number)
        except Refused:
            self._empty(number)
            raise
        return True

    def reset(self) -> None:
        """Forget all sound heard."""
        for detectors in self._floats.values():
            detectors.reset()
        for slot in self._slots:
            if slot.integer:
                slot.integer.reset()

    def step(self, pcm: I16) -> list[tuple[bytes, int]]:
        """Let all detectors hear 80 ms; give the value (four bytes) and the flags of each, in the order of slots."""
        heard = {path: score for one in self._floats.values() for path, score in one.push(pcm)[0].items()}
        found = []
        for slot in self._slots:
            if slot.state != State.READY:
                continue
            if slot.integer is not None:
                made = slot.integer.step(pcm)
                found.append((_WORD.pack(made["sum"]), READY * bool(made["ready"]) | FIRED * bool(made["fired"])))
            else:
                score = heard[slot.path]
                found.append((_FLOAT.pack(score.raw), READY * score.ready | FIRED * score.fired))
        return found

    def _slot(self, number: int) -> Slot:
        if number >= SLOTS:
            raise Refused(Status.NO_SLOT, SLOTS)
        return self._slots[number]

    def _empty(self, number: int) -> None:
        old, self._slots[number] = self._slots[number], Slot()
        if old.variant:
            self._together(old.variant)

    def _open(self, number: int) -> None:
        slot = self._slots[number]
        begun_ns = time.perf_counter_ns()
        place = self._folder / str(number)
        try:
            if slot.data.startswith(MAGIC):
                slot.integer = IntegerDetector(_written(place, "model.wgm", bytes(slot.data)))
            else:
                for name, content in _unpacked(bytes(slot.data)).items():
                    _written(place, name, content)
                slot.path = place / "model.onnx"
                one = Detectors([slot.path], runtime=self._runtime)
                slot.variant = one.embedder.variant
        except OSError as error:
            raise Refused(Status.STORAGE, error.errno or 0, error.strerror or "") from error
        except WakegenError as error:
            raise Refused(Status.BAD_MODEL, 0, f"{error} {error.hint}".replace(f"{place}/", "")) from error
        slot.init_ticks = min(MOST_TICKS, time.perf_counter_ns() - begun_ns)
        slot.state, slot.data = State.READY, bytearray()
        if slot.variant and slot.variant not in self._floats:
            self._floats[slot.variant] = one
        elif slot.variant:
            self._together(slot.variant)

    def _together(self, variant: str) -> None:
        """Put all detectors of one backbone on one stream."""
        paths = [slot.path for slot in self._slots if slot.state == State.READY and slot.variant == variant]
        self._floats.pop(variant, None)
        if paths:
            self._floats[variant] = Detectors(paths, runtime=self._runtime)


def packed(model: bytes, sidecar: bytes) -> bytes:
    """Give the ZIP of a detector in float that an agent takes; the same files give the same bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in zip(_MEMBERS, (model, sidecar), strict=True):
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _unpacked(data: bytes) -> dict[str, bytes]:
    """Read the two members that a model has; anything else is refused, nothing is written."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            items = archive.infolist()
            if sorted(item.filename for item in items) != sorted(_MEMBERS):
                raise Refused(Status.BAD_MODEL, 0, "It is no .wgm, and no ZIP of model.onnx and model.json alone.")
            return {item.filename: _member(archive, item) for item in items}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, zlib.error) as error:
        raise Refused(Status.BAD_MODEL, 0, f"It is no .wgm, and no ZIP that can be read: {error}.") from error


def _member(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> bytes:
    most = _MEMBERS[item.filename]
    with archive.open(item) as file:
        content = file.read(most + 1)  # whatever its header claims
    if len(content) > most:
        raise Refused(Status.TOO_LARGE, max(1, item.file_size - most), f"of {item.filename}")
    return content


def _written(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return path
