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
    """Owns the far end of a pty. Whoever opens `port` talks to `receive`, which answers by `send`.

    While the port is open, `idle` is called again and again; `opened` each time that somebody opens it.
    """

    def __init__(self) -> None:
        self.receive: Callable[[bytes], None] = lambda data: None
        self.idle: Callable[[], None] = lambda: None
        self.opened: Callable[[], None] = lambda: None
        self._far, near = pty.openpty()
        tty.setraw(near, termios.TCSANOW)
        self.port = os.ttyname(near)
        os.close(near)  # nobody may hold the port but who is tested
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
        poll, is_open = select.poll(), False
        poll.register(self._far, select.POLLIN)
        try:
            while not self._ended.is_set():
                seen = dict(poll.poll(1)).get(self._far, 0)
                if seen & select.POLLIN:
                    data = os.read(self._far, 65_536)
                    self.receive(data)
                elif seen & select.POLLHUP:
                    is_open = False
                    self._ended.wait(0.005)
                else:
                    if not is_open:
                        is_open = True
                        self.opened()
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
