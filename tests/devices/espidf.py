"""What the tests read of the ESP-IDF project: its Kconfig, its sdkconfig defaults, its partition table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

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
