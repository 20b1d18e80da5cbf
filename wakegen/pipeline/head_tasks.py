"""Trains heads in workers. Each is kept as soon as it is trained: a run that goes on after a stop does not train it again."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput
from wakegen.core.events import Progress
from wakegen.core.executor import Executor
from wakegen.core.version import VERSION
from wakegen.model.head import Member
from wakegen.model.members import load_members, save_members
from wakegen.pipeline.project import Project
from wakegen.train.material import Material, Pool
from wakegen.train.trainer import Recipe, train_member

_POOLS, _POOL_PARTS = ("positive", "near", "general", "early"), ("starts", "ends", "weights")


@dataclass(frozen=True, slots=True, eq=False)
class HeadTask:
    """All that decides one head, besides the material."""

    recipe: Recipe
    seed: int
    start: Member | None = None  # to go on from


@dataclass(frozen=True, slots=True, eq=False)
class Parked:
    """Material on the disk, where workers can map it."""

    folder: Path
    digest: str  # of every byte of it


def kept_folder(project: Project) -> Path:
    """Where finished heads wait until all of a training are."""
    return project.folder / ".cache" / "heads"


def forget_kept(project: Project) -> None:
    """Remove heads that were kept: those of a training that has finished, or that is to begin anew."""
    shutil.rmtree(kept_folder(project), ignore_errors=True)


@contextmanager
def parked(project: Project, material: Material) -> Iterator[Parked]:
    """Write material where workers can map it; it is gone after the block."""
    folder = project.folder / ".cache" / "material"
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    try:
        for name, array in _arrays(material).items():
            np.save(folder / f"{name}.npy", array)
            _add(digest, array)
        yield Parked(folder, digest.hexdigest())
    finally:
        for file in folder.glob("*.npy"):
            file.unlink()


def train_all(
    project: Project, place: Parked, tasks: Sequence[HeadTask], executor: Executor, total: int
) -> list[Member]:
    """Train heads side by side, or take them as they were kept; the results are the same.

    `total` is how many heads this training has, for the progress bar.
    """
    kept = kept_folder(project)
    jobs = [(str(place.folder), task, str(kept / f"{_key(place.digest, task)}.npz")) for task in tasks]
    members = []
    for member in executor.map(_train, jobs):
        members.append(member)
        project.on_event(Progress("train", "heads", group_total=total))
    return members


def _train(job: tuple[str, HeadTask, str]) -> Member:
    folder, task, kept = job
    with suppress(BadInput):  # not there, or damaged: trained then
        (member,) = load_members(Path(kept))
        return member
    member = train_member(_parked(Path(folder)), recipe=task.recipe, seed=task.seed, start=task.start)
    save_members(Path(kept), (member,))
    return member


def _key(digest: str, task: HeadTask) -> str:
    """Name a head by all that decides it."""
    key = hashlib.sha256(repr((VERSION, digest, task.recipe, task.seed)).encode())
    for array in _values(task.start) if task.start is not None else ():
        _add(key, array)
    return key.hexdigest()


def _values(member: Member) -> Iterator[NDArray[np.float32]]:
    yield from (member.entry, member.entry_bias, *(array for block in member.blocks for array in block), member.exit)
    yield np.array([member.exit_bias], np.float32)


def _add(digest: Any, array: NDArray[Any]) -> None:
    """Hash shape, type and values (without a copy: material may be half a GB)."""
    digest.update(repr((array.shape, array.dtype.str)).encode())
    digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8))


def _arrays(material: Material) -> dict[str, NDArray[Any]]:
    parts = {f"{name}-{part}": getattr(getattr(material, name), part) for name in _POOLS for part in _POOL_PARTS}
    return {"embeddings": material.embeddings, **parts}


def _parked(folder: Path) -> Material:
    def load(name: str) -> Any:
        return np.load(folder / f"{name}.npy", mmap_mode="r")

    pools = (Pool(*(load(f"{name}-{part}") for part in _POOL_PARTS)) for name in _POOLS)
    return Material(load("embeddings"), *pools)
