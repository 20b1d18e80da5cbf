"""Builds firmware: with ESP-IDF for a chip that it knows, or for a bare ESP32-C3 with nothing but a compiler."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wakegen.core.errors import BadInput, NotInstalled, WakegenError
from wakegen.core.events import OnEvent, Progress, StageDone, StageStarted, ignore
from wakegen.core.files import write_bytes
from wakegen.core.version import VERSION
from wakegen.firmware import chips, jobs, sources
from wakegen.firmware.chips import Chip
from wakegen.firmware.package import gather

STAGE = "build"
OLDEST_IDF = (5, 3)  # the port uses drivers and calls of this version
BARE_CHIP = "esp32c3"
COMPILER = "riscv64-unknown-elf-gcc"
_APT = "apt install gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf"
# -fno-schedule-insns: gcc 12 otherwise moves loads so far ahead that sums go to the stack. -n: no page of the ELF's own header.
_FLAGS = (
    "-march=rv32imc", "-mabi=ilp32", "-std=c11", "-O2", "-fno-schedule-insns", "-ffreestanding", "-ffunction-sections",
    "-fdata-sections", "-Wall", "-Wextra", "-Werror", "--specs=picolibc.specs", "-nostartfiles", "-Wl,--gc-sections",
    "-Wl,--no-warn-rwx-segments,-n",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What was built, and where it is."""

    chip: str
    folder: Path  # what `flash` takes
    parts: tuple[str, ...]
    bytes: int
    tools: str  # what it was built with
    seconds: float
    exit_code: int = 0

    def to_json(self) -> dict[str, Any]:
        """Give all of it as JSON knows it."""
        return {name: value for name, value in asdict(self).items() if name != "exit_code"} | {
            "folder": str(self.folder)
        }

    def to_text(self) -> str:
        """Give it as lines, with the command that comes next."""
        return (
            f"{self.bytes:,} bytes for {chips.named(self.chip).title}, built with {self.tools} in {self.seconds:.1f} s: "
            f"{', '.join(self.parts)}\n\nFlash it: wakegen firmware flash {self.folder}"
        )


def build(device: str, *, bare: bool = False, out: Path | None = None, on_event: OnEvent = ignore) -> BuildResult:
    """Build the firmware for a device profile or a chip.

    Parameters
    ----------
    bare : for an ESP32-C3 alone, without ESP-IDF: serial port, clock and detector, no microphone and no storage
    out : the folder to build in; what is there from an earlier build of the same chip is used again

    Raises
    ------
    BadInput : there is no firmware for that device.
    NotInstalled : the compiler, ESP-IDF or esptool is missing; the message says what brings it.
    WakegenError : it did not build; the message has the compiler's first error and where all of them are.
    """
    chip = chips.of_device(device)
    if bare and chip.name != BARE_CHIP:
        raise BadInput(f"There is no bare firmware for {chip.title}.", hint=f"It needs ESP-IDF: wakegen firmware build --device {chip.name}")  # fmt: skip
    folder = out or Path("output", "firmware", f"{chip.name}-bare" if bare else chip.name)
    before_s = time.monotonic()
    make = _bare if bare else _with_idf
    made, tools = make(chip, folder, on_event)
    package = gather(made)
    seconds = time.monotonic() - before_s
    on_event(StageDone(STAGE, f"{package.size:,} bytes", seconds))
    parts = tuple(f"{part.name} at {part.at:#x}" for part in package.parts)
    return BuildResult(chip.name, made, parts, package.size, tools, round(seconds, 2))


# Without ESP-IDF ------------------------------------------------------------------------------------------------


def _bare(chip: Chip, folder: Path, on_event: OnEvent) -> tuple[Path, str]:
    gcc = shutil.which(COMPILER)
    if gcc is None:
        raise NotInstalled(f"The bare firmware needs {COMPILER}, which is not installed.", hint=_APT)
    jobs.need_esptool()
    on_event(StageStarted(STAGE, f"Build for a bare {chip.title}"))
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / f"wakegen-{chip.name}.elf"
    harness = sources.folder()
    port = harness / "ports" / f"{chip.name}_bare"
    files = [*sorted(port.glob("*.[cS]")), *sources.core_files(), harness / "core" / "wg_kernels_rv32.S"]
    named = (f'-DWG_PORT_VERSION="{VERSION}"', f'-DWG_PORT_BUILD="{sources.build_id()}"')
    command = [gcc, *_FLAGS, *named, f"-I{harness / 'core'}", "-T", str(port / "link.ld"), *map(str, files)]
    log = folder / "build.log"
    for _ in _run([*command, "-o", str(program)], log):
        pass
    _image(chip, program)
    said = subprocess.run([gcc, "-dumpversion"], capture_output=True, text=True, check=False)
    return folder, f"{COMPILER} {said.stdout.strip()}"


