"""Hands out work. Local processes now; anything with `map` can stand in their place.

Tasks are pure functions of their arguments, so results do not depend on how many workers there are.
Results come back in the order of the tasks.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


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

    def __init__(self, workers: int, *, setup: Callable[..., None] | None = None, arguments: tuple[Any, ...] = ()) -> None:
        self.workers = workers
        self.cpu_s = 0.0
        # A fresh interpreter per worker: threads and locks of this process are not copied into it.
        context = multiprocessing.get_context("forkserver")
        self._pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=(setup, arguments))

    def map(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """Yield `function(task)` in the order of the tasks, with four tasks per worker in flight."""
        waiting: deque[Future[tuple[R, float]]] = deque()
        for task in tasks:
            waiting.append(self._pool.submit(_timed, function, task))
            if len(waiting) >= 4 * self.workers:
                yield self._taken(waiting.popleft())
        while waiting:
            yield self._taken(waiting.popleft())

    def _taken(self, future: Future[tuple[R, float]]) -> R:
        result, cpu_s = future.result()
        self.cpu_s += cpu_s
        return result

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=kind is not None)


def executor(jobs: int, *, setup: Callable[..., None] | None = None, arguments: tuple[Any, ...] = ()) -> Serial | Processes:
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


def _start_worker(setup: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    if setup is not None:
        setup(*arguments)
