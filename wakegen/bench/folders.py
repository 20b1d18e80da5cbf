"""Recordings in folders as test material: the phrase, and what lies in a folder named `negative`."""

from __future__ import annotations

from pathlib import Path

from wakegen.audio.dsp import to_int16
from wakegen.audio.io import read, scan_folder
from wakegen.bench.items import RATE_HZ, EvalItem
from wakegen.core.errors import BadInput
from wakegen.core.events import Notice, OnEvent
from wakegen.dataset.recordings import NEGATIVE_FOLDERS, heard


def items_of(folder: Path, *, on_event: OnEvent) -> list[EvalItem]:
    """Give every recording below a folder; files that cannot be read are named and passed over.

    Raises
    ------
    BadInput : none can be read, or it is no folder.
    """
    good, bad = scan_folder(folder)
    for path, reason in bad:
        on_event(Notice("warning", f"{path.name} is left out: {reason}"))
    if not good:
        raise BadInput(
            f"{folder} holds no sound that can be read.", hint="Give a folder of WAV, FLAC, OGG or MP3 files."
        )
    return [_item(path, folder) for path in good]


def _item(path: Path, folder: Path) -> EvalItem:
    name = str(path.relative_to(folder))
    parts = (folder.resolve().name, *path.relative_to(folder).parts[:-1])
    samples = read(path)
    if any(part.lower() in NEGATIVE_FOLDERS for part in parts):
        return EvalItem(name, to_int16(samples), "negative", None, {"kind": "your recordings", "text": name})
    start, count = heard(samples)
    span = (start / RATE_HZ, (start + count) / RATE_HZ)
    return EvalItem(name, to_int16(samples), "positive", span, {"engine": "recording", "voice": path.stem})
