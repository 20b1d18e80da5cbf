"""The user's own recordings as rows of the plan: negatives to train on, the phrase to be judged on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wakegen.audio import RATE_HZ
from wakegen.audio.io import read
from wakegen.config import Settings
from wakegen.core.seeds import share
from wakegen.dataset.speak import RECORDING
from wakegen.dataset.store import SPEECH, Clip

PIECE_S = 8.0
_SHORTEST_S = 0.5
RECORDINGS = "recordings"  # the split of the user's own recordings of the phrase: evaluation only


def plan_recordings(settings: Settings, files: Mapping[str, Sequence[Path]], *, first_id: int) -> Iterator[Clip]:
    """Give rows for the user's files: negatives in pieces of 8 s (a file is in one split), positives whole."""
    number = first_id
    for path in files["negative"]:
        split = _split(settings, path.name)
        for piece in _pieces(path):
            yield _clip(settings, number, path, piece, label="negative", kind="user", split=split)
            number += 1
    for path in files["positive"]:
        whole = {"path": str(path.absolute()), "start": 0, "samples": len(read(path))}
        yield _clip(settings, number, path, whole, label="positive", kind="phrase", split=RECORDINGS)
        number += 1


def _pieces(path: Path) -> Iterator[dict[str, Any]]:
    total, size = len(read(path)), int(PIECE_S * RATE_HZ)
    for start in range(0, total, size):
        length = min(size, total - start)
        if length >= _SHORTEST_S * RATE_HZ:
            yield {"path": str(path.absolute()), "start": start, "samples": length}


def _split(settings: Settings, name: str) -> str:
    place, ratio = share(settings.seed, "recording", name), settings.export.split_ratio
    return "train" if place < ratio[0] else "val" if place < ratio[0] + ratio[1] else "test"


def _clip(
    settings: Settings, number: int, path: Path, piece: dict[str, Any], *, label: str, kind: str, split: str
) -> Clip:
    return Clip(
        id=number,
        stage=SPEECH,
        label=label,
        kind=kind,
        phrase=settings.phrase,
        text="",
        split=split,
        engine=RECORDING,
        speaker=path.name,
        language=settings.generation.language,
        parameters=piece,
        licence="the user's own",
        source=path.name,
    )
