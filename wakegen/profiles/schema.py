"""The fields of a device profile. A field's metadata says what its value may be; `load` reads both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOMS = (
    "bathroom",
    "bedroom",
    "car",
    "conference_room",
    "kitchen",
    "living_room",
    "office",
    "open_office",
)


def _number(low: float, high: float, **given: Any) -> Any:
    return field(metadata={"range": (low, high)}, **given)


def _choice(*names: str, **given: Any) -> Any:
    return field(metadata={"choice": names}, **given)


@dataclass(frozen=True, slots=True)
class Compute:
    """Processor and memory."""

    cores: int = _number(1, 256)
    clock_mhz: float = _number(1, 10_000)
    simd: str = _choice("none", "vector128", "neon", "avx2")
    ram_mb: int = _number(0, 1 << 20, default=0)  # of a Linux board; 0 for a microcontroller
    sram_kb: int = _number(0, 1 << 20, default=0)  # on the chip; 0 for a Linux board
    psram_kb: int = _number(0, 1 << 20, default=0)
    flash_kb: int = _number(0, 1 << 31, default=0)
    arena_kb: int = _number(0, 1 << 20, default=0)  # most that the detector may take of sram_kb; 0: no such limit
    chip: str = ""  # what the device calls itself, or a part of that; "": anything may stand for it


@dataclass(frozen=True, slots=True)
class Microphone:
    """A microphone as its data sheet states it, with port and enclosure in the response."""

    sensitivity_dbfs: float = _number(-80, 0)  # for 94 dB SPL at 1 kHz; 0 dBFS is a full-scale sine (RMS 1/√2)
    noise_dba: float = _number(0, 80)  # equivalent input noise, dB SPL, A-weighted
    overload_db_spl: float = _number(80, 160)  # where it distorts by 10 %
    tolerance_db: float = _number(0, 12, default=0.0)  # of the sensitivity, ±
    response_hz_db: tuple[tuple[float, float], ...] = _number(-60, 48_000, default=((100.0, 0.0),))  # rising frequency
    position_m: tuple[float, float, float] = _number(-5, 5, default=(0.0, 0.0, 0.0))  # from the device's middle


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """From the microphone's output to the samples that the detector gets."""

    adc_bits: int = _number(8, 32)
    gain_db: float = _number(-40, 80)
    high_pass_hz: float = _number(0, 1000)  # second order; 0: none
    agc: str = _choice("none", default="none")
    clock_ppm: float = _number(0, 2000, default=0.0)  # error of the sampling rate, ±


@dataclass(frozen=True, slots=True)
class Transport:
    """How the benchmark reaches the device."""

    kind: str = _choice("serial", "ssh", "local")
    baud: int = _number(0, 12_000_000, default=0)  # serial only


@dataclass(frozen=True, slots=True)
class Limits:
    """What a detector may cost there."""

    max_model_kb: float = _number(1, 1 << 20)
    max_step_ms: float = _number(0.1, 80)  # a step is 80 ms of sound: longer and it falls behind


@dataclass(frozen=True, slots=True)
class Detector:
    """What `make` writes for it, besides the ONNX file."""

    format: str = _choice("onnx", "wgm", default="onnx")  # wgm: a whole detector in integers
    backbone: str = _choice("full", "nano", default="full")  # of the .wgm


@dataclass(frozen=True, slots=True)
class Use:
    """Where it stands and how far away people are: decides which rooms scenes take place in."""

    rooms: Mapping[str, float] = _number(0, 1000, default_factory=lambda: {"living_room": 1.0})  # room: weight
    distance_m: tuple[float, float] = _number(0.1, 10, default=(0.3, 5.0))  # nearest, farthest


@dataclass(frozen=True, slots=True)
class DeviceProfile:
    """A device, as one YAML file says (after what it extends)."""

    name: str
    compute: Compute
    microphones: tuple[Microphone, ...]
    front_end: FrontEnd
    transport: Transport
    limits: Limits
    extends: str = ""
    title: str = ""  # for people
    codec: str = _choice("none", "g711", default="none")  # g711: 8 kHz, 300–3400 Hz, µ-law, as on the telephone
    detector: Detector = field(default_factory=Detector)
    use: Use = field(default_factory=Use)
    sources: Mapping[str, str] = field(default_factory=dict)  # dotted path: "datasheet …", "measured …" or "assumed"
    path: Path = field(default=Path(), metadata={"internal": True})  # the file it was read from
