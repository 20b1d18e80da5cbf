"""Fuzzes a host's end of a line in Python with atheris: whatever comes, it is a frame, text, or a named error.

pip install atheris
python firmware_harness/fuzz/line_python.py [RUNS]
"""

from __future__ import annotations

import runpy
import sys
import tempfile
import zlib
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["wakegen.devices"]):
    from wakegen.devices import facts, frames, link, messages

from wakegen.core.errors import WakegenError

RUNS = 100_000
LONGEST = 4096  # bytes


def hear(data: bytes) -> None:
    """Take bytes as they come; whoever guesses no checksum gets his frames sealed."""
    host, device = link.Link(session=7, patience_s=1e9), link.Link()
    host.receive(frames.to_bytes(frames.Frame(frames.Kind.OPENED, 7, body=link.Terms().to_bytes())), 0.0)
    device.receive(frames.to_bytes(frames.Frame(frames.Kind.OPEN, 7, body=link.Terms().to_bytes())), 0.0)
    for end in (host, device):
        for now_s, part in enumerate(data.split(b"\0")):
            try:
                end.receive(sealed(part) if len(part) % 2 else part + b"\0", float(now_s))
                for body in end.take():
                    read(body)
                end.outgoing(float(now_s))
            except WakegenError:
                break


def read(body: bytes) -> None:
    """Read a message; what is read gives the same bytes again."""
    message = messages.from_bytes(body)
    assert messages.to_bytes(message) == body or body != body.rstrip(b"\0")  # NaN has many forms
    if isinstance(message, messages.Info | messages.Stats):
        facts.from_bytes(message.facts)
    if isinstance(message, messages.Scores):
        messages.records(message)


def sealed(part: bytes) -> bytes:
    """Make a frame of session 7 out of anything."""
    plain = (part + bytes(frames.HEADER_BYTES))[: max(len(part), frames.HEADER_BYTES)]
    plain = plain[:2] + b"\x07\x00" + plain[4:]
    return frames.stuffed(plain + zlib.crc32(plain).to_bytes(4, "little")) + b"\0"


if __name__ == "__main__":
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with tempfile.TemporaryDirectory() as folder:
        for i, seed in enumerate(runpy.run_path(str(Path(__file__).with_name("run.py")))["sessions"]()):
            (Path(folder) / f"seed{i}").write_bytes(seed)
        limits = ["-rss_limit_mb=0"]  # atheris itself keeps some 40 kB of each run
        atheris.Setup([sys.argv[0], f"-runs={runs}", f"-max_len={LONGEST}", "-seed=1", *limits, folder], hear)
        atheris.Fuzz()  # ends the program
