"""The ESP-IDF port without ESP-IDF: does it compile for each chip, and is a model that was half written never taken up?

Own headers stand for ESP-IDF's (firmware_harness/ports/espidf/stubs), so this shows the port's logic, not that a board runs it.
"""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import zlib

import numpy as np
import pytest

from tests.devices.espidf import (
    CORE,
    MAIN,
    PORT,
    STUBS,
    TARGETS,
    USB_TARGETS,
    Board,
    Store,
    board,
    cmake,
    core_sources,
    library,
    options,
    partitions,
    sdkconfig,
    settings,
)
from wakegen.core.seeds import stream
from wakegen.devices import facts
from wakegen.devices.messages import (
    AskInfo,
    AskStats,
    Capture,
    Chunk,
    Error,
    Heard,
    Info,
    Load,
    Loaded,
    Recorded,
    State,
    Stats,
    Status,
)

SOURCES = sorted(MAIN.glob("*.c"))
STRICT = ["-std=gnu17", "-Wall", "-Wextra", "-Werror", f"-I{STUBS}", f"-I{MAIN}", f"-I{CORE}"]
SYNTAX = [
    "riscv64-unknown-elf-gcc",
    "-march=rv32imc",
    "-mabi=ilp32",
    "--specs=picolibc.specs",
    "-fsyntax-only",
    *STRICT,
]
needs_rv32 = pytest.mark.skipif(not shutil.which(SYNTAX[0]), reason=f"needs {SYNTAX[0]}")
needs_c = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc")
needs_cmake = pytest.mark.skipif(not shutil.which("cmake"), reason="needs cmake")
LINE = [MAIN / "line.c"]  # all that differs with the other line
ALL = [
    ("esp32", "UART", SOURCES),
    *((target, "USB", SOURCES) for target in USB_TARGETS),
    *((target, "UART", LINE) for target in USB_TARGETS),
]


@needs_rv32
@pytest.mark.parametrize(("target", "line", "sources"), ALL)
def test_every_file_compiles_for_every_chip_without_a_warning(target, line, sources):
    """As 32 bits, where uint32_t is a long, as in ESP-IDF."""
    subprocess.run([*SYNTAX, *settings(target, line=line), *map(str, sources)], check=True)


@needs_rv32
def test_it_compiles_without_a_microphone():
    without = [one for one in settings("esp32c3", line="USB") if "MICROPHONE" not in one]
    subprocess.run([*SYNTAX, *without, *map(str, SOURCES)], check=True)


