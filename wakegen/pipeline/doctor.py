"""What is right and wrong with this installation, each thing with its remedy."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from wakegen.core.errors import WakegenError
from wakegen.core.executor import default_jobs
from wakegen.core.paths import cache_folder, voices_folder
from wakegen.devices import ports
from wakegen.engines import table
from wakegen.features import c_library
from wakegen.features.embed import AUTO, Embedder

FINE, WORTH, WRONG = "fine", "worth doing", "wrong"
_LEAST_FREE_GB = 3.0  # a project at `standard` takes two


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    verdict: str  # FINE, WORTH or WRONG
    found: str
    remedy: str = ""


def examine() -> tuple[Finding, ...]:
    """Look at everything; what cannot be looked at is told as wrong, never raised."""
    return tuple(finding for check in _CHECKS for finding in _safely(check))


def _safely(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except WakegenError as error:
        yield Finding(check.__name__.strip("_").replace("_", " "), WRONG, str(error), error.hint)


def _python() -> Iterator[Finding]:
    yield Finding("Python", FINE, f"{platform.python_version()} on {platform.machine()}, {default_jobs()} cores")


def _embedding() -> Iterator[Finding]:
    """The known answer is computed when it is opened."""
    yield Finding("speech embedding", FINE, f"computes its known answer, by {Embedder(runtime=AUTO).runtime}")


def _c_engine() -> Iterator[Finding]:
    if c_library.is_there():
        yield Finding("C engine", FINE, str(c_library.LIBRARY))
        return
    remedy = (
        "pip install --force-reinstall --no-deps wakegen" if shutil.which("cc") else "Install gcc, then wakegen again."
    )
    yield Finding("C engine", WORTH, "was not built: detectors run on onnxruntime, half as fast", remedy)


def _folders() -> Iterator[Finding]:
    for what, folder in (
        ("cache", cache_folder()),
        ("voices", voices_folder()),
        ("temporary files", Path(tempfile.gettempdir())),
    ):
        there = next(path for path in (folder, *folder.parents) if path.exists())
        free_gb = shutil.disk_usage(there).free / 1e9
        if not os.access(there, os.W_OK):
            yield Finding(
                what, WRONG, f"{folder} cannot be written", f"Give yourself the right to write there: {there}."
            )
        elif free_gb < _LEAST_FREE_GB:
            yield Finding(
                what, WORTH, f"{folder} has {free_gb:.1f} GB left", "Make room: wakegen cache clear, for one."
            )
        else:
            yield Finding(what, FINE, f"{folder}, {free_gb:.0f} GB free")


def _engines() -> Iterator[Finding]:
    states = [table.status(name) for name in table.names()]
    here = [state.name for state in states if state.available]
    yield Finding("engines", FINE if len(here) > 1 else WORTH, ", ".join(here), "" if len(here) > 1 else "wakegen engines says how to get more: other kinds of voices make it hear more people.")  # fmt: skip


def _boards() -> Iterator[Finding]:
    if importlib.util.find_spec("serial") is None:
        yield Finding(
            "serial ports", WORTH, "pyserial is missing: boards cannot be reached", "pip install 'wakegen[serial]'"
        )
        return
    likely = [port for port in ports.list_ports() if port.likely]
    if not likely:
        yield Finding("serial ports", FINE, "none that a board may hang on")
    for port in likely:
        try:
            ports.check(port.device)
            yield Finding(port.device, FINE, port.title)
        except WakegenError as error:
            yield Finding(port.device, WRONG, str(error), error.hint)


def _extras() -> Iterator[Finding]:
    for module, extra, use in (
        ("asyncssh", "ssh", "measuring on computers through SSH"),
        ("esptool", "flash", "writing firmware to boards"),
        ("wyoming", "wyoming", "serving Home Assistant"),
    ):
        there = importlib.util.find_spec(module) is not None
        yield Finding(use, FINE if there else WORTH, f"{module} {'is here' if there else 'is missing'}", "" if there else f"pip install 'wakegen[{extra}]'")  # fmt: skip


def _player() -> Iterator[Finding]:
    if sys.platform.startswith("linux") and not any(map(shutil.which, ("pw-play", "paplay", "aplay", "ffplay"))):
        yield Finding(
            "playing sound", WORTH, "no player is here: voices cannot be listened to", "apt install alsa-utils"
        )


_CHECKS = (_python, _embedding, _c_engine, _folders, _engines, _boards, _extras, _player)