def _image(chip: Chip, program: Path) -> None:
    """Turn a program into what the ROM loads, by esptool's elf2image."""
    job = {"do": "image", "chip": chip.name, "flash_freq": "80m"}
    for event in jobs.ask(job, program.read_bytes()):
        match event:
            case {"event": "error", "text": str(text)}:
                raise WakegenError(f"esptool makes no image of {program.name}: {' '.join(text.split())}", hint="Is esptool whole? pip install --force-reinstall 'wakegen[flash]'")  # fmt: skip
            case {"event": "done", "image": str(image)}:
                write_bytes(program.with_suffix(".bin"), base64.b64decode(image))


# With ESP-IDF ---------------------------------------------------------------------------------------------------


def _with_idf(chip: Chip, folder: Path, on_event: OnEvent) -> tuple[Path, str]:
    idf, version = _idf()
    on_event(StageStarted(STAGE, f"Build for {chip.title} with ESP-IDF {version}"))
    folder.mkdir(parents=True, exist_ok=True)
    project = sources.copy_to(folder / "source") / "ports" / "espidf"
    made = folder / "build"
    base = [idf, "-C", str(project), "-B", str(made), "-D", f"SDKCONFIG={made / 'sdkconfig'}"]
    log = folder / "build.log"
    if not _is_set(made, chip):  # setting it throws away what was built
        for _ in _run([*base, "set-target", chip.name], log):
            pass
    done = 0
    for line in _run([*base, "build"], log):
        if step := re.match(r"\[(\d+)/(\d+)\]", line):
            reached = int(step[1])
            on_event(Progress(STAGE, "files", done=max(0, reached - done), group_total=int(step[2])))
            done = max(done, reached)
    return made, f"ESP-IDF {version}"


def _idf() -> tuple[str, str]:
    """Give idf.py and ESP-IDF's version."""
    path, found = os.environ.get("IDF_PATH"), shutil.which("idf.py")
    if found is None and path and Path(path, "export.sh").is_file():
        raise NotInstalled(f"ESP-IDF is in {path}, but this shell does not know it.", hint=f". {path}/export.sh")
    if found is None:
        raise NotInstalled(
            f"This firmware is built with ESP-IDF {'.'.join(map(str, OLDEST_IDF))} or newer, which is not installed.",
            hint="docs/firmware.md says how to get it; an ESP32-C3 does without: wakegen firmware build --chip esp32c3 --bare",
        )
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    number = re.search(r"v?(\d+)\.(\d+)\S*", said.stdout)
    if said.returncode or number is None:
        words = (said.stderr or said.stdout).strip().splitlines()
        raise NotInstalled(f"{found} does not run: {words[-1] if words else 'it says nothing'}", hint="Run ESP-IDF's install.sh and export.sh again.")  # fmt: skip
    if (int(number[1]), int(number[2])) < OLDEST_IDF:
        raise NotInstalled(f"ESP-IDF {number[0]} is too old.", hint=f"Take {'.'.join(map(str, OLDEST_IDF))} or newer.")
    return found, number[0]


def _is_set(made: Path, chip: Chip) -> bool:
    config = made / "sdkconfig"
    return config.is_file() and f'CONFIG_IDF_TARGET="{chip.name}"' in config.read_text(encoding="utf-8").splitlines()


def _run(command: Sequence[str], log: Path) -> Iterator[str]:
    """Run a tool, write all that it says to a file, and give it line by line.

    Raises
    ------
    WakegenError : it failed.
    """
    kept: list[str] = []
    environment = {
        name: value for name, value in os.environ.items() if name != "IDF_TARGET"
    }  # the command line says it
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=environment,
        ) as process,
    ):  # fmt: skip
        assert process.stdout
        try:
            for line in process.stdout:
                file.write(line)
                kept.append(line.rstrip())
                yield kept[-1]
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise _failed(command[0], kept, log)


def _failed(tool: str, lines: list[str], log: Path) -> WakegenError:
    if any("picolibc.specs" in line for line in lines):
        return NotInstalled("The compiler has no C library for bare chips (picolibc).", hint=_APT)
    errors = [line for line in lines if re.search(r"\berror\b", line, re.IGNORECASE)]
    first = (errors or [line for line in lines if line.strip()] or ["it says nothing"])[0 if errors else -1]
    return WakegenError(f"{Path(tool).name} failed: {first.strip()[:200]}", hint=f"All that it said: {log}")
