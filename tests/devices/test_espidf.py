"""The ESP-IDF port without ESP-IDF: does it compile for each chip, and is a model that was half written never taken up?

Own headers stand for ESP-IDF's (firmware_harness/ports/espidf/stubs), so this shows the port's logic, not that a board runs it.
"""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.devices.espidf import CORE, MAIN, PORT, STUBS, TARGETS, USB_TARGETS, options, partitions, sdkconfig, settings

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
ALL = [(target, "UART") for target in TARGETS] + [(target, "USB") for target in USB_TARGETS]


@needs_rv32
@pytest.mark.parametrize(("target", "line"), ALL)
def test_every_file_compiles_for_every_chip_without_a_warning(target, line):
    """As 32 bits, where uint32_t is a long, as in ESP-IDF."""
    subprocess.run([*SYNTAX, *settings(target, line=line), *map(str, SOURCES)], check=True)


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
    core = set(re.findall(r"\$\{core\}/(\w+)\.[cS]\b", said))
    assert {f"{name}.h" for name in core if name != "wg_kernels_rv32"} <= {path.name for path in CORE.glob("*.h")}
    included = set(re.findall(r"esp_driver_(\w+)", said))
    assert included == {"i2s", "tsens", "uart", "usb_serial_jtag"}
