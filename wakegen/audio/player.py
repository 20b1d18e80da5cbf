"""Playing a WAV file through whatever the machine has."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

# PipeWire's own, PulseAudio's, ALSA's, FFmpeg's, and macOS's.
PLAYERS = (
    ("pw-play",),
    ("paplay",),
    ("aplay", "-q"),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
    ("afplay",),
)
_DEADLINE_S = 120.0  # a sample is seconds long; a sound card that is held by another program may block for good


def play(path: Path) -> tuple[str, str]:
    """Play a file; give the name of the player that did ("" for none), and why not."""
    reasons = []
    for name, *options in PLAYERS:
        program = shutil.which(name)
        if program is None:
            continue
        reason = _run([program, *options, str(path.resolve())])
        if not reason:
            return name, ""
        reasons.append(f"{name}: {reason}")
    return "", "; ".join(reasons) or f"none of {', '.join(player[0] for player in PLAYERS)} is installed"


def _run(command: list[str]) -> str:
    """Run a player; give why it failed, "" when it did not."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=_DEADLINE_S
        )
    except subprocess.TimeoutExpired:
        return f"not done after {_DEADLINE_S:g} s"
    except OSError as error:
        return error.strerror or str(error)
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return "" if done.returncode == 0 else (lines[-1].strip() if lines else f"exit code {done.returncode}")
