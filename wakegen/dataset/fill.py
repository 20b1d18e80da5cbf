"""Fills planned rows: workers make sound and write files, one process writes rows.

A task is a handful of rows; its result is a pure function of them. Batches are committed in the order of the
plan, after their files are on the disk.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from wakegen.audio.io import flac_bytes
from wakegen.core.events import OnEvent, Progress
from wakegen.core.executor import Executor
from wakegen.core.files import write_bytes
from wakegen.dataset.store import DONE, FAILED, REJECTED, Store, audio_path

ROWS_PER_TASK = 24
_COMMIT_EVERY_S = 2.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Filled:
    """What became of one row."""

    id: int
    group: str  # whose progress bar it belongs to
    state: str = DONE
    reason: str = ""
    retried: int = 0
    sha256: str | None = None
    seconds: float | None = None
    span_s: tuple[float, float] | None = None
    quality: Mapping[str, Any] = field(default_factory=dict)


def keep(folder: Path, samples: NDArray[np.int16]) -> str:
    """Write samples as FLAC under the sha256 of their bytes, unless they are there; give the sha256."""
    sha256 = hashlib.sha256(np.ascontiguousarray(samples).tobytes()).hexdigest()
    path, data = audio_path(folder, sha256), flac_bytes(samples)
    if not (path.exists() and path.stat().st_size == len(data)):  # a power cut may have left an empty file
        write_bytes(path, data, sync=False)  # `fill` syncs before it commits
    return sha256


def fill(
    store: Store,
    tasks: Iterable[T],
    work: Callable[[T], list[Filled]],
    *,
    stage: str,
    executor: Executor,
    on_event: OnEvent,
    totals: Mapping[str, int],
) -> None:
    """Do the tasks and write what came of each row."""
    pending: list[Filled] = []
    last_commit = time.monotonic()
    for results in executor.map(work, tasks):
        pending += results
        if time.monotonic() - last_commit > _COMMIT_EVERY_S:
            _commit(store, pending)
            pending, last_commit = [], time.monotonic()
        for event in _progress(stage, results, totals):
            on_event(event)
    _commit(store, pending)


def tasks_of(rows: Iterable[T], size: int = ROWS_PER_TASK) -> Iterator[tuple[T, ...]]:
    """Cut rows into tasks."""
    part: list[T] = []
    for row in rows:
        part.append(row)
        if len(part) == size:
            yield tuple(part)
            part = []
    if part:
        yield tuple(part)


def _commit(store: Store, results: list[Filled]) -> None:
    if not results:
        return
    os.sync()  # the files first, then the rows that name them
    created = datetime.now(UTC).isoformat(timespec="seconds")
    with store.transaction():
        for result in results:
            _write(store, result, created)


def _write(store: Store, result: Filled, created: str) -> None:
    state, reason = result.state, result.reason
    if state == DONE and result.sha256 is not None:
        twin = store.known_sha256(result.sha256)
        if twin is not None and twin != result.id:
            state, reason = REJECTED, f"the same samples as clip {twin}"
    start_s, end_s = result.span_s or (None, None)
    store.update(
        result.id,
        state=state,
        reason=reason,
        sha256=result.sha256,
        seconds=result.seconds,
        span_start_s=start_s,
        span_end_s=end_s,
        quality=dict(result.quality),
        created=created,
    )


def _progress(stage: str, results: list[Filled], totals: Mapping[str, int]) -> Iterator[Progress]:
    for group in sorted({result.group for result in results}):
        mine = [result for result in results if result.group == group]
        yield Progress(
            stage,
            group,
            done=len(mine),
            failed=sum(result.state == FAILED for result in mine),
            retried=sum(result.retried for result in mine),
            group_total=totals.get(group),
        )
