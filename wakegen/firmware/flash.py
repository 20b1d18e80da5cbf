"""Writes firmware to a board: what goes where, is it the right chip, and is it there afterwards."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wakegen.core.errors import DeviceLost
from wakegen.core.events import Notice, OnEvent, Progress, StageDone, StageStarted, ignore
from wakegen.devices import ports
from wakegen.firmware import jobs
from wakegen.firmware.meanings import explain
from wakegen.firmware.package import Package, gather

STAGE = "flash"
BAUD = 460_800  # four times the loader's own; every bridge chip of the table holds it
_ATTEMPTS = 5  # to get the chip into its loader, about a second each


@dataclass(frozen=True, slots=True)
class FlashResult:
    """What was written, and to what."""

    port: str
    chip: str
    title: str
    mac: str
    flash: str  # as esptool names sizes, "4MB"; "" where it cannot be read
    bytes: int
    parts: tuple[str, ...]
    seconds: float
    reset: bool  # the new firmware runs
    exit_code: int = 0

    def to_json(self) -> dict[str, Any]:
        """Give all of it as JSON knows it."""
        return {name: value for name, value in asdict(self).items() if name != "exit_code"}

    def to_text(self) -> str:
        """Give it as lines."""
        rest = "It runs." if self.reset else "Press RESET to start it."
        return (
            f"{self.title} on {self.port}, MAC {self.mac}, flash {self.flash or 'of unknown size'}\n"
            f"{self.bytes:,} bytes written and compared in {self.seconds:.1f} s: {', '.join(self.parts)}. {rest}"
        )


def flash(
    path: Path,
    *,
    port: str | None = None,
    device: str | None = None,
    at: int | None = None,
    baud: int = BAUD,
    reset: bool = True,
    stub: bool = True,
    on_event: OnEvent = ignore,
) -> FlashResult:
    """Write an image, or all of a build folder, to the board on a port, and compare what is there with it.

    Parameters
    ----------
    port : by default the only one that a board may hang on
    device : a profile that the firmware must be for
    at : where in flash a file goes, where its header does not say it
    reset : into the loader before and into the firmware after; without, the user has done it with BOOT and RESET
    stub : whether esptool's own flasher is loaded first, which is faster and reads back quicker

    Raises
    ------
    BadImage : the firmware is damaged, or made for another chip than the device's. No port has been opened then.
    NotInstalled : esptool is missing.
    NoPort, PortDenied, PortBusy : the port cannot be had.
    WrongChip : the board has another chip. Nothing has been written then.
    FlashFailed, DeviceLost, DeviceError : it began and did not end well; the message says why.
    """
    package = gather(path, at=at, device=device)
    jobs.need_esptool()
    chosen = ports.choose(port)
    if package.image and package.image.app and at is None:
        on_event(Notice("info", f"{path.name} is a program alone: bootloader and partition table must be there already."))  # fmt: skip
    before_s = time.monotonic()
    on_event(StageStarted(STAGE, f"Flash {path.name} to {chosen}", package.size))
    job = {
        "do": "flash",
        "port": chosen,
        "chip": package.chip.name,
        "baud": baud,
        "attempts": _ATTEMPTS,
        "before": "default-reset" if reset else "no-reset",
        "after": "hard-reset" if reset else "no-reset",
        "stub": stub,
        "parts": [(part.at, len(part.data)) for part in package.parts],
    }
    told = _run(job, package, chosen, on_event)
    seconds = time.monotonic() - before_s
    result = FlashResult(
        chosen, package.chip.name, told["chip"]["title"], told["chip"]["mac"], told["flash"].get("size") or "",
        package.size, tuple(f"{part.name} at {part.at:#x}" for part in package.parts), round(seconds, 2),
        told["reset"],
    )  # fmt: skip
    on_event(StageDone(STAGE, f"{package.size:,} bytes written and compared", seconds))
    return result


def _run(job: dict[str, Any], package: Package, port: str, on_event: OnEvent) -> dict[str, Any]:
    told: dict[str, Any] = {"chip": {}, "flash": {}}
    done = 0
    with closing(jobs.ask(job, b"".join(part.data for part in package.parts))) as events:
        for event in events:
            match event:
                case {"event": "chip" | "flash" as what}:
                    told[what] = event
                case {"event": "progress", "part": int(index), "share": float(share)} if index < len(package.parts):
                    reached = sum(len(part.data) for part in package.parts[:index])
                    reached += int(share * len(package.parts[index].data))
                    on_event(Progress(STAGE, "bytes", done=reached - done, group_total=package.size))
                    done = reached
                case {"event": "warning", "text": str(text)}:
                    on_event(Notice("warning", " ".join(text.split())))
                case {"event": "error", "kind": str(kind), "text": str(text), "during": str(during)}:
                    raise explain(kind, text, during=during, port=port, wanted=package.chip) from RuntimeError(text)
                case {"event": "done", "printed": str(printed)}:
                    # esptool says this past its own log (5.6: reset.py binds the logger of its import).
                    told["reset"] = job["before"] != "no-reset" and "NOT reset" not in printed
                    return told
    raise DeviceLost("esptool ended without a word.", hint="Run the same again.")
