"""Workers that turn planned scenes into what a device hears."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wakegen import profiles
from wakegen.audio import RATE_HZ
from wakegen.dataset.fill import Filled, keep
from wakegen.dataset.store import Clip, read_clip
from wakegen.quality import measure
from wakegen.scenes import Bank, Scene, render

F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Hearing:
    """One row, and the samples it is made of by their sha256."""

    clip: Clip
    speech: str | None
    before: str | None
    after: str | None
    babble: tuple[str, ...]


def hear_task(task: tuple[str, str, str, tuple[Hearing, ...]]) -> list[Filled]:
    """Fill the rows of a task: (project folder, bank folder, device profile, rows). Runs in a worker."""
    folder, bank, device, rows = task
    return [_fill(Path(folder), _bank(bank), device, row) for row in rows]


def _fill(folder: Path, bank: Bank, device: str, row: Hearing) -> Filled:
    rendered = render(
        Scene.from_json(dict(row.clip.scene)),
        bank=bank,
        profile=_profile(device),
        speech=_read(folder, row.speech),
        before=_read(folder, row.before),
        after=_read(folder, row.after),
        babble=[sound for sound in (_read(folder, sha256) for sha256 in row.babble) if sound is not None],
    )
    return Filled(
        row.clip.id,
        row.clip.kind,
        sha256=keep(folder, rendered.samples),
        seconds=len(rendered.samples) / RATE_HZ,
        span_s=rendered.span_s,
        quality={**measure(rendered.samples), "scene_snr_db": rendered.snr_db},
    )


def _read(folder: Path, sha256: str | None) -> F32 | None:
    if sha256 is None:
        return None
    return _decoded(folder, sha256)


@lru_cache(maxsize=256)
def _decoded(folder: Path, sha256: str) -> F32:
    """Scenes of one clip follow each other, and babble comes back to the same voices."""
    return read_clip(folder, sha256).astype(np.float32) / np.float32(32768)


@lru_cache(maxsize=2)
def _bank(folder: str) -> Bank:
    return Bank.load(Path(folder))


@lru_cache(maxsize=4)
def _profile(device: str) -> profiles.DeviceProfile:
    return profiles.load(device)
