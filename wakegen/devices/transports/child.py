"""A device that is a program on this machine: frames go through its stdin and stdout."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress

from wakegen.core.errors import DeviceError, DeviceLost

_READ_BYTES = 1 << 18
_GRACE_S = 2.0  # to end by itself once its stdin is closed, and again once it was asked to
_WRITE_S = 30.0  # without one byte taken: it hangs


class ChildLine:
    """A program in a process group of its own. It ends when its stdin does, so it goes when this process is killed, too."""

    def __init__(
        self, command: Sequence[str], *, title: str, env: Mapping[str, str] | None = None, greeting: str = ""
    ) -> None:
        """Start it. `greeting`: a line on stderr that tells nothing of why it ends.

        Raises
        ------
        DeviceError : it does not start.
        """
        self._title, self._greeting = title, greeting
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the line)
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, bufsize=0, env=env, start_new_session=True
            )  # fmt: skip
        except OSError as error:
            self._log.close()
            raise DeviceError(
                f"{title} does not start: {error.strerror or error}.",
                hint=f"Is {command[0]} a program for this machine?",
            ) from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._in, False)
        self._come = bytearray()  # read while something was written
        self._closed = False

    @property
    def pid(self) -> int:
        """The process, which leads a group of its own."""
        return self._process.pid

    def read(self, timeout_s: float) -> bytes:
        """Give what has come, at once if there is something; b"" when nothing came in time.

        Raises
        ------
        DeviceLost : the program has ended.
        """
        if not self._come:
            if self._closed:
                raise self._lost()
            if not select.select([self._out], [], [], timeout_s)[0]:
                return b""
            self._take()
        data = bytes(self._come)
        self._come.clear()
        return data

    def write(self, data: bytes) -> None:
        """Hand over all of it, and keep what comes meanwhile: else both could wait for each other.

        Raises
        ------
        DeviceLost : the program has ended, or takes nothing.
        """
        rest = memoryview(data)
        while rest:
            if self._closed:
                raise self._lost()
            readable, writable, _ = select.select([self._out], [self._in], [], _WRITE_S)
            if readable:
                self._take()
            if writable:
                try:
                    rest = rest[os.write(self._in, rest) :]
                except BlockingIOError:
                    continue
                except OSError:
                    raise self._lost() from None
            if not readable and not writable:
                raise DeviceLost(f"{self._title} takes nothing.", hint="Run the same again: what was finished is kept.")

    def close(self) -> None:
        """End the program: by the end of its stdin, else by a signal, else by one that it cannot refuse."""
        if self._closed:
            return
        self._closed = True
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with suppress(OSError):
                stream.close()
        for number in (None, signal.SIGTERM, signal.SIGKILL):
            if number is not None:
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_S)
                break
        self._log.close()

    def _take(self) -> None:
        data = os.read(self._out, _READ_BYTES)
        if not data:
            raise self._lost()
        self._come += data

    def _lost(self) -> DeviceLost:
        if self._closed:
            return DeviceLost(f"{self._title} was closed.", hint="Open it again.")
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)
        code = self._process.returncode
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - 4096))
        lines = self._log.read().decode(errors="replace").splitlines()
        said = [line for line in lines if line.strip() not in ("", self._greeting)]
        how = "hangs" if code is None else f"ended by signal {-code}" if code < 0 else f"ended with code {code}"
        return DeviceLost(
            f"{self._title} {how}{': ' + said[-1].rstrip('.') if said else ''}.",
            hint="Run the same again: what was finished is kept.",
        )
