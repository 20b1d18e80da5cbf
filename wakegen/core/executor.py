"""Hands out work. Local processes now; anything with `map` can stand in their place.

Tasks are pure functions of their arguments, so results do not depend on how many workers there are.
Results come back in the order of the tasks.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


# Imported once, by the process that workers are forked from, instead of in every worker of every stage.
_PRELOADED = ("numpy", "scipy.fft", "soundfile", "soxr")


class Executor(Protocol):
    """Where work is done: `map` is all that the stages ask for."""

    workers: int
    cpu_s: float  # CPU seconds that finished tasks took, their own child processes included

    def map(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """Yield `function(task)` for each task, in order; at most a few tasks per worker are in flight."""
        ...


class Serial:
    """The executor that does everything here and now."""

    workers = 1

    def __init__(self) -> None:
        self.cpu_s = 0.0

    def map(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """Yield `function(task)` for each task."""
        for task in tasks:
            result, cpu_s = _timed(function, task)
            self.cpu_s += cpu_s
            yield result

    def __enter__(self) -> Serial:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class Processes:
    """Worker processes on this machine. A worker that dies ends the run with BrokenProcessPool."""

    def __init__(
        self, workers: int, *, setup: Callable[..., None] | None = None, arguments: tuple[Any, ...] = ()
    ) -> None:
        self.workers = workers
        self.cpu_s = 0.0
        # A fresh interpreter per worker: threads and locks of this process are not copied into it.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(_PRELOADED))
        self._pool = ProcessPoolExecutor(
            workers, mp_context=context, initializer=_start_worker, initargs=(setup, arguments)
        )

    def map(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """Yield `function(task)` in the order of the tasks, with four tasks per worker in flight."""
        waiting: deque[Future[bytes]] = deque()
        for task in tasks:
            # Packed here, where it fails loudly: a pool whose own thread cannot pack its tasks hangs (CPython 3.11).
            packed = pickle.dumps((function, task), pickle.HIGHEST_PROTOCOL)
            waiting.append(self._pool.submit(_packed, packed))
            if len(waiting) >= 4 * self.workers:
                yield self._taken(waiting.popleft())
        while waiting:
            yield self._taken(waiting.popleft())

    def _taken(self, future: Future[bytes]) -> Any:
        result, cpu_s = pickle.loads(future.result())
        self.cpu_s += cpu_s
        return result

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:  # nobody waits for a minute of training after Ctrl-C; what is done is stored already
            for process in list(getattr(self._pool, "_processes", None) or {}):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        self._pool.shutdown(wait=True, cancel_futures=kind is not None)


def executor(
    jobs: int, *, setup: Callable[..., None] | None = None, arguments: tuple[Any, ...] = ()
) -> Serial | Processes:
    """Give the executor for `jobs` workers; `setup(*arguments)` runs once in each of them first."""
    if jobs > 1:
        return Processes(jobs, setup=setup, arguments=arguments)
    if setup is not None:
        setup(*arguments)
    return Serial()


def default_jobs() -> int:
    """Give the number of processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _timed(function: Callable[[T], R], task: T) -> tuple[R, float]:
    before = os.times()
    result = function(task)
    after = os.times()
    return result, sum(after[:4]) - sum(before[:4])


def _packed(packed: bytes) -> bytes:
    """Do a task in a worker. What cannot travel becomes an error that can: else the pool would break without a word."""
    try:
        function, task = pickle.loads(packed)
        return pickle.dumps(_timed(function, task), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        if _travels(error):
            raise
        raise RuntimeError(f"{type(error).__name__}: {error}") from error


def _travels(error: Exception) -> bool:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever its own reduction raises
        return False
    return True


def _start_worker(setup: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    if setup is not None:
        setup(*arguments)


def _end_with_the_parent() -> None:
    """End this worker when the process that handed out the work is killed: its queue would never say so."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
