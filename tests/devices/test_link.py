"""The channel over good and bad lines: every message once and in order, or a named failure. In simulated time."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.devices.c_link import CLink
from wakegen.core.errors import DeviceLost
from wakegen.devices.faults import Faults, FaultyLine
from wakegen.devices.frames import Frame, Kind, to_bytes
from wakegen.devices.link import Link, Terms


@dataclass
class Talk:
    """A host and a device, a line each way, and a clock of its own."""

    host: Link
    device: Any
    there: FaultyLine
    back: FaultyLine
    now_s: float = 0.0

    def turn(self) -> None:
        """Let a millisecond pass."""
        for link, out, into in ((self.host, self.there, self.back), (self.device, self.back, self.there)):
            link.receive(into.read(self.now_s), self.now_s)
            made = link.outgoing(self.now_s)
            if made:
                out.write(made, self.now_s)
        self.now_s += 0.001

    def until(self, done, *, seconds: float = 600.0) -> None:
        end_s = self.now_s + seconds
        while not done():
            assert self.now_s < end_s, "not within the time"
            self.turn()


GOOD = Faults()


@pytest.fixture(scope="module", params=["python", "c"])
def device(request, tmp_path_factory):
    """Make a device's end: `device(window=4)`."""
    if request.param == "python":
        return lambda **terms: Link(terms=Terms(**terms))
    if not shutil.which("gcc"):
        pytest.skip("needs gcc")
    folder = tmp_path_factory.mktemp("link")
    return lambda **terms: CLink(folder, **terms)


def talk(end: Any = None, faults: Faults = GOOD, *, seed: int = 0, patience_s: float = 10.0) -> Talk:
    lines = FaultyLine(faults, seed=2 * seed), FaultyLine(faults, seed=2 * seed + 1)
    return Talk(Link(session=4711, patience_s=patience_s), end or Link(), *lines)


def exchanged(one: Talk, count: int, size: int = 200) -> tuple[list[bytes], list[bytes]]:
    """Send messages both ways; give what arrived at the device and at the host."""
    one.until(lambda: one.host.is_open)
    at_device: list[bytes] = []
    at_host: list[bytes] = []
    for i in range(count):
        one.host.send(bytes([i % 256]) * (i % size) + i.to_bytes(4, "little"))

    def step() -> bool:
        for message in one.device.take():
            at_device.append(message)
            one.device.send(b"re" + message)
        at_host.extend(one.host.take())
        return len(at_host) == count

    one.until(step)
    return at_device, at_host


def expected(count: int, size: int = 200) -> list[bytes]:
    return [bytes([i % 256]) * (i % size) + i.to_bytes(4, "little") for i in range(count)]


def test_over_a_good_line_nothing_is_sent_twice(device):
    one = talk(device(), Faults(delay_s=0.002, bytes_per_s=92_160))
    at_device, at_host = exchanged(one, 300)
    assert at_device == expected(300)
    assert at_host == [b"re" + message for message in expected(300)]
    assert one.host.counts.again == one.host.counts.duplicates == 0


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],
)
@given(
    seed=st.integers(0, 10_000),
    dropped=st.floats(0, 0.3),
    doubled=st.floats(0, 0.3),
    late=st.floats(0, 0.3),
    garbage=st.floats(0, 0.2),
    errors=st.sampled_from([0.0, 1e-5, 1e-4, 5e-4]),
    window=st.integers(1, 8),
)
def test_over_a_bad_line_every_message_arrives_once_and_in_order(
    device, seed, dropped, doubled, late, garbage, errors, window
):
    faults = Faults(errors, dropped, doubled, late, garbage, bytes_per_s=92_160, delay_s=0.002)
    one = talk(device(window=window), faults, seed=seed, patience_s=60.0)  # so bad a line may be silent for long
    at_device, at_host = exchanged(one, 60, 60)
    assert at_device == expected(60, 60)
    assert at_host == [b"re" + message for message in expected(60, 60)]


