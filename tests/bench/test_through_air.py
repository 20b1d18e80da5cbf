"""Sound that is played and recorded: found again in the recording, or a named error."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from tests.heads import bursts
from wakegen.bench.items import EvalItem
from wakegen.bench.through_air import ThroughAir
from wakegen.core.errors import DeviceError
from wakegen.core.seeds import stream


class Room:
    """A loudspeaker and a microphone with air between them: late, softer, with an offset, an echo and noise."""

    def __init__(self, *, delay: int = 7_345, gain: float = -0.2, noise: float = 100.0) -> None:
        self.delay, self.gain, self.noise = delay, gain, noise
        self.played = np.zeros(0)

    def play(self, path):
        self.played = soundfile.read(path, dtype="int16")[0].astype(np.float64)
        return "speaker", ""

    def record(self, samples):
        while not len(self.played):
            pass
        made = stream(1, "room").normal(0, self.noise, samples) + 300
        for late, gain in ((self.delay, self.gain), (self.delay + 900, 0.4 * self.gain)):
            made[late : late + len(self.played)] += gain * self.played
        return made.clip(-32768, 32767).astype(np.int16)


def test_what_is_heard_begins_where_what_was_played_begins():
    room, played = Room(), bursts(3.0)
    item = EvalItem("one", played, "positive", (0.5, 2.0))
    through = ThroughAir(room, room.play).item(item)
    heard = through.load()
    assert (len(heard), through.span_s) == (len(played), item.span_s)
    np.testing.assert_array_equal(heard, room.record(len(played) + 32_000)[7_345 : 7_345 + len(played)])


def test_a_microphone_that_hears_something_else_is_an_error():
    room = Room(gain=0.0, noise=2000.0)
    with pytest.raises(DeviceError, match="did not hear what was played"):
        ThroughAir(room, room.play).heard(bursts(3.0))


def test_a_machine_that_plays_nothing_is_an_error():
    room = Room()
    room.played = np.ones(5)
    with pytest.raises(DeviceError, match="Nothing plays sound here: none of a, b is installed"):
        ThroughAir(room, lambda path: ("", "none of a, b is installed")).heard(bursts(1.0))
