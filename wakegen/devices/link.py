"""A channel that loses nothing over a line that does: messages in order, each once, or a named failure.

Selective repeat: every DATA frame has a number; whoever gets one answers with the next number that is missing, which later ones
are here already, and how many from there on it can take. What is missing is sent again: at once if a later one arrived, else
after a time that follows the line's own. Both ends run the same machine; the one that opens picks the session's number, and a
device that has restarted since does not know it and says so.

Bytes and the time go in, bytes and messages come out: no port and no clock in here. The C twin is
firmware_harness/core/wg_link.c.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from wakegen.core.errors import DeviceLost
from wakegen.devices.frames import MAX_BODY, Frame, Kind, Splitter, to_bytes

VERSION = 1
WINDOW = 8  # DATA frames that may be under way; `held` has 16 bits
_TERMS = struct.Struct("<HHBB")
_NUMBERS = 1 << 16
_FIRST_WAIT_S = 0.5  # for an answer, before the line's own time is known; a serial bridge can hold bytes for 16 ms
_LEAST_WAIT_S, _MOST_WAIT_S = 0.03, 1.0
_MOST_PATIENT = 4  # times that wait: nobody else is on the line who would need it
PATIENCE_S = 10.0  # without a single frame: longer than a reboot takes
_LONGEST_LOOK_S = 1.0  # that two looks at the line, one after the other, count for
_IDLE_PING_S = 1.0  # with nothing to say, a cable that was pulled is noticed all the same


@dataclass(frozen=True, slots=True)
class Terms:
    """What one side can do."""

    version: int = VERSION
    max_body: int = MAX_BODY
    window: int = WINDOW

    def to_bytes(self) -> bytes:
        """Give the body of OPEN and OPENED."""
        return _TERMS.pack(self.version, self.max_body, self.window, 0)


@dataclass(slots=True)
class Counts:
    """What the line cost."""

    sent: int = 0  # DATA frames, each once
    again: int = 0  # sent once more
    bytes_out: int = 0
    bytes_in: int = 0
    duplicates: int = 0  # DATA frames that were here already


@dataclass(slots=True)
class _Flying:
    """A DATA frame that is not confirmed."""

    body: bytes
    first_s: float
    last_s: float
    tries: int = 1


@dataclass(slots=True)
class _State:
    """All that a new session forgets."""

    session: int
    room: int = 0  # of the other side: frames from `base` on that it can take
    base: int = 0  # the oldest of ours that is not confirmed
    next: int = 0  # the number of our next
    expected: int = 0  # the number of theirs that is missing first
    queue: deque[bytes] = field(default_factory=deque)
    flying: dict[int, _Flying] = field(default_factory=dict)
    early: dict[int, bytes] = field(default_factory=dict)  # theirs that came before their turn
    inbox: deque[bytes] = field(default_factory=deque)
    peer: Terms | None = None
    answer: bool = False  # the other side waits for a word
    told_room: int = 0
    wait_s: float = _FIRST_WAIT_S  # for a confirmation, mean and spread of what it took so far
    mean_s: float | None = None
    spread_s: float = 0.0
    heard_s: float | None = None  # when the other side was last heard
    looked_s: float | None = None  # when it was last listened to
    silent_s: float = 0.0  # listened to it since it was heard: a host that was busy elsewhere has lost nobody
    asked_s: float | None = None  # when it was last asked for a word


class Link:
    """One end of a line."""

    def __init__(self, *, session: int = 0, terms: Terms | None = None, patience_s: float = PATIENCE_S) -> None:
        """Open a session, if one is named (1 … 65535), or wait for one to be opened."""
        self._opens = session > 0
        self._own = terms or Terms()
        self._patience_s = patience_s
        self._unknown = 0  # a session that somebody believes in
        self._greet = False  # who opened has not been answered
        self._state = _State(session)
        self.splitter = Splitter()
        self.counts = Counts()

    @property
    def is_open(self) -> bool:
        """Whether both sides know each other's terms."""
        return self._state.peer is not None

    @property
    def max_message(self) -> int:
        """The most bytes of a message, once open."""
        return min(self._own.max_body, self._state.peer.max_body if self._state.peer else MAX_BODY)

    @property
    def unconfirmed(self) -> int:
        """Messages that were given and that the other side has not confirmed."""
        return len(self._state.queue) + len(self._state.flying)

    @property
    def waiting(self) -> int:
        """Messages that have come and were not taken."""
        return len(self._state.inbox)

    @property
    def session(self) -> int:
        """The number of the session; a new one forgets all that was under way."""
        return self._state.session

    def send(self, message: bytes) -> None:
        """Give a message; `outgoing` has its bytes when its turn comes."""
        assert len(message) <= self.max_message
        self._state.queue.append(message)

    def take(self, most: int | None = None) -> list[bytes]:
        """Give the messages that have come, in order."""
        state = self._state
        count = len(state.inbox) if most is None else min(most, len(state.inbox))
        found = [state.inbox.popleft() for _ in range(count)]
        if found and state.told_room <= self._own.window // 2:
            state.answer = True  # the other side may be waiting for room
        return found

    def receive(self, data: bytes, now_s: float) -> None:
        """Take bytes as they come.

        Raises
        ------
        DeviceLost : the other side restarted, or speaks another version.
        """
        self.counts.bytes_in += len(data)
        state = self._state
        state.silent_s += min(_LONGEST_LOOK_S, now_s - (now_s if state.looked_s is None else state.looked_s))
        state.looked_s = now_s
        for frame in self.splitter.push(data):
            if frame.kind in (Kind.OPEN, Kind.OPENED):
                self._greeted(frame, now_s)
            elif frame.session != self._state.session or not self.is_open:
                self._unknown = 0 if self._opens or frame.kind == Kind.RESET else frame.session
            elif frame.kind == Kind.RESET:
                raise DeviceLost("The device has restarted.", hint="What it had finished is kept: run the same again.")
            else:
                self._state.heard_s, self._state.silent_s = now_s, 0.0
                self._state.answer |= frame.kind != Kind.ACK
                self._confirmed(frame, now_s)
                if frame.kind == Kind.DATA:
                    self._arrived(frame)

    def outgoing(self, now_s: float) -> bytes:
        """Give the bytes that are due.

        Raises
        ------
        DeviceLost : nothing has been heard for too long (on the side that opened the session).
        """
        made = b"".join(to_bytes(frame) for frame in self._due(now_s))
        self.counts.bytes_out += len(made)
        if self._opens and self._state.silent_s > self._patience_s:
            raise DeviceLost(
                f"The device has not answered for {self._patience_s:.0f} s.",
                hint="Is it plugged in, is its firmware running, is the speed of the line right?",
            )
        return made

    def _greeted(self, frame: Frame, now_s: float) -> None:
        wanted = Kind.OPENED if self._opens else Kind.OPEN
        if frame.kind != wanted or len(frame.body) != _TERMS.size or not frame.session:
            return
        if self._opens and frame.session != self._state.session:
            return
        terms = Terms(*_TERMS.unpack(frame.body)[:3])
        self._greet = not self._opens
        if frame.session != self._state.session:
            self._state = _State(frame.session)
        if terms.version != self._own.version and self._greet:
            return  # the other side learns it from the answer, and can tell a person
        if terms.version != self._own.version:
            raise DeviceLost(
                f"The device speaks version {terms.version} of the protocol, this program {self._own.version}.",
                hint="Give both the same version of wakegen: wakegen firmware flash.",
            )
        if not self.is_open:
            self._state.peer, self._state.room = terms, terms.window
        self._state.heard_s, self._state.silent_s = now_s, 0.0
        self._state.asked_s = None

    def _confirmed(self, frame: Frame, now_s: float) -> None:
        state = self._state
        done = (frame.ack - state.base) % _NUMBERS
        if done > (state.next - state.base) % _NUMBERS:
            if self._opens and (frame.ack - state.next) % _NUMBERS < _NUMBERS // 2:
                raise DeviceLost(
                    "The device is in a session of the same number with somebody else.", hint="Run the same again."
                )
            return  # older than what is known
        state.room = frame.room
        for _ in range(done):
            self._landed(state.base, now_s)
            state.base = (state.base + 1) % _NUMBERS
        for bit in range(16):
            if frame.held >> bit & 1:
                self._landed((frame.ack + 1 + bit) % _NUMBERS, now_s)
        for offset in range(frame.held.bit_length()):  # a later one is there: these were lost
            flying = state.flying.get((frame.ack + offset) % _NUMBERS)
            if flying and now_s - flying.last_s > (state.mean_s or 0.0):
                flying.last_s = float("-inf")

    def _landed(self, number: int, now_s: float) -> None:
        """Take a frame for confirmed, and learn from it how long to wait (as TCP does: RFC 6298)."""
        flying = self._state.flying.pop(number, None)
        if flying is None:
            return
        state, took_s = self._state, now_s - flying.first_s
        if state.mean_s is None:
            state.mean_s, state.spread_s = took_s, took_s / 2
        else:
            state.spread_s += 0.25 * (abs(took_s - state.mean_s) - state.spread_s)
            state.mean_s += 0.125 * (took_s - state.mean_s)
        state.wait_s = min(_MOST_WAIT_S, max(_LEAST_WAIT_S, state.mean_s + 4 * state.spread_s))

    def _arrived(self, frame: Frame) -> None:
        state = self._state
        ahead = (frame.seq - state.expected) % _NUMBERS
        if ahead >= self._room or frame.seq in state.early:
            self.counts.duplicates += 1
            return
        state.early[frame.seq] = frame.body
        while state.expected in state.early:
            state.inbox.append(state.early.pop(state.expected))
            state.expected = (state.expected + 1) % _NUMBERS

    @property
    def _room(self) -> int:
        return max(0, self._own.window - len(self._state.inbox))

    def _due(self, now_s: float) -> Iterator[Frame]:
        state = self._state
        if self._unknown:
            yield Frame(Kind.RESET, self._unknown)
            self._unknown = 0
        if self._greet:
            yield self._frame(Kind.OPENED, body=self._own.to_bytes())
            self._greet = False
        if not self.is_open:
            if self._opens and self._may_ask(now_s, _FIRST_WAIT_S):
                yield self._frame(Kind.OPEN, body=self._own.to_bytes())
            return
        sent = yield from self._data(now_s)
        idle_s = _FIRST_WAIT_S if state.queue else _IDLE_PING_S
        if sent:
            state.answer = False
        elif state.answer:
            state.answer = False
            yield self._frame(Kind.ACK)
        elif self._opens and not state.flying and self._may_ask(now_s, idle_s):
            yield self._frame(Kind.PING)

    def _data(self, now_s: float) -> Generator[Frame, None, bool]:
        """Give what is to be sent again, and what is new and has room; tell whether there was anything."""
        state, any_sent = self._state, False
        for number, flying in state.flying.items():
            if now_s - flying.last_s >= min(_MOST_WAIT_S, state.wait_s * min(flying.tries, _MOST_PATIENT)):
                flying.last_s, flying.tries, any_sent = now_s, flying.tries + 1, True
                self.counts.again += 1
                yield self._frame(Kind.DATA, number, flying.body)
        while state.queue and (state.next - state.base) % _NUMBERS < state.room:
            body, any_sent = state.queue.popleft(), True
            state.flying[state.next] = _Flying(body, now_s, now_s)
            self.counts.sent += 1
            yield self._frame(Kind.DATA, state.next, body)
            state.next = (state.next + 1) % _NUMBERS
        return any_sent

    def _may_ask(self, now_s: float, wait_s: float) -> bool:
        last_s = max((at for at in (self._state.asked_s, self._state.heard_s) if at is not None), default=None)
        if last_s is not None and now_s - last_s < wait_s:
            return False
        self._state.asked_s = now_s
        return True

    def _frame(self, kind: Kind, seq: int = 0, body: bytes = b"") -> Frame:
        state = self._state
        held = sum(1 << (ahead - 1) for number in state.early if (ahead := (number - state.expected) % _NUMBERS) <= 16)
        state.told_room = self._room
        return Frame(kind, state.session, seq, state.expected, held, self._room, body)