@needs_rv32
@pytest.mark.parametrize(
    ("line", "console"), [("USB", "ESP_CONSOLE_SECONDARY_USB_SERIAL_JTAG"), ("UART", "ESP_CONSOLE_UART")]
)
def test_a_console_among_the_frames_does_not_compile(line, console):
    command = [*SYNTAX, *settings("esp32s3", line=line), f"-DCONFIG_{console}=1", str(MAIN / "line.c")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0
    assert "console writes between the frames" in done.stderr


def test_partitions_lie_where_a_4_mb_flash_and_the_code_expect_them():
    rows = {row[0]: row[1:] for row in partitions()}
    assert rows["factory"][:3] == (0, 0, 0x10000)
    end = 0x9000  # the bootloader, and the table at 0x8000
    for _, _, offset, size in sorted(rows.values(), key=lambda row: row[2]):
        assert offset >= end
        assert offset % 0x10000 == size % 0x10000 == 0  # apps must, and flash is erased in such blocks
        end = offset + size
    assert end <= 4 << 20
    kind, _, _, size = rows["model"]
    assert kind == 0x40
    assert size == 512 << 10
    assert 'find_first(MODEL_TYPE, ESP_PARTITION_SUBTYPE_ANY, "model")' in (MAIN / "store.c").read_text()


def test_every_setting_of_our_own_is_defined_and_used():
    defined = set(options()) | {"WAKEGEN_LINE"}
    pattern = r"CONFIG_(WAKEGEN_\w+)"
    written = [*SOURCES, *MAIN.glob("*.h"), *PORT.glob("sdkconfig.defaults*")]
    used = set(re.findall(pattern, "".join(path.read_text() for path in written)))
    assert used <= defined
    assert defined - used == {"WAKEGEN_LINE", "WAKEGEN_LINE_UART"}  # the choice, and what is not USB


@pytest.mark.parametrize("target", TARGETS)
def test_each_chip_has_a_pin_of_its_own_for_each_wire(target):
    every = options().values()
    pins = [one.default(target) for one in every if re.search(r"_(TX|RX|BCLK|WS|DIN)$", one.name)]
    assert len(pins) == len(set(pins)) == 5
    assert None not in pins


@pytest.mark.parametrize("target", TARGETS)
def test_each_chip_has_its_clock_and_keeps_its_console_off_the_line(target):
    said = sdkconfig(target)
    assert sum(name.startswith("ESP_DEFAULT_CPU_FREQ_MHZ_") for name in said) == 1
    if target in USB_TARGETS:
        assert said["ESP_CONSOLE_UART_DEFAULT"] == said["ESP_CONSOLE_SECONDARY_NONE"] == "y"
    else:
        assert said["ESP_CONSOLE_NONE"] == "y"
    if "SPIRAM" in said:
        assert said["SPIRAM_IGNORE_NOTFOUND"] == said["SPIRAM_USE_CAPS_ALLOC"] == "y"


def test_the_manifest_of_the_component_has_known_keys_only():
    """ESP-IDF takes any key and passes over those that it does not know."""
    keys = re.findall(r"^(\w+):", (MAIN / "idf_component.yml").read_text(), re.M)
    assert set(keys) <= {"dependencies", "description", "version", "url", "targets", "license", "files", "tags"}
    assert re.search(r'^dependencies:\n  idf: ">=5\.3"\n', (MAIN / "idf_component.yml").read_text())


def test_cmake_names_every_file_that_is_there():
    said = (MAIN / "CMakeLists.txt").read_text()
    listed = set(re.findall(r"(?<![\w/])(\w+\.c)\b", said))
    assert listed == {path.name for path in SOURCES}
    included = set(re.findall(r"esp_driver_(\w+)", said))
    assert included == {"gpio", "i2s", "tsens", "uart", "usb_serial_jtag"}


@needs_cmake
def test_cmake_takes_what_a_device_needs_of_the_core_and_no_floats(tmp_path):
    names = {path.name for path in core_sources(tmp_path)}
    assert {"wg_link.c", "wg_model.c", "wg_detector_i8.c", "wg_kernels_rv32.S"} <= names
    assert not any("_f32" in name for name in names)


@needs_cmake
def test_firmware_and_program_have_one_version(tmp_path):
    idf = tmp_path / "tools" / "cmake" / "project.cmake"
    idf.parent.mkdir(parents=True)
    idf.write_text('macro(project name)\nmessage("version ${PROJECT_VER}.")\nendmacro()\n')
    said = cmake(tmp_path / "s.cmake", f"set(ENV{{IDF_PATH}} {tmp_path})\ninclude({PORT}/CMakeLists.txt)\n")
    version = re.search(r'^version = "(.*)"', (PORT.parents[2] / "pyproject.toml").read_text(), re.M)
    assert version
    assert f"version {version[1]}." in said


@pytest.fixture(scope="module")
def store_c(tmp_path_factory):
    return library(tmp_path_factory.mktemp("store"), "store.c", "fake_flash.c", "wg_model.c")


def model(size: int, *path: str | int) -> bytes:
    return stream(0, "espidf", size, *path).integers(0, 256, size, np.uint8).tobytes()


@needs_c
@pytest.mark.parametrize("size", [1, 16, 4096, 61439, 61440, 61441, 200_000, (512 << 10) - 4096])
def test_a_model_that_was_written_to_its_end_is_there_after_a_restart(store_c, size):
    store = Store(store_c)
    assert store.room == (512 << 10) - 4096
    assert store.kept() is None
    assert store.load(model(size))
    store.boot()
    assert store.kept() == model(size)


@needs_c
@pytest.mark.parametrize("backwards", [False, True])
def test_power_that_fails_at_any_point_leaves_a_whole_model_or_none(store_c, backwards):
    old, new = model(70_000, "old"), model(140_000, "new")
    operations = 3 + -(-len(new) // Store.CHUNK) + 1  # blocks, pieces, and what says that they are there
    whole = []
    for count in range(1, operations + 2):
        store = Store(store_c)
        assert store.load(old)
        store.power(count, backwards=backwards)
        whole.append(store.load(new))
        store.boot()
        assert store.kept() == (new if whole[-1] else None)
        if count % 10 == 0:
            assert store.load(new)
            assert store.kept() == new
    assert whole == [False] * operations + [True]


@needs_c
def test_what_says_that_a_model_is_there_goes_first_and_comes_last(store_c):
    store = Store(store_c)
    assert store.load(model(140_000))
    log = store.log()
    assert log[0] == ("e", 0, 65536)
    assert log[-1] == ("w", 0, 16)
    assert [offset for what, offset, _ in log if what == "e"] == [0, 65536, 131072]
    erased = 0
    for what, offset, size in log:  # nothing is written where flash was not erased just before
        erased = offset + size if what == "e" else erased
        assert offset + size <= erased


@needs_c
def test_what_does_not_follow_or_does_not_fit_is_refused(store_c):
    store = Store(store_c)
    assert store.erase(store.room + 1) < 0
    assert store.write(0, b"x") < 0
    assert store.erase(100) == 0
    assert store.write(10, b"x") < 0
    assert store.write(0, bytes(101)) < 0
    assert store.write(0, bytes(60)) == 0
    assert store.write(0, bytes(60)) < 0
    assert store.write(60, bytes(41)) < 0
    assert store.kept() is None
    assert store.write(60, bytes(40)) == 0
    assert store.kept() == bytes(100)


@needs_c
def test_an_emptied_slot_stays_empty(store_c):
    store = Store(store_c)
    assert store.load(model(5000))
    assert store.erase(0) == 0
    assert store.kept() is None
    store.boot()
    assert store.kept() is None


@needs_c
def test_a_cell_that_wore_out_is_noticed_while_writing(store_c):
    store = Store(store_c)
    store.worn(4096 + 2000)
    assert not store.load(b"\xff" * 5000)
    assert store.kept() is None


@needs_c
def test_no_bit_of_a_kept_model_or_of_what_describes_it_may_change(store_c):
    store = Store(store_c)
    assert store.load(model(3000))
    rng = stream(0, "espidf", "bits")
    for at in [*range(16), *(4096 + rng.integers(0, 3000, 100))]:
        bit = 1 << int(rng.integers(8))
        store.flash[at] ^= bit
        assert store.kept() is None
        store.flash[at] ^= bit
    assert store.kept() == model(3000)


@needs_c
@pytest.mark.parametrize("line", ["UART", "USB"])
def test_bytes_are_read_as_soon_as_there_are_any(tmp_path, line):
    """The UART driver waits for all that is asked of it; nothing may wait while there is a byte."""
    c = library(tmp_path, "line.c", "fake_line.c", line=line)
    c.port_line_read.restype = ctypes.c_size_t
    c.port_line_begin()
    sent, waited = (ctypes.c_uint32.in_dll(c, f"fake_{name}") for name in ("sent_bytes", "waited"))
    buffer, rng = (ctypes.c_uint8 * 1024)(), stream(0, "espidf", "line")
    for size in [1, 2, 1023, 1024, 1025, 5000, *rng.integers(1, 9000, 20)]:
        data = rng.integers(0, 256, size, np.uint8).tobytes()
        ctypes.memmove(ctypes.addressof(ctypes.c_uint8.in_dll(c, "fake_sent")), data, size)
        sent.value = size
        read = b""
        while sent.value:
            count = c.port_line_read(buffer, 1024, 5)
            assert 0 < count <= 1024
            read += bytes(buffer[:count])
        assert read == data
    assert waited.value == 0
    assert c.port_line_read(buffer, 1024, 5) == 0
    assert waited.value == 5
    c.port_line_write(b"\0frame\0", 7)
    assert ctypes.string_at(ctypes.addressof(ctypes.c_uint8.in_dll(c, "fake_got")), 7) == b"\0frame\0"


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    if not (CORE / "wg_device.c").exists():
        pytest.skip("needs wg_device.c")
    if not (shutil.which("gcc") and shutil.which("cmake")):
        pytest.skip("needs gcc and cmake")
    return board(tmp_path_factory.mktemp("board"))


@pytest.fixture
def flash(tmp_path):
    path = tmp_path / "flash"
    path.write_bytes(b"\xff" * (512 << 10))
    return path


def banner(raw: bytes) -> str:
    """Give what stands between the first two zeros."""
    return raw.split(b"\0")[1].decode()


def pieces(data: bytes, *, to: int | None = None):
    return [Chunk(0, at, data[at : at + 1000]) for at in range(0, len(data) if to is None else to, 1000)]


def test_a_board_says_what_it_is_before_it_is_asked_and_when_it_is(program, flash):
    with Board(program, flash, session=1) as one:
        one.ask(AskInfo(), AskStats())
        info, stats = one.answer(), one.answer()
        text = banner(one.raw)
    assert text.startswith("wakegen 0.0.1, build aaaaaaaaaaaaaaaa, esp32 revision 3.1, 240 MHz\nmodel: none\n")
    assert "microphone: 16000 Hz, 1 channel, -" in text
    assert isinstance(info, Info)
    assert isinstance(stats, Stats)
    said = facts.from_bytes(info.facts) | facts.from_bytes(stats.facts)
    assert said["chip"] == "esp32"
    assert said["model_room"] == (512 << 10) - 4096
    assert said["clock_hz"] == 240_000_000
    assert said["ticks_per_s"] == pytest.approx(240e6, rel=0.05)
    assert said["channels"] == 1
    # A ramp from 4800 on, 4096 long: its power beside its offset is 4096^2 / 12, and that of a sine of full scale 2^30 / 2.
    assert said["level_mdbfs"] == pytest.approx(10_000 * np.log10(4096**2 / 12 * 2 / 2**30), abs=2)
    assert said["stack_used"] == said["stack_bytes"] - 5000
    assert said["flash_used"] == 123456
    assert "psram_free" not in said
    assert "temperature_mc" not in said  # an ESP32 has no thermometer


def test_a_model_outlives_a_restart_and_half_a_model_does_not(program, flash):
    small_wgm = pytest.importorskip("tests.devices.small_wgm").small_wgm
    first, second = small_wgm(2, channels=64), small_wgm(3, channels=64)
    load = [Load(0, len(data), zlib.crc32(data)) for data in (first, second)]
    with Board(program, flash, session=1) as one:
        one.ask(load[0], *pieces(first))
        assert [one.answer().state, one.answer().state] == [State.PARTIAL, State.READY]
    with Board(program, flash, session=2) as one:  # it was killed
        one.ask(load[0])
        said = one.answer()
        assert f"model: {len(first)} bytes, CRC-32 {zlib.crc32(first):08x}, status 0" in banner(one.raw)
        assert isinstance(said, Loaded)
        assert (said.state, said.have) == (State.READY, len(first))
        one.ask(load[1], *pieces(second, to=10_000))
        assert one.answer().state == State.PARTIAL
        one.until(one.all_arrived)
        one.ask(AskStats())
        one.answer()  # so the pieces have been written
    with Board(program, flash, session=3) as one:
        one.ask(load[1], *pieces(second))
        assert one.answer().have == 0
        assert "model: none" in banner(one.raw)
        assert one.answer().state == State.READY


def test_a_board_without_a_partition_for_models_says_so(program):
    with Board(program, "-", session=1) as one:
        one.ask(AskStats(), Load(0, 100, 1))
        assert isinstance(one.answer(), Stats)
        said = one.answer()
        assert isinstance(said, Error)
        assert said.status == Status.TOO_LARGE
        assert "\nmodel: no partition for one can be read\n" in banner(one.raw)


@pytest.mark.parametrize(("reason", "said"), [("4", "a crash"), ("6", "the watchdog"), ("9", "too low a voltage")])
def test_a_board_that_restarted_by_accident_says_so(program, flash, reason, said):
    with Board(program, flash, reason, session=1) as one:
        one.ask(AskStats())
        one.answer()
        assert f"\nrestarted by: {said}\n" in banner(one.raw)


def test_sound_that_was_lost_ends_the_recording(program, flash):
    with Board(program, flash, "1", "9500", session=1) as one:  # 4,700 samples into it: the first 4,800 are let pass
        one.ask(Capture(6000))
        heard = 0
        while isinstance(said := one.answer(), Recorded):
            heard += len(said.data) // 2
        assert isinstance(said, Error)
        assert (said.about, said.status) == (Capture.CODE, Status.NO_MICROPHONE)
        assert 4000 < heard <= 4700
        one.ask(Capture(100))
        assert isinstance(one.answer(), Recorded)


def test_what_is_recorded_has_no_gap(program, flash):
    with Board(program, flash, session=1) as one:
        for _ in range(2):
            one.ask(Capture(3000))
            samples = b""
            while isinstance(said := one.answer(), Recorded):
                assert said.at == len(samples) // 2
                samples += said.data
            assert isinstance(said, Heard)
            assert (said.samples, said.crc_samples) == (3000, zlib.crc32(samples))
            assert np.array_equal(np.frombuffer(samples, "<i2"), 4800 + np.arange(3000))  # 0.3 s have been let pass
