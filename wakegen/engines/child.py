"""A program that is asked and answers over pipes, each answer with a deadline; what it says on stderr is kept."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_CLOSE_DEADLINE_S = 5.0  # an idle program ends in milliseconds once its stdin closes
_STDERR_KEPT = 4096  # bytes: the last lines of it, where a program says why it gives up
_CHUNK = 1 << 16  # what a pipe holds


class Lost(Exception):
    """No answer will come. The program is ended already; `str` says what happened."""

    def __init__(self, reason: str, *, from_outside: bool = False) -> None:
        super().__init__(reason)
        self.from_outside = from_outside  # somebody else ended the program: not the fault of what it was asked


class Child:
    """A running program. It ends when its stdin closes, which a death of this process brings about too."""

    def __init__(
        self, command: Sequence[str], *, environment: Mapping[str, str] | None = None, folder: Path | None = None
    ) -> None:
        """Start it, with these variables added to the environment, in this folder. Raises FileNotFoundError."""
        self._owner = os.getpid()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, **(environment or {})},
            cwd=folder,
        )
        assert self._process.stdin
        assert self._process.stdout
        assert self._process.stderr
        self._requests = self._process.stdin.fileno()
        self._answers = self._process.stdout.fileno()
        self._errors = self._process.stderr.fileno()
        self._poll = select.poll()
        for handle in (self._answers, self._errors):
            self._poll.register(handle, select.POLLIN)
        self._ahead = bytearray()  # of stdout, read and not yet asked for
        self._stderr = b""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_ours(self) -> bool:
        """Whether this process started it; one that was forked from this one has only copies of the pipes."""
        return self._owner == os.getpid()

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self.is_ours and self._process.poll() is None

    def send(self, data: bytes) -> None:
        """Write a request: 64 KiB at most, as a pipe takes them although nobody reads. Raises Lost."""
        self._stderr = b""
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._requests, view) :]
        except OSError:
            raise self._ended() from None

    def read(self, count: int, *, until: float) -> bytearray:
        """Read so many bytes of stdout. `until` is a time of the monotonic clock, in seconds. Raises Lost."""
        while len(self._ahead) < count:
            self._ahead += self._more(until)
        return self._take(count)

    def read_to(self, mark: bytes, *, until: float, limit: int) -> bytearray:
        """Read stdout to a mark and give what stands before it. Raises Lost, after `limit` bytes without a mark too."""
        while (place := self._ahead.find(mark)) < 0:
            if len(self._ahead) > limit:
                self.kill()
                raise Lost(f"it said more than {limit} bytes")
            self._ahead += self._more(until)
        return self._take(place + len(mark))[:place]

    @property
    def has_more(self) -> bool:
        """Whether more of stdout has been read than was asked for."""
        return bool(self._ahead)

    def _take(self, count: int) -> bytearray:
        taken = self._ahead[:count]
        del self._ahead[:count]
        return taken

    def _more(self, until: float) -> bytes:
        while True:
            left_s = until - time.monotonic()
            ready = [handle for handle, _ in self._poll.poll(max(0.0, 1000 * left_s))]
            if self._errors in ready:
                self._hear_errors()
            if self._answers in ready:
                more = os.read(self._answers, _CHUNK)
                if not more:
                    raise self._ended()
                return more
            if left_s <= 0:
                self.kill()
                raise Lost("it took too long")

    def _hear_errors(self) -> None:
        more = os.read(self._errors, _CHUNK)
        if not more:
            self._poll.unregister(self._errors)
        self._stderr = (self._stderr + more)[-_STDERR_KEPT:]

    def last_words(self) -> str:
        """Give the last line of what it said on stderr since it was asked last, 200 characters at most."""
        lines = [line.strip() for line in self._stderr.decode(errors="replace").splitlines() if line.strip()]
        return lines[-1][:200] if lines else ""

    def _ended(self) -> Lost:
        try:
            status = self._process.wait(_CLOSE_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return Lost("it closed its pipe and went on")
        while any(handle == self._errors for handle, _ in self._poll.poll(0)):
            self._hear_errors()
        reason = f"it crashed ({_signal(-status)})" if status < 0 else f"its process ended with status {status}"
        from_outside = -status in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP)
        words = self.last_words()
        self.kill()
        return Lost(f"{reason}: {words}" if words else reason, from_outside=from_outside)

    def close(self) -> None:
        """Close its stdin, so that it ends; end it where it does not."""
        assert self._process.stdin
        self._process.stdin.close()
        if self.is_ours:
            try:
                self._process.wait(_CLOSE_DEADLINE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._let_go()

    def kill(self) -> None:
        """End it now."""
        if self.is_ours:
            self._process.kill()
        self._let_go()

    def _let_go(self) -> None:
        if self.is_ours:
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe
            pipe.close()


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
