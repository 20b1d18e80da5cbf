"""What a host and a device say to each other (docs/protocol.md): one class for each message, one byte in front of it.

A host asks: what are you, take this model, hear this sound. A device answers each question but `Chunk` and `Audio`, which speak up
only when something is complete or wrong.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from enum import IntEnum
from typing import ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import DeviceError

M = TypeVar("M", bound="Message")


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `LAYOUT` holds its fields in order; a last field of bytes takes what is left."""

    CODE: ClassVar[int]
    LAYOUT: ClassVar[struct.Struct]
    REST: ClassVar[bool]


MESSAGES: dict[int, type[Message]] = {}


def _row(code: int, layout: str = "") -> Callable[[type[M]], type[M]]:
    def add(made: type[M]) -> type[M]:
        made.CODE, made.LAYOUT = code, struct.Struct("<" + layout)
        made.REST = len(fields(made)) > len(layout)
        MESSAGES[code] = made
        return made

    return add


class State(IntEnum):
    """How far a slot is."""

    EMPTY = 0
    PARTIAL = 1  # part of a file is here
    READY = 2  # a detector that can hear


class Values(IntEnum):
    """What the value of a score is."""

    SUM = 1  # an int32; times `Loaded.scale` it is the logit
    SCORE = 2  # a float32, 0 … 1


# A host says ----------------------------------------------------------------------------------------------------


@_row(0x01)
@dataclass(frozen=True, slots=True)
class AskInfo(Message):
    """Asks for `Info`."""


@_row(0x02)
@dataclass(frozen=True, slots=True)
class AskStats(Message):
    """Asks for `Stats`."""


@_row(0x03, "BII")
@dataclass(frozen=True, slots=True)
class Load(Message):
    """Announces a model, or with 0 bytes empties the slot. The answer says how much of it is there already."""

    slot: int
    size: int
    crc32: int  # of the whole file


@_row(0x04, "BI")
@dataclass(frozen=True, slots=True)
class Chunk(Message):
    """A piece of the model that was announced, in order; the last is answered with `Loaded`."""

    slot: int
    offset: int
    data: bytes


@_row(0x05, "I")
@dataclass(frozen=True, slots=True)
class Start(Message):
    """Forgets all sound heard and begins a clip. Not answered."""

    clip: int


@_row(0x06, "I")
@dataclass(frozen=True, slots=True)
class Audio(Message):
    """int16 samples of the clip, from sample `at` on; every step that they complete is answered with `Scores`."""

    at: int
    data: bytes


@_row(0x07)
@dataclass(frozen=True, slots=True)
class Stop(Message):
    """Ends the clip; answered with `Heard`."""


@_row(0x08, "I")
@dataclass(frozen=True, slots=True)
class Run(Message):
    """Computes the last whole step so many times more, for its time alone; answered with `Scores`, then `Heard`."""

    steps: int


@_row(0x09, "I")
@dataclass(frozen=True, slots=True)
class Capture(Message):
    """Records so many samples with the device's microphone; answered with `Recorded`, then `Heard`."""

    samples: int


@_row(0x0A)
@dataclass(frozen=True, slots=True)
class Cancel(Message):
    """Ends what is under way (`Run`, `Capture`, a clip); answered with `Heard`."""


# A device says --------------------------------------------------------------------------------------------------


@_row(0x81)
@dataclass(frozen=True, slots=True)
class Info(Message):
    """What the device is: see `facts`."""

    facts: bytes


@_row(0x82)
@dataclass(frozen=True, slots=True)
class Stats(Message):
    """How the device fares: see `facts`."""

    facts: bytes


@_row(0x83, "BBBIIIIIf")
@dataclass(frozen=True, slots=True)
class Loaded(Message):
    """How far a slot is."""

    slot: int
    state: int  # State
    values: int  # Values
    have: int  # bytes of the file that are here
    size: int
    crc32: int
    arena: int  # bytes that the detector takes; 0 where that is not known
    init_ticks: int  # from the file to the first sample
    scale: float  # of a SUM


