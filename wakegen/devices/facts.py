"""What a device says of itself and of its state: numbers and texts, each under a key of one table.

On the wire each is key (u8), length (u8), value: UTF-8, or a signed little-endian number of up to 8 bytes. A key that is not
in the table was added by a newer firmware: it is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wakegen.core.errors import DeviceError

Value = int | str


@dataclass(frozen=True, slots=True)
class FactRow:
    """One thing that a device can say."""

    key: int
    name: str
    title: str  # for people, with the unit
    kind: type[int] | type[str] = int


FACTS = (
    # What it is: the answer to INFO.
    FactRow(1, "chip", "chip", str),
    FactRow(2, "core", "core", str),
    FactRow(3, "port", "firmware for", str),
    FactRow(4, "version", "wakegen", str),
    FactRow(5, "build", "build", str),
    FactRow(6, "clock_hz", "clock, Hz"),
    FactRow(7, "ticks_per_s", "ticks a second"),
    FactRow(8, "ticks_are", "ticks are", str),  # cycles, instructions or nanoseconds
    FactRow(9, "slots", "models at once"),
    FactRow(10, "model_room", "largest model, bytes"),
    FactRow(11, "arena_bytes", "memory for detectors, bytes"),
    FactRow(12, "rate_hz", "sampling rate, Hz"),
    FactRow(13, "channels", "channels of its microphone"),  # 0: it has none
    FactRow(14, "level_mdbfs", "level of its microphone, dBFS / 1000"),
    FactRow(15, "formats", "models it runs", str),  # words: wgm, onnx
    FactRow(16, "os", "operating system", str),
    FactRow(17, "python", "Python", str),
    FactRow(18, "runtime", "runtime", str),  # c, onnxruntime or integers
    FactRow(19, "cores", "cores"),
    FactRow(20, "memory_kb", "memory, KiB"),
    FactRow(21, "governor", "clock governor", str),
    FactRow(22, "host", "host", str),
    *(FactRow(32 + slot, f"model_{slot}", f"CRC-32 of the model in slot {slot}") for slot in range(4)),
    # How it fares: the answer to STATS.
    FactRow(64, "uptime_ms", "since its start, ms"),
    FactRow(65, "heap_free", "heap free, bytes"),
    FactRow(66, "heap_least", "heap free at least so far, bytes"),
    FactRow(67, "psram_free", "PSRAM free, bytes"),
    FactRow(68, "psram_least", "PSRAM free at least so far, bytes"),
    FactRow(69, "arena_used", "memory of detectors, bytes"),
    FactRow(70, "stack_bytes", "stack, bytes"),
    FactRow(71, "stack_used", "stack used at most so far, bytes"),
    FactRow(72, "flash_used", "flash taken by the firmware, bytes"),
    FactRow(73, "temperature_mc", "temperature, °C / 1000"),
    FactRow(74, "throttled", "get_throttled"),  # bits, as `vcgencmd get_throttled` gives them
    FactRow(75, "rss_bytes", "memory, bytes"),
    FactRow(76, "rss_most", "memory at most so far, bytes"),
    FactRow(77, "pss_bytes", "memory with its share of what is shared, bytes"),
    FactRow(78, "clock_now_hz", "clock now, Hz"),
    FactRow(79, "load_milli", "load average / 1000"),
    FactRow(80, "cpu_ms", "processor time of its process, ms"),
    FactRow(81, "frames_bad", "pieces between frames that were none"),
    FactRow(82, "frames_again", "frames it sent again"),
)
_BY_KEY = {row.key: row for row in FACTS}
_BY_NAME = {row.name: row for row in FACTS}


def title(name: str) -> str:
    """Give what a fact is called, for people."""
    return _BY_NAME[name].title


def to_bytes(facts: Mapping[str, Value | None]) -> bytes:
    """Pack; what is None is left out, a text of more than 255 bytes is cut."""
    made = bytearray()
    for name, value in facts.items():
        if value is None:
            continue
        row = _BY_NAME[name]
        data = str(value).encode()[:255] if row.kind is str else _number(int(value))
        made += bytes((row.key, len(data))) + data
    return bytes(made)


def from_bytes(data: bytes) -> dict[str, Value]:
    """Unpack.

    Raises
    ------
    DeviceError : a value reaches beyond the end, or a number is longer than 8 bytes.
    """
    found: dict[str, Value] = {}
    at = 0
    while at < len(data):
        key, length = data[at], data[at + 1] if at + 1 < len(data) else 256
        value = data[at + 2 : at + 2 + length]
        row = _BY_KEY.get(key)
        if len(value) != length or (row and row.kind is int and length > 8):
            raise DeviceError(
                "The device describes itself in a way that this program does not understand.",
                hint="Give both the same version of wakegen: wakegen firmware flash.",
            )
        if row:
            found[row.name] = (
                value.decode(errors="replace") if row.kind is str else int.from_bytes(value, "little", signed=True)
            )
        at += 2 + length
    return found


def _number(value: int) -> bytes:
    return value.to_bytes(
        next(n for n in (1, 2, 4, 8) if -(1 << 8 * n - 1) <= value < 1 << 8 * n - 1), "little", signed=True
    )
