"""Builds the integer detector for rv32imc and runs it in QEMU: what it computes, and how many instructions it takes.

    python firmware_harness/ports/qemu_rv32/run.py MODEL.wgm SOUND.raw

Instructions are exact and repeat (`-icount`); they are no cycles: a chip waits for its flash and its multiplier.
Debian: gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-misc
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
CORE = HERE.parent.parent / "core"
SOURCES = ("wg_model.c", "wg_mel_fixed.c", "wg_kernels_i8.c", "wg_kernels_rv32.S", "wg_stack_i8.c", "wg_detector_i8.c")
# -fno-schedule-insns: gcc 12 otherwise moves loads so far ahead that sums go to the stack.
FLAGS = [
    "-march=rv32imc",
    "-mabi=ilp32",
    "-std=c11",
    "-O2",
    "-fno-schedule-insns",
    "-ffreestanding",
    "-ffunction-sections",
    "-fdata-sections",
    "-Wall",
    "-Wextra",
    "-Werror",
    "--specs=picolibc.specs",
    "-nostartfiles",
    "-Wl,--gc-sections",
    "-Wl,--no-warn-rwx-segments",
]
# The monitor would take a byte 1 from the serial port for itself.
MACHINE = (
    *("qemu-system-riscv32", "-M", "virt", "-bios", "none", "-m", "64M"),
    *("-display", "none", "-monitor", "none", "-icount", "shift=0"),
)
MODEL_AT, SOUND_AT = 0x80800000, 0x81000000
DEADLINE_S = 300  # a step is about 0.1 s of a slow machine's time


def build(program: Path) -> Path:
    """Compile; the same sources give the same program."""
    sources = [HERE / "start.S", HERE / "main.c", *(CORE / name for name in SOURCES)]
    command = ["riscv64-unknown-elf-gcc", *FLAGS, f"-I{CORE}", "-T", str(HERE / "link.ld"), *map(str, sources)]
    subprocess.run([*command, "-o", str(program)], check=True)
    return program


def run(model: bytes, samples: NDArray[np.int16], *, folder: Path) -> dict[str, Any]:
    """Give what the firmware says of these samples: checksums, instructions, bytes of memory.

    Raises
    ------
    RuntimeError : the firmware refused the model, or trapped.
    """
    program = build(folder / "detector.elf")
    (folder / "model.bin").write_bytes(model)
    (folder / "sound.bin").write_bytes(struct.pack("<I12x", len(samples) // 1280) + samples.tobytes())
    loaded = [
        f"loader,file={folder / name},addr={address:#x},force-raw=on"
        for name, address in (("model.bin", MODEL_AT), ("sound.bin", SOUND_AT))
    ]
    kernel = ["-serial", "stdio", "-kernel", str(program)]
    command = [*MACHINE, *kernel, *(p for one in loaded for p in ("-device", one))]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE_S)
    if done.returncode >= 100:
        raise RuntimeError(f"The firmware trapped (cause {done.returncode - 100}).")
    said: dict[str, Any] = json.loads(done.stdout)
    if "status" in said:
        raise RuntimeError(f"The firmware refused the model: status -{said['status']}.")
    return said


def flash_bytes(program: Path) -> int:
    """Give the bytes of code and constants, without the model."""
    said = subprocess.run(["riscv64-unknown-elf-size", str(program)], check=True, capture_output=True, text=True).stdout
    text, data, *_ = said.splitlines()[1].split()
    return int(text) + int(data)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        sound = np.fromfile(sys.argv[2], np.int16)
        print(json.dumps(run(Path(sys.argv[1]).read_bytes(), sound, folder=Path(made)), indent=1))
