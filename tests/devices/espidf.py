"""What the tests read of the ESP-IDF project: its Kconfig, its sdkconfig defaults, its partition table."""

from __future__ import annotations

import ctypes
import os
import re
import select
import subprocess
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wakegen.devices.link import Link
from wakegen.devices.messages import Message, from_bytes, to_bytes

PORT = Path(__file__).parents[2] / "firmware_harness" / "ports" / "espidf"
MAIN, STUBS, CORE = PORT / "main", PORT / "stubs", PORT.parent.parent / "core"
TARGETS = ("esp32", "esp32s3", "esp32c3", "esp32c6", "esp32p4")
USB_TARGETS = TARGETS[1:]


@dataclass(frozen=True, slots=True)
class Option:
    """An entry of Kconfig.projbuild."""

    name: str
    kind: str  # int or bool
    defaults: tuple[tuple[str, str | None], ...]  # value, the target that it is for

    def default(self, target: str) -> str | None:
        """Give the first default that applies."""
        wanted = (None, f"IDF_TARGET_{target.upper()}")
        return next((value for value, condition in self.defaults if condition in wanted), None)


def options() -> dict[str, Option]:
    """Read the entries, without the two of the choice, which each test picks itself."""
    text = (MAIN / "Kconfig.projbuild").read_text()
    found = {}
    for block in re.split(r"\n\s+config ", text.replace("\n\n", "\n"))[1:]:
        kind = re.search(r"^\s+(int|bool) ", block, re.M)
        assert kind
        defaults = re.findall(r"^\s+default (\S+)(?: if (\S+))?$", block, re.M)
        name = block.split()[0]
        found[name] = Option(name, kind[1], tuple((value, condition or None) for value, condition in defaults))
    return found


def sdkconfig(target: str) -> dict[str, str]:
    """Give what the defaults of a target set, without CONFIG_."""
    lines = (PORT / "sdkconfig.defaults").read_text() + (PORT / f"sdkconfig.defaults.{target}").read_text()
    return dict(re.findall(r"^CONFIG_(\w+)=(.*)$", lines, re.M))


def settings(target: str, *, line: str) -> list[str]:
    """Give the options of a compiler that stand for sdkconfig.h."""
    said = sdkconfig(target)
    made = {f"IDF_TARGET_{target.upper()}": "1", "IDF_TARGET": f'"{target}"', f"WAKEGEN_LINE_{line}": "1"}
    made["ESP_DEFAULT_CPU_FREQ_MHZ"] = next(
        name.rsplit("_", 1)[1] for name in said if name.startswith("ESP_DEFAULT_CPU_FREQ_MHZ_")
    )
    for option in options().values():
        if (value := option.default(target)) is not None and option.name not in made:
            made[option.name] = {"y": "1"}.get(value, value)
    made |= {name: "1" for name, value in said.items() if value == "y" and "CONSOLE" in name}
    if line == "UART":  # as docs/firmware.md says
        made = {name: value for name, value in made.items() if "CONSOLE" not in name} | {"ESP_CONSOLE_NONE": "1"}
    if "ESP_CONSOLE_UART_DEFAULT" in made:
        made["ESP_CONSOLE_UART"] = "1"
    return [f"-DCONFIG_{name}={value}" for name, value in made.items()]


def cmake(script: Path, text: str) -> list[str]:
    """Run lines of CMake as a script; give what they said."""
    script.write_text(text)
    done = subprocess.run(["cmake", "-P", str(script)], capture_output=True, text=True, check=True)
    return (done.stdout + done.stderr).splitlines()


def core_sources(folder: Path) -> list[Path]:
    """Give the files of core/ that the project's CMake takes."""
    said = cmake(
        folder / "sources.cmake",
        f"""
        function(idf_component_register)
          cmake_parse_arguments(A "" "" "SRCS;INCLUDE_DIRS;PRIV_REQUIRES" ${{ARGN}})
          foreach(name ${{A_SRCS}})
            message("source ${{name}}")
          endforeach()
        endfunction()
        include({MAIN}/CMakeLists.txt)
        """,
    )
    paths = [Path(line.split()[1]) for line in said if line.startswith("source ")]
    return sorted(path.resolve() for path in paths if path.is_absolute())


