"""Say which system programs and engines the suite would use and cannot find: `python -m tests.needs`.

The suite passes without them; what needs them is skipped, and this says so where nobody overlooks it.
"""

from __future__ import annotations

import shutil

from wakegen.engines import table

# what for, any of these programs, the Debian package that has one
NEEDS = (
    ("looking at the report in a real browser", ("chromium", "chromium-browser", "google-chrome"), "chromium"),
    ("no machine paths in what git tracks", ("git",), "git"),
    ("the C engine", ("cc", "gcc", "clang"), "gcc"),
    (
        "integers on a microcontroller's processor, and the firmware of a bare ESP32-C3",
        ("riscv64-unknown-elf-gcc",),
        "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
    ),
    ("the same, run", ("qemu-system-riscv32",), "qemu-system-misc"),
    ("integers on aarch64", ("aarch64-linux-gnu-gcc",), "gcc-aarch64-linux-gnu libc6-dev-arm64-cross"),
    ("the same, run", ("qemu-aarch64",), "qemu-user"),
    ("what the ESP-IDF project compiles", ("cmake",), "cmake"),
    ("devices through SSH", ("/usr/sbin/sshd",), "openssh-server openssh-client"),
    ("fuzzing the parser of .wgm", ("clang", "clang-14"), "clang-14 libclang-rt-14-dev"),
    ("fuzzing the parser of .wgm and the device", ("clang", "clang-14"), "clang-14 libclang-rt-14-dev"),
)


def missing() -> list[str]:
    """Give one line for each program that is not there, and for each engine that cannot be used."""
    engines = [table.status(name) for name in table.names()]
    return [
        f"SKIPPED: {purpose}. Needs {programs[0]}: apt install {package}"
        for purpose, programs, package in NEEDS
        if not any(shutil.which(program) for program in programs)
    ] + [f"SKIPPED: the engine {one.name}, {one.reason}: {one.install}" for one in engines if not one.available]


if __name__ == "__main__":
    for line in missing():
        print("!" * 8, line, "!" * 8)
