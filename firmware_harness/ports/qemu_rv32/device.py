"""Builds the device for rv32imc, and says how QEMU runs it: its serial port is a connection to whoever listens.

    python firmware_harness/ports/qemu_rv32/device.py PROGRAM.elf

The listener is there first, so that no port is guessed and nothing is lost; the device's first byte, a 0, says that it hears.
Debian: gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-misc
"""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
_RUN = runpy.run_path(str(HERE / "run.py"))
_BUILD = runpy.run_path(str(HERE.parents[1] / "build.py"))


def sources_hash() -> str:
    """Name the sources: the same name, the same program."""
    name: str = _BUILD["sources_hash"]()
    return name


def build(program: Path) -> Path:
    """Compile; the same sources give the same program."""
    core = _RUN["CORE"]
    names = (*_BUILD["DEVICE_CORE"], "wg_kernels_rv32.S")
    sources = [HERE / "start.S", HERE / "device.c", *(core / name for name in names)]
    named = [f'-DWG_PORT_VERSION="{_BUILD["version"]()}"', f'-DWG_PORT_BUILD="{_BUILD["sources_hash"]()}"']
    command = ["riscv64-unknown-elf-gcc", *_RUN["FLAGS"], *named, f"-I{core}", "-T", str(HERE / "link.ld")]
    subprocess.run([*command, *map(str, sources), "-o", str(program)], check=True)
    return program


def command(program: Path, port: int) -> list[str]:
    """Give the command that runs it and connects its serial port to `port` of this machine."""
    line = f"socket,id=line,host=127.0.0.1,port={port},nodelay=on"
    return [*_RUN["MACHINE"], "-chardev", line, "-serial", "chardev:line", "-kernel", str(program)]


if __name__ == "__main__":
    print(build(Path(sys.argv[1])))