class Board:
    """The whole port as a program of this machine, and a host that talks to it."""

    def __init__(self, program: Path, flash: Path | str, *words: str, session: int) -> None:
        self._process = subprocess.Popen([program, flash, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin
        assert self._process.stdout
        self._sink, self._source = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._link = Link(session=session)
        self.raw = b""
        self.answers: list[Message] = []

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, *messages: Message) -> None:
        for message in messages:
            self._link.send(to_bytes(message))

    def answer(self) -> Message:
        """Give the next answer."""
        self.until(lambda: bool(self.answers))
        return self.answers.pop(0)

    def until(self, done, *, seconds: float = 10.0) -> None:
        """Let host and board talk until something holds."""
        end_s = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end_s, self.raw[:200]
            if out := self._link.outgoing(time.monotonic()):
                os.write(self._sink, out)
            if select.select([self._source], [], [], 0.005)[0]:
                data = os.read(self._source, 65_536)
                assert data, "the program has ended"
                self.raw += data
                self._link.receive(data, time.monotonic())
                self.answers += map(from_bytes, self._link.take())

    def all_arrived(self) -> bool:
        return self._link.is_open and not self._link.unconfirmed


def board(folder: Path) -> Path:
    """Build the program, for a chip that speaks over UART0."""
    made = folder / "board"
    sources = [*MAIN.glob("*.c"), STUBS / "fake_flash.c", STUBS / "fake_board.c", *core_sources(folder)]
    flags = ["-std=gnu17", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-funsigned-char"]
    checks = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    includes = [f"-I{path}" for path in (STUBS, MAIN, CORE)]
    command = ["gcc", *flags, *checks, *includes, *settings("esp32", line="UART"), *map(str, sources)]
    subprocess.run([*command, "-lm", "-Wl,-z,noexecstack", "-o", str(made)], check=True)
    return made


def library(folder: Path, *sources: str, target: str = "esp32s3", line: str = "USB") -> ctypes.CDLL:
    """Compile files of main/, stubs/ and core/ for this machine."""
    paths = [next(p for p in (MAIN / name, STUBS / name, CORE / name) if p.exists()) for name in sources]
    made = folder / f"{Path(sources[0]).stem}_{line}.so"
    flags = ["-std=gnu17", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-funsigned-char", "-shared", "-fPIC"]
    includes = [f"-I{path}" for path in (STUBS, MAIN, CORE)]
    command = ["gcc", *flags, *includes, *settings(target, line=line), *map(str, paths), "-o", str(made)]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(made))


class Kept(ctypes.Structure):
    """port_kept."""

    _fields_ = (("bytes", ctypes.c_uint32), ("crc", ctypes.c_uint32))


class Store:
    """store.c over a flash that can lose power."""

    CHUNK = 1018  # what a CHUNK message holds

    def __init__(self, c: ctypes.CDLL) -> None:
        self._c = c
        self._word = lambda name: ctypes.c_uint32.in_dll(c, name)
        c.port_store_kept.restype = Kept
        c.port_store_mapped.restype = ctypes.c_void_p
        c.port_store_begin.restype = ctypes.c_uint32
        self.flash = np.full(512 << 10, 0xFF, np.uint8)
        ctypes.c_void_p.in_dll(c, "fake_flash").value = self.flash.ctypes.data
        self.worn(2**32 - 1)
        self.boot()

    def boot(self) -> None:
        """Start anew, with power."""
        self.power(2**32 - 1)
        self._word("fake_logged").value = 0
        self.room = self._c.port_store_begin()

    def power(self, operations: int, *, backwards: bool = False) -> None:
        """Let power fail in the middle of an operation to come."""
        self._word("fake_power").value = operations
        ctypes.c_int.in_dll(self._c, "fake_backwards").value = backwards

    def worn(self, offset: int) -> None:
        self._word("fake_worn").value = offset

    def log(self) -> list[tuple[str, int, int]]:
        """Give what flash was asked for: e or w, offset, bytes."""
        entries = (ctypes.c_uint32 * 3 * 4096).in_dll(self._c, "fake_log")
        return [(chr(what), offset, size) for what, offset, size in entries[: self._word("fake_logged").value]]

    def erase(self, size: int) -> int:
        return self._c.port_store_erase(None, 0, size)

    def write(self, offset: int, data: bytes) -> int:
        return self._c.port_store_write(None, 0, offset, data, len(data))

    def load(self, model: bytes) -> bool:
        """Write a model as the device does, until something fails."""
        pieces = range(0, len(model), self.CHUNK)
        return self.erase(len(model)) == 0 and all(self.write(at, model[at : at + self.CHUNK]) == 0 for at in pieces)

    def kept(self) -> bytes | None:
        """Give the model that would be adopted."""
        found = self._c.port_store_kept()
        data = ctypes.string_at(self._c.port_store_mapped(None, 0), found.bytes)
        assert not found.bytes or found.crc == zlib.crc32(data)
        return data if found.bytes else None


def partitions() -> list[tuple[str, int, int, int, int]]:
    """Give name, type, subtype, offset and size of each."""
    words = {"app": 0, "factory": 0}
    rows = []
    for line in (PORT / "partitions.csv").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, *rest = (word.strip() for word in line.split(","))
            kind, subtype, offset, size = (words[word] if word in words else _number(word) for word in rest)
            rows.append((name, kind, subtype, offset, size))
    return rows


def _number(word: str) -> int:
    unit = {"K": 1 << 10, "M": 1 << 20}.get(word[-1])
    return int(word[:-1], 0) * unit if unit else int(word, 0)
