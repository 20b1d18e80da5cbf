"""What an agent tells of a clip, a RUN or a CAPTURE: checksums of what was heard and said, and scores not sent yet."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

from wakegen.devices.agent_slots import MOST_TICKS
from wakegen.devices.messages import Heard

_MOST_STEPS, _MOST_WAIT_S = 64, 0.2  # that go into one SCORES; an AUDIO holds fewer
_TICKS = struct.Struct("<IB")


@dataclass(slots=True)
class Clip:
    """Sound in, steps out, both counted."""

    number: int = 0
    samples: int = 0
    _crc_samples: int = 0
    _steps: int = 0
    _crc_scores: int = 0
    _batch: bytearray = field(default_factory=bytearray)
    _first: int = 0  # step of the batch
    _begun_s: float = 0.0  # when it was

    def add_sound(self, data: bytes) -> None:
        """Count samples."""
        self.samples += len(data) // 2
        self._crc_samples = zlib.crc32(data, self._crc_samples)

    def add_step(self, values: bytes, *, ticks: int, waiting: int, now_s: float) -> bool:
        """Keep a step; tell whether it is time to send what is kept."""
        self._crc_scores = zlib.crc32(values, self._crc_scores)
        if not self._batch:
            self._first, self._begun_s = self._steps, now_s
        self._batch += _TICKS.pack(min(ticks, MOST_TICKS), waiting) + values
        self._steps += 1
        return self._steps - self._first >= _MOST_STEPS or now_s - self._begun_s > _MOST_WAIT_S

    def take(self) -> tuple[int, bytes]:
        """Give the number of the first step that is kept, and all of them; b"" if there are none."""
        data = bytes(self._batch)
        self._batch.clear()
        return self._first, data

    def heard(self) -> Heard:
        """Give what it came to."""
        return Heard(self.number, self.samples, self._crc_samples, self._steps, self._crc_scores)