@_row(0x84, "IB")
@dataclass(frozen=True, slots=True)
class Scores(Message):
    """Steps one after the other, each as `records` reads it."""

    first_step: int  # since `Start`, or of the `Run`
    models: int
    data: bytes


@_row(0x85, "B")
@dataclass(frozen=True, slots=True)
class Log(Message):
    """A line for people."""

    level: int  # as in Python's logging: 20 information, 30 warning, 40 error
    data: bytes


@_row(0x86, "I")
@dataclass(frozen=True, slots=True)
class Recorded(Message):
    """int16 samples of the microphone, from sample `at` on."""

    at: int
    data: bytes


@_row(0x87, "IIIII")
@dataclass(frozen=True, slots=True)
class Heard(Message):
    """What a clip, a `Run` or a `Capture` came to: both ends must have the same."""

    clip: int
    samples: int
    crc_samples: int  # CRC-32 of the int16 samples
    steps: int
    crc_scores: int  # CRC-32 of the values and flags of all steps, as they stand in `Scores`


@_row(0x8F, "Bii")
@dataclass(frozen=True, slots=True)
class Error(Message):
    """Why something that was asked was not done; what was under way has ended."""

    about: int  # code of the message that was at fault
    status: int  # Status, or a negative wg_status of the engine
    detail: int  # bytes too many, the offset expected …
    data: bytes  # what else there is to say


class Status(IntEnum):
    """Why a device says no, besides what the engine has against a model (wg_status.h)."""

    UNKNOWN = 1  # it does not know this message
    ORDER = 2  # not the piece that comes next; detail: the offset that does
    NO_SLOT = 3  # detail: how many there are
    TOO_LARGE = 4  # detail: bytes too many
    EMPTY = 5  # nothing is loaded
    CHECKSUM = 6  # the file is not the one announced
    STORAGE = 7  # it could not be kept: flash, disk
    NO_MICROPHONE = 8
    BAD_MODEL = 9  # an agent cannot use it: the text says why
    NO_STEP = 10  # nothing has been heard that could be computed again


# Steps ----------------------------------------------------------------------------------------------------------

READY, FIRED = 1, 2  # flags of a value


def record_type(models: int) -> np.dtype[np.void]:
    """Give how a step stands in `Scores`: ticks it took, messages that waited, and a value with flags for each model."""
    value = np.dtype([("value", "<u4"), ("flags", "u1")])
    return np.dtype([("ticks", "<u4"), ("waiting", "u1"), ("models", value, (models,))])


def records(scores: Scores) -> NDArray[np.void]:
    """Read the steps of a message.

    Raises
    ------
    DeviceError : it holds no whole number of them.
    """
    kind = record_type(scores.models)
    if not scores.models or len(scores.data) % kind.itemsize:
        raise _not_understood("scores that are no whole steps")
    return np.frombuffer(scores.data, kind)


def to_bytes(message: Message) -> bytes:
    """Give the body of a DATA frame."""
    values = astuple(message)
    head, rest = (values[:-1], values[-1]) if message.REST else (values, b"")
    return bytes((message.CODE,)) + message.LAYOUT.pack(*head) + rest


def from_bytes(data: bytes) -> Message:
    """Read the body of a DATA frame.

    Raises
    ------
    DeviceError : it is no message of this version.
    """
    made = MESSAGES.get(data[0]) if data else None
    if made is None:
        raise _not_understood(f"a message {data[0]:#04x}" if data else "an empty message")
    size = 1 + made.LAYOUT.size
    if len(data) < size or (len(data) > size and not made.REST):
        raise _not_understood(f"a {made.__name__} of {len(data)} bytes")
    return made(*made.LAYOUT.unpack_from(data, 1), *((data[size:],) if made.REST else ()))


def _not_understood(what: str) -> DeviceError:
    return DeviceError(
        f"The device sent {what}, which this program does not understand.",
        hint="Give both the same version of wakegen: wakegen firmware flash.",
    )
