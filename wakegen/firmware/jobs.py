"""Asks the process that esptool runs in, and hears how it goes."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from importlib.util import find_spec
from typing import IO, Any

from wakegen.core.errors import DeviceLost, NotInstalled

# Longer than esptool's longest own wait between two words: to erase 4 MB of a slow flash, 30 s for each.
_SILENCE_S = 150.0
_RUN = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from wakegen.firmware.flasher import main; main()"


def need_esptool() -> None:
    """Raise NotInstalled where esptool is missing."""
    if find_spec("esptool") is None:
        raise NotInstalled("Flashing needs esptool, which is not installed.", hint="pip install 'wakegen[flash]'")


def ask(job: dict[str, Any], data: bytes) -> Generator[dict[str, Any], None, None]:
    """Start a job and give its events, the last of which is "done" or "error". Closing it early ends the process.

    The last holds as "printed" what was written past the log.

    Raises
    ------
    DeviceLost : the process died, or said nothing for long.
    """
    with tempfile.TemporaryFile() as errors:
        command = [sys.executable, "-c", _RUN, json.dumps(sys.path)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        feeder = threading.Thread(target=_feed, args=(process, json.dumps(job).encode() + b"\n" + data), daemon=True)
        feeder.start()
        try:
            for line in _lines(process):
                event: dict[str, Any] = json.loads(line)
                last = event["event"] in ("done", "error")
                yield event | ({"printed": _read(errors)} if last else {})
                if last:
                    return
            words = _read(errors).strip().splitlines()
            raise DeviceLost(
                f"esptool's process ended with status {process.wait()}{f': {words[-1][:200]}' if words else ''}.",
                hint="Run the same again; if it happens twice, report it with --verbose.",
            )
        finally:
            process.kill()
            process.wait()
            feeder.join()
            assert process.stdout
            process.stdout.close()


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _feed(process: subprocess.Popen[bytes], data: bytes) -> None:
    assert process.stdin
    try:
        process.stdin.write(data)
        process.stdin.close()
    except OSError:
        pass  # it ended early; what it said tells why


def _lines(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    assert process.stdout
    handle, rest, heard_s = process.stdout.fileno(), b"", time.monotonic()
    while True:
        if not select.select([handle], [], [], max(0.0, heard_s + _SILENCE_S - time.monotonic()))[0]:
            raise DeviceLost(f"esptool said nothing for {_SILENCE_S:.0f} s.", hint="Unplug the board, plug it in, and run the same again.")  # fmt: skip
        data = os.read(handle, 65_536)
        if not data:
            return
        heard_s = time.monotonic()
        *whole, rest = (rest + data).split(b"\n")
        yield from whole
