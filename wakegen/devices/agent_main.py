"""The agent as a program: frames on stdin and stdout, words for people on stderr. Without click: it travels alone, too.

python -m wakegen.devices.agent_main
"""

from __future__ import annotations

import argparse
import os
import select
import shutil
import signal
import sys
import tempfile
import time
from contextlib import suppress
from enum import IntEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wakegen.devices.agent import Agent

READY = "wakegen agent: ready"  # the line on stderr after which it listens
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_FOLDER = "wakegen-agent-"  # and its process's number
_READ_BYTES = 1 << 18
_MOST_WAITING = 1 << 20  # bytes that the host has not taken: then nothing more is asked of the line
_TICK_S, _IDLE_S = 0.03, 1.0  # between looks at the link, while something is unconfirmed and else
_SILENT_S = 900.0  # a host that vanished without a word; one that is alive may think for minutes between two questions


class Exit(IntEnum):
    """How it ends; the host has a text for each."""

    DONE = 0
    LOST = 1  # the host broke the protocol
    USAGE = 2
    ROOT = 60
    NO_NUMPY = 61
    NO_RUNTIME = 62
    OLD_PYTHON = 63  # this one and the next: of the zipapp
    DAMAGED = 64
    NO_ROOM = 65


def main(arguments: list[str] | None = None) -> int:
    """Parse and run; give the exit code."""
    parser = argparse.ArgumentParser(prog="wakegen device-agent", description=__doc__)
    parser.add_argument("--allow-root", action="store_true", help="run as root, too")
    parser.add_argument("--runtime", choices=("auto", "c", "onnxruntime"), default="auto")
    options = parser.parse_args(arguments)
    return run(allow_root=options.allow_root, runtime=options.runtime)


def run(*, allow_root: bool = False, runtime: str = "auto") -> int:
    """Serve one host on stdin and stdout until it goes; give the exit code (`Exit`)."""
    if not allow_root and hasattr(os, "geteuid") and os.geteuid() == 0:
        return _sorry(Exit.ROOT, "It does not run as root: models come from elsewhere. --allow-root makes it.")
    if sys.stdin.isatty() or sys.stdout.isatty():
        return _sorry(Exit.USAGE, "It speaks frames, not text: a host starts it.")
    for name in _THREADS:  # read when numpy is loaded; one thread, as the measurement promises
        os.environ[name] = "1"
    if find_spec("numpy") is None:
        return _sorry(Exit.NO_NUMPY, f"There is no numpy for {sys.executable}.")
    from wakegen.core.errors import DeviceLost, NotInstalled
    from wakegen.devices.agent import Agent
    from wakegen.devices.agent_microphone import record
    from wakegen.devices.agent_slots import Slots
    from wakegen.features.embed import choose_runtime

    try:
        chosen = choose_runtime(runtime)
    except NotInstalled as error:
        return _sorry(Exit.NO_RUNTIME, f"{error} {error.hint}")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _leave)
    _sweep()
    with tempfile.TemporaryDirectory(prefix=f"{_FOLDER}{os.getpid()}-") as folder:
        microphone = record if find_spec("sounddevice") else None
        agent = Agent(Slots(Path(folder), runtime=runtime), runtime=chosen, record=microphone)
        print(READY, file=sys.stderr, flush=True)
        try:
            serve(agent, sys.stdin.fileno(), sys.stdout.fileno())
        except DeviceLost as error:
            return _sorry(Exit.LOST, str(error))
        finally:
            agent.close()
    return Exit.DONE


def serve(agent: Agent, source: int, sink: int) -> None:
    """Move bytes and let the agent work, until the host closes its end."""
    os.set_blocking(source, False)
    os.set_blocking(sink, False)
    out = bytearray()
    heard_s = time.monotonic()
    more = False
    while True:
        held_back = len(out) > _MOST_WAITING
        wait_s = 0.0 if more and not held_back else _TICK_S if agent.link.unconfirmed or out else _IDLE_S
        readable, writable = _wait(source, sink if out else None, wait_s)
        now_s = time.monotonic()
        if readable:
            data = os.read(source, _READ_BYTES)
            if not data:
                return
            agent.receive(data, now_s)
            heard_s = now_s
        elif now_s - heard_s > _SILENT_S:
            return
        more = not held_back and agent.work(now_s)
        out += agent.outgoing(now_s)
        if out and (writable or not held_back):
            try:
                del out[: os.write(sink, out)]
            except BlockingIOError:
                pass
            except OSError:
                return  # the host has gone


def _wait(source: int, sink: int | None, wait_s: float) -> tuple[bool, bool]:
    poll = select.poll()
    poll.register(source, select.POLLIN)
    if sink is not None:
        poll.register(sink, select.POLLOUT)
    found = dict(poll.poll(1000 * wait_s))
    return source in found, sink in found


def _sweep() -> None:
    """Remove what agents of this account left that were killed without a chance to do so."""
    for path in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        pid = path.name.removeprefix(_FOLDER).partition("-")[0]
        with suppress(PermissionError, FileNotFoundError):
            if pid.isdecimal() and path.lstat().st_uid == os.geteuid():
                try:
                    os.kill(int(pid), 0)
                except ProcessLookupError:
                    shutil.rmtree(path, ignore_errors=True)


def _leave(number: int, _: object) -> None:
    raise SystemExit(128 + number)


def _sorry(code: Exit, text: str) -> int:
    print(f"wakegen agent: {text}", file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