def test_a_slow_line_is_not_flooded(device):
    one = talk(device(), Faults(bytes_per_s=10_000, delay_s=0.01))
    at_device, _ = exchanged(one, 60, 900)
    assert at_device == expected(60, 900)
    assert one.host.counts.again <= 8, "before the line's time is known"


def test_numbers_run_over():
    one = talk()
    one.until(lambda: one.host.is_open)
    for end in (one.host, one.device):
        state = end._state
        state.base = state.next = state.expected = 65_530
    at_device, at_host = exchanged(one, 40)
    assert at_device == expected(40)
    assert len(at_host) == 40


def test_numbers_run_over_in_c_too(tmp_path_factory):
    """Two messages that wait must not share a place, though 3 does not divide 65,536."""
    if not shutil.which("gcc"):
        pytest.skip("needs gcc")
    end = CLink(tmp_path_factory.mktemp("link"), window=3, max_body=64)
    end.receive(to_bytes(Frame(Kind.OPEN, 5, body=Terms().to_bytes())), 0.0)
    for first in range(0, 65_544, 3):
        bodies = [(first + i).to_bytes(4, "little") for i in range(3)]
        frames = [to_bytes(Frame(Kind.DATA, 5, (first + i) % 65_536, body=body)) for i, body in enumerate(bodies)]
        end.receive(b"".join(frames), 0.0)
        assert end.take() == bodies


def test_a_reader_who_is_slow_is_waited_for(device):
    one = talk(device(window=4))
    one.until(lambda: one.host.is_open)
    for message in expected(30):
        one.host.send(message)
    for _ in range(3000):
        one.turn()
    found: list[bytes] = []
    assert 25 <= one.host.unconfirmed <= 26
    one.until(lambda: found.extend(one.device.take(1)) or len(found) == 30)
    assert found == expected(30)


def test_a_device_that_restarted_is_noticed(device):
    one = talk(device())
    exchanged(one, 10)
    one.device = device()
    one.host.send(b"go on")
    with pytest.raises(DeviceLost, match="restarted") as caught:
        one.until(lambda: False, seconds=30)
    assert "run the same again" in caught.value.hint


def test_a_cable_that_was_pulled_is_noticed_with_and_without_something_to_send():
    for message in (b"hello", None):
        one = talk()
        exchanged(one, 10)
        one.there = FaultyLine(Faults(dropped=1.0), seed=1)
        if message:
            one.host.send(message)
        begun_s = one.now_s
        with pytest.raises(DeviceLost, match="not answered for 10 s"):
            one.until(lambda: False, seconds=30)
        assert 8.9 <= one.now_s - begun_s < 12.5


def test_another_version_is_refused_on_both_sides():
    one = talk(Link(terms=Terms(version=2)))
    with pytest.raises(DeviceLost, match="version 2 of the protocol, this program 1"):
        one.until(lambda: False, seconds=5)


def test_who_opens_again_begins_afresh(device):
    one = talk(device())
    exchanged(one, 10)
    one.host = Link(session=99)
    at_device, at_host = exchanged(one, 10)
    assert at_device == expected(10)
    assert len(at_host) == 10


@given(st.lists(st.binary(max_size=400), max_size=20), st.booleans())
def test_garbage_does_nothing(pieces, opens):
    link = Link(session=7 if opens else 0)
    for at, piece in enumerate(pieces):
        link.receive(piece, at * 0.001)
        link.outgoing(at * 0.001)
    assert link.take() == []
    assert not link.is_open


@given(
    st.sampled_from(list(Kind)), st.integers(0, 65535), st.integers(0, 65535), st.integers(0, 65535), st.integers(0, 255), st.binary(max_size=20)
)  # fmt: skip
def test_a_frame_that_claims_what_never_was_does_no_harm(device, kind, seq, ack, held, room, body):
    one = talk(device())
    exchanged(one, 3)
    if kind == Kind.RESET:
        return
    one.device.receive(to_bytes(Frame(kind, 4711, seq, ack, held, room, body)), one.now_s)
    one.device.outgoing(one.now_s)
    assert all(message == body for message in one.device.take())
