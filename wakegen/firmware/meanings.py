"""What esptool's errors mean to the user: each text that it was seen to give, with the class, the message and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wakegen.core.errors import DeviceError, DeviceLost, FlashFailed, NotInstalled, WrongChip
from wakegen.devices import ports
from wakegen.firmware.chips import CHIPS, Chip

_RESET = "Hold BOOT, press RESET, let BOOT go, and run it again with --no-reset."
_SLOWER = "Try a slower --baud 115200, and another cable or USB port."


@dataclass(frozen=True, slots=True)
class Row:
    """A text of esptool's, and what it means. {port} and the pattern's groups {0} … stand in message and hint."""

    pattern: str
    kind: type[DeviceError]
    message: str
    hint: str
    during: str = ""  # only in this step


MEANINGS = (
    Row(r"No serial data received", DeviceError, "Nothing answers on {port}.", _RESET, "connect"),
    Row(r"Wrong boot mode detected \((.*?)\)", DeviceError, "The chip on {port} runs its program ({0}) and did not go into its loader.", _RESET),
    Row(r"getting no sync reply", DeviceError, "The chip on {port} is in its loader and does not hear this computer.", "Check the wire from the adapter's TX to the chip's RX."),
    Row(r"Invalid head of packet|Possible serial noise|Invalid SLIP|Packet content transfer stopped", DeviceError, "What comes from {port} is not a loader's answer: another program runs there, or it arrives garbled.", _RESET, "connect"),
    Row(r"Invalid head of packet|Possible serial noise|Invalid SLIP", FlashFailed, "What comes from the board is garbled.", _SLOWER),
    Row(r"Unexpected chip (?:ID|magic) value (\S+?)\.", WrongChip, "The chip on {port} is not one that esptool knows ({0}).", "A newer one may: pip install -U esptool"),
    Row(r"Failed to start stub flasher", FlashFailed, "The chip did not start esptool's flasher.", "Run it again with --no-stub, which is slower."),
    Row(r"Failed to set baud rate (\S+)\.", DeviceError, "{port} cannot do {0} baud.", "Give a slower --baud, such as 115200."),
    Row(r"MD5 of file does not match|Write failed, the written flash region is empty|Digest mismatch|Verification failed", FlashFailed, "What is in flash is not what was written.", "Run it again with --baud 115200; if it stays so, the flash chip is worn out or locked."),
    Row(r"Secure Boot|[Ss]ecure [Dd]ownload|[Ff]lash encryption|Flash Encryption", DeviceError, "The chip is locked: secure boot, secure download or flash encryption is on.", "Only firmware signed or encrypted with its key runs there; take another board."),
    Row(r"not supported in the current download mode", DeviceError, "The chip refuses what flashing needs: its download mode is restricted.", "Take a board whose download mode is open, or run it again with --no-stub."),
    Row(r"will not fit in (\d+) bytes of flash", FlashFailed, "The firmware does not fit into the board's flash of {0} bytes.", "Build it smaller, or take a board with more flash."),
    Row(r"flash chip connection \(.*(?:No more data|noise|stopped|[Nn]o serial data)", FlashFailed, "The board stopped answering when the line was made faster.", _SLOWER),
    Row(r"flash chip connection|flash.*could not be detected|SPI command did not complete", FlashFailed, "The chip does not reach its flash.", "Is it a module without flash, or are its pins used for something else?"),
    Row(r"Guru|[Pp]anic|Fatal exception", DeviceLost, "The chip crashed.", _RESET),
    Row(r"\(result was \w+: (.*?)\)", FlashFailed, "The chip refused a piece: {0}.", "Run it again; if it stays so, the flash chip is worn out or locked."),
    Row(r"Failed to connect to", DeviceError, "No loader answers on {port}.", _RESET, "connect"),
    Row(r"Failed to (.*?)\. Only got", FlashFailed, "An answer was cut off ({0}).", _SLOWER),
    Row(r"No more data|stopped|[Tt]imed? ?out|Response doesn't match|Serial data stream|[Nn]o (?:serial )?data|No response|device disconnected|readiness to read|Input/output error|write failed|Serial exception", DeviceLost, "The board stopped answering while {during}.", _SLOWER),
)  # fmt: skip
_DURING = {
    "connect": "it was asked what it is",
    "stub": "esptool's flasher was started",
    "baud": "the line was made faster",
    "flash": "its flash was looked at",
    "write": "its flash was written",
    "reset": "it was reset; the firmware is written",
}


def explain(kind: str, text: str, *, during: str, port: str, wanted: Chip | None = None) -> Exception:
    """Give the error that an error of esptool's means: `kind` is its class, `during` the step it happened in."""
    if kind == "ImportError":
        return NotInstalled(f"esptool cannot be used: {text}.", hint="pip install --force-reinstall 'wakegen[flash]'")
    if kind == "WrongChip" and wanted is not None:
        name = text.lower().replace("-", "")
        known = any(chip.name == name for chip in CHIPS)
        hint = f"Build it for that chip: wakegen firmware build --device {name}" if known else "Is it the right --port?"
        return WrongChip(f"The board on {port} has an {text}, the firmware is for {wanted.title}.", hint=hint)
    if "ould not open" in text or "xclusively lock" in text:
        return ports.from_os(port, text)
    for row in MEANINGS:
        found = re.search(row.pattern, text)
        if found and row.during in ("", during):
            given = {"port": port, "during": _DURING.get(during, "it was worked on")}
            return row.kind(row.message.format(*found.groups(), **given), hint=row.hint)
    first = " ".join(text.split())[:200]
    return DeviceError(f"esptool gave up on {port} while {_DURING.get(during, 'it began')}: {first}", hint=_RESET)
