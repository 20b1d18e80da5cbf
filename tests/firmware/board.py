"""The far end of a serial port, without a board: a pty, and something that answers on it."""

from __future__ import annotations

import os
import pty
import select
import termios
import threading
import tty
from collections.abc import Callable


class Board:
    """Owns the far end of a pty. Whoever opens `port` talks to `receive`, which answers by `send`."""

    def __init__(self, receive: Callable[[bytes], None] | None = None, idle: Callable[[], None] | None = None) -> None:
        self.receive, self.idle = receive, idle
        self._far, near = pty.openpty()
        tty.setraw(near, termios.TCSANOW)
        self.port = os.ttyname(near)
        os.close(near)  # nobody may hold the port but who is tested: until somebody opens it, reading gives EIO
        self._ended = threading.Event()
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def send(self, data: bytes) -> None:
        """Say something to whoever has the port open."""
        while data:
            try:
                data = data[os.write(self._far, data) :]
            except OSError:
                return  # it was closed

    def _serve(self) -> None:
        try:
            while not self._ended.is_set():
                if select.select([self._far], [], [], 0.01)[0]:
                    try:
                        data = os.read(self._far, 65_536)
                    except OSError:
                        self._ended.wait(0.01)
                        continue
                    if self.receive is not None:
                        self.receive(data)
                elif self.idle is not None:
                    self.idle()
        except BaseException as error:  # told by the test's thread
            self.failure = error

    def __enter__(self) -> Board:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        os.close(self._far)
        if self.failure is not None and kind is None:
            raise self.failure
