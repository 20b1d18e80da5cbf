"""The agent on a computer that is reached through SSH. The connection lives in a thread of its own; the line blocks.

Host keys are always checked. Keys come from the agent or from files; there are no passwords.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from wakegen.core.errors import DeviceLost, NotInstalled
from wakegen.devices import zipapp
from wakegen.devices.transports.base import Target

if TYPE_CHECKING:
    from wakegen.devices.transports.ssh_login import Remote

T = TypeVar("T")
CONNECT_S = 60.0  # to log in, over a jump host too
UPLOAD_S = 300.0  # 3.5 MB, over a bad radio
START_S = 300.0  # the first start of an agent may compile the C engine: minutes on a Pi Zero
_CLOSE_S = 10.0
_WRITE_S = 60.0  # with nothing taken: longer than keepalive needs to notice that the network is dead


def connect(target: Target) -> SshLine:
    """Log in, bring the agent there unless it is, start it.

    Raises
    ------
    NotInstalled : asyncssh is missing here.
    BadInput : the address, the key or ~/.ssh/config cannot be used.
    DeviceError : the host cannot be reached, is not the one that is known, lets nobody in, or cannot run the agent.
    """
    if find_spec("asyncssh") is None:
        raise NotInstalled("Devices behind SSH need the package asyncssh.", hint="pip install 'wakegen[ssh]'")
    name, data = zipapp.build()
    return SshLine(target, name, data)


class SshLine:
    """A running agent. Whatever was started for it ends with `close`; its own end it notices by itself."""

    def __init__(self, target: Target, name: str, data: bytes) -> None:
        from wakegen.devices.transports import ssh_login

        self._title = target.title
        self._inbox = Inbox()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wakegen-ssh", daemon=True)
        self._thread.start()
        self._remote: Remote | None = None
        self._closed = False
        try:
            self._remote = self._wait(ssh_login.login(target), CONNECT_S)
            path = self._wait(self._remote.upload(name, data), UPLOAD_S)
            self._wait(self._remote.start(path, self._inbox), START_S)
        except BaseException:  # Ctrl-C, too: nothing stays open
            self.close()
            raise

    def read(self, timeout_s: float) -> bytes:
        """Give what has come, at once if there is something; b"" when nothing came in time.

        Raises
        ------
        DeviceLost : the connection or the agent has ended.
        """
        if self._closed:
            raise self._lost()
        data, resume = self._inbox.take(timeout_s)
        if resume and self._remote:
            self._loop.call_soon_threadsafe(self._remote.resume)
        if not data and self._inbox.ended is not None:
            raise self._lost()
        return data

    def write(self, data: bytes) -> None:
        """Hand over all of it.

        Raises
        ------
        DeviceLost : the connection or the agent has ended, or takes nothing.
        """
        if not self._inbox.may_write.wait(_WRITE_S):
            raise DeviceLost(f"{self._title} takes nothing.", hint="Is the network still there? Run the same again.")
        if self._inbox.ended is not None or self._remote is None:
            raise self._lost()
        self._loop.call_soon_threadsafe(self._remote.write, data)

    def close(self) -> None:
        """End the agent and the connection."""
        if self._closed:
            return
        self._closed = True
        self._inbox.end("the line was closed")
        if self._remote is not None:
            with suppress(NotYet, DeviceLost):
                self._wait(self._remote.close(), _CLOSE_S)
        with suppress(NotYet):  # whoever was interrupted while it logged in
            asyncio.run_coroutine_threadsafe(_end_all(), self._loop).result(_CLOSE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSE_S)
        if not self._thread.is_alive():
            self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(seconds)
        except NotYet:
            future.cancel()
            raise DeviceLost(
                f"{self._title} has not answered for {seconds:.0f} s.", hint="Is the network still there? Try again."
            ) from None

    def _lost(self) -> DeviceLost:
        return DeviceLost(
            f"The agent on {self._title} is gone: {(self._inbox.ended or '').rstrip('.')}.",
            hint="What it had finished is kept: run the same again.",
        )


class Inbox:
    """What the connection's thread leaves for the one that reads."""

    MOST_BYTES = 8 << 20  # then the connection takes no more

    def __init__(self) -> None:
        self.ended: str | None = None  # why
        self.may_write = threading.Event()
        self._come = bytearray()
        self._full = False
        self._changed = threading.Condition()

    def put(self, data: bytes) -> bool:
        """Add; tell whether it is full now, so that `take` will say when to go on."""
        with self._changed:
            self._come += data
            self._full = len(self._come) > self.MOST_BYTES
            self._changed.notify()
            return self._full

    def take(self, timeout_s: float) -> tuple[bytes, bool]:
        """Give all that is there, waiting for the first byte; and whether the connection waits to go on."""
        with self._changed:
            self._changed.wait_for(lambda: self._come or self.ended is not None, timeout_s)
            data, was_full = bytes(self._come), self._full
            self._come.clear()
            self._full = False
            return data, was_full

    def end(self, why: str) -> None:
        """Let nobody wait any longer; the first reason stays."""
        with self._changed:
            self.ended = self.ended or why
            self._changed.notify_all()
        self.may_write.set()


async def _end_all() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
