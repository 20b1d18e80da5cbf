"""The process that esptool runs in: a job on stdin, JSON lines on stdout (`jobs` is the other end).

esptool is GPL-2.0-or-later, its log is one for a whole process, and it waits in ways that nobody can end: so it has a process of
its own. Only its documented calls ("Embedding into Custom Scripts") are used.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

_ROM_BAUD = 115_200


class _Job:
    """What is asked, the bytes that came with it, and a way to tell how it goes."""

    def __init__(self, asked: dict[str, Any], data: bytes, tell: Callable[..., None]) -> None:
        self.asked, self.data, self.tell = asked, data, tell
        self.during = "start"

    def step(self, name: str) -> None:
        """Begin a step; an error says in which it happened."""
        self.during = name
        self.tell("step", name=name)


def _logger(job: _Job) -> Any:
    from esptool.logger import TemplateLogger

    class Told(TemplateLogger):  # type: ignore[misc]
        """Passes on progress and warnings, and keeps the rest to itself."""

        part = 0

        def print(self, *_: Any, **__: Any) -> None: ...

        def note(self, *_: Any, **__: Any) -> None: ...

        def warning(self, message: str, *_: Any, **__: Any) -> None:
            job.tell("warning", text=str(message))

        def error(self, message: str, *_: Any, **__: Any) -> None:
            job.tell("warning", text=str(message))

        def stage(self, *_: Any, **__: Any) -> None: ...

        def set_verbosity(self, *_: Any) -> None: ...

        def progress_bar(self, cur_iter: int, total_iters: int, *_: Any, **__: Any) -> None:
            if job.during == "write" and total_iters:
                job.tell("progress", part=self.part, share=cur_iter / total_iters)
                self.part += cur_iter >= total_iters

    return Told()


def _flash(job: _Job) -> None:
    from esptool.cmds import attach_flash, connect_esp, detect_flash_size, reset_chip, run_stub, write_flash
    from esptool.util import strip_chip_name

    asked, esp = job.asked, None
    try:
        job.step("connect")
        esp = connect_esp(
            port=asked["port"], before=asked["before"], connect_attempts=asked["attempts"], initial_baud=_ROM_BAUD
        )
        mac = ":".join(f"{byte:02x}" for byte in esp.read_mac())
        job.tell("chip", name=esp.CHIP_NAME, title=esp.get_chip_description(), mac=mac)
        if strip_chip_name(esp.CHIP_NAME) != asked["chip"]:
            job.tell("error", kind="WrongChip", during=job.during, text=esp.CHIP_NAME)
            return
        if asked["stub"]:
            job.step("stub")
            esp = run_stub(esp)  # a new object
        if asked["baud"] != _ROM_BAUD:
            job.step("baud")
            esp.change_baud(asked["baud"])
        job.step("flash")
        attach_flash(esp)
        job.tell("flash", size=detect_flash_size(esp))
        job.step("write")
        parts, at = [], 0
        for place, size in asked["parts"]:
            parts.append((place, job.data[at : at + size]))
            at += size
        write_flash(esp, parts, compress=asked["stub"], no_compress=not asked["stub"])  # compares the MD5 of each
        job.step("reset")
        reset_chip(esp, asked["after"])
        job.tell("done")
    finally:
        if esp is not None:
            esp._port.close()


def _image(job: _Job) -> None:
    from esptool.cmds import elf2image

    job.step("image")
    made = elf2image(
        job.data, job.asked["chip"], flash_mode="dio", flash_freq=job.asked["flash_freq"], flash_size="4MB"
    )
    job.tell("done", image=base64.b64encode(made).decode())


_JOBS = {"flash": _flash, "image": _image}


def main() -> None:
    """Do the job on stdin."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle: it ends this process
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else prints does not come between

    def tell(event: str, **more: Any) -> None:
        out.write(json.dumps({"event": event, **more}) + "\n")
        out.flush()

    asked = json.loads(sys.stdin.buffer.readline())
    job = _Job(asked, sys.stdin.buffer.read(), tell)
    try:
        import esptool
        from esptool.logger import log
        from esptool.util import FatalError
        from serial import SerialException

        job.tell("esptool", version=esptool.__version__)
        log.set_logger(_logger(job))
    except ImportError as error:
        tell("error", kind="ImportError", during=job.during, text=str(error))
        return
    try:
        _JOBS[asked["do"]](job)
    except (FatalError, SerialException, OSError) as error:
        tell("error", kind=type(error).__name__, during=job.during, text=str(error))


if __name__ == "__main__":
    main()
