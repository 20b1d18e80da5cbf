"""The firmware for rv32imc in QEMU, as a program on this machine: a bridge that holds the emulator, and goes with its stdin.

    python -m wakegen.devices.transports.qemu PROGRAM.elf

Instructions are exact (`-icount`), so scores and counts are the same on every machine.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from wakegen.core.errors import DeviceError, NotInstalled
from wakegen.core.paths import cache_folder, firmware_folder
from wakegen.devices.transports.base import Line, Target
from wakegen.devices.transports.child import ChildLine

PORT = firmware_folder() / "ports" / "qemu_rv32" / "device.py"
_PROGRAMS = {
    "riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
    "qemu-system-riscv32": "qemu-system-misc",
}
_START_S = 20.0
_AT_ONCE = 1 << 16
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def connect(target: Target) -> Line:
    """Build the firmware, if it is not there yet, and start it.

    Raises
    ------
    NotInstalled : the compiler or the emulator is missing.
    DeviceError : the firmware does not build, or does not start.
    """
    missing = [package for program, package in _PROGRAMS.items() if shutil.which(program) is None]
    if missing:
        raise NotInstalled("The emulator is not installed.", hint=f"On Debian: sudo apt install {' '.join(missing)}")
    if not PORT.exists():
        raise NotInstalled(f"The firmware's sources are not at {PORT.parent}.", hint="Install wakegen again.")
    return ChildLine([sys.executable, "-m", __name__, str(_built())], title="the emulator")


def _built() -> Path:
    port = runpy.run_path(str(PORT))
    program = cache_folder() / f"wakegen-rv32-{port['sources_hash']()}.elf"
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        made = program.with_suffix(f".{os.getpid()}.part")
        try:
            port["build"](made)
        except subprocess.CalledProcessError as error:
            made.unlink(missing_ok=True)
            raise DeviceError("The firmware does not build.", hint="The compiler's own words stand above.") from error
        made.replace(program)
    return program


def bridge(program: Path) -> int:
    """Carry bytes between stdin, stdout and the emulator's serial port until one of them ends."""
    port = runpy.run_path(str(PORT))
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(_START_S)
        command = port["command"](program, server.getsockname()[1])
        emulator = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, preexec_fn=_with_parent)
        try:
            line, _ = server.accept()
            with line:
                _carry(line)
        finally:
            emulator.kill()
            emulator.wait()
    return 0


def _carry(line: socket.socket) -> None:
    ends: list[Any] = [0, line]
    while True:
        ready, _, _ = select.select(ends, [], [])
        for source in ready:
            data = os.read(0, _AT_ONCE) if source == 0 else line.recv(_AT_ONCE)
            if not data:
                return
            if source == 0:
                line.sendall(data)
            else:
                _write_all(data)


def _write_all(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


def _with_parent() -> None:
    """Let the emulator be killed with this bridge, however that ends (Linux)."""
    libc: Any = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(bridge(Path(sys.argv[1])))
