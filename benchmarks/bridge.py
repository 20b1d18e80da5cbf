"""Lines that look like a serial port or a TCP port: what stands behind is a program on this machine."""

from __future__ import annotations

import os
import pty
import socket
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from wakegen.core.errors import DeviceLost
from wakegen.devices.transports.base import Line


@contextmanager
def bridged_pty(line: Line) -> Iterator[str]:
    """Put a line behind a pty; give its path. Leaving pulls it out."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    stop = threading.Event()
    thread = threading.Thread(target=_pump, args=(line, master, stop))
    thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        stop.set()
        thread.join()
        line.close()
        os.close(slave)
        os.close(master)


@contextmanager
def bridged_socket(line: Line) -> Iterator[str]:
    """Put a line behind a TCP port; give its URL."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                _pump(line, connection.fileno(), stop)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"socket://127.0.0.1:{server.getsockname()[1]}"
        finally:
            stop.set()
            thread.join()
            line.close()


def _pump(line: Line, end: int, stop: threading.Event) -> None:
    """Carry bytes both ways. What the far end has not taken yet holds the host back, as a UART does."""
    os.set_blocking(end, False)
    while not stop.is_set():
        try:
            came = b""
            with suppress(BlockingIOError):
                came = os.read(end, 4096)
            if came:
                line.write(came)
            back = line.read(0.0 if came else 0.001)
            while back:
                try:
                    back = back[os.write(end, back) :]
                except BlockingIOError:
                    time.sleep(0.001)
        except (OSError, DeviceLost):
            return
