"""Run a project again and again, each time killed at a write: `crash_child.py FOLDER SEED LAST_STAGE FEWEST MOST`.

A write is a file's rename or a transaction's commit; death comes right before or right after one, `FEWEST` to `MOST`
such moments after the start. Each attempt is a fork of this process, so that it need not import everything anew.
Prints how often it died.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from wakegen.core.events import ignore
from wakegen.core.seeds import stream
from wakegen.dataset.store import Store
from wakegen.pipeline import evaluate, gate, generate, report, simulate, train
from wakegen.pipeline.project import opened, read_settings

STAGES = {
    "generate": generate.run,
    "gate_speech": gate.speech,
    "simulate": simulate.run,
    "gate_scenes": gate.scenes,
    "train": train.run,
    "test": evaluate.run,
    "report": report.run,
}


class Clock:
    """Counts moments down and kills."""

    def __init__(self, moments: int) -> None:
        self._left = moments

    def tick(self) -> None:
        """Count one moment."""
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def arm(clock: Clock) -> None:
    """Count the moments before and after each rename and each commit."""
    rename, transaction = os.replace, Store.transaction

    def renamed(*arguments: str) -> None:
        clock.tick()
        rename(*arguments)
        clock.tick()

    @contextmanager
    def committed(store: Store) -> Iterator[None]:
        with transaction(store):
            yield
            clock.tick()
        clock.tick()

    os.replace = renamed
    Store.transaction = committed


def run(folder: Path, last: str) -> None:
    """Do all stages up to the last."""
    settings = read_settings(folder)
    placed = replace(settings, generation=replace(settings.generation, output_dir=folder))
    placed = replace(placed, limits=replace(placed.limits, jobs=1))
    with opened(placed, on_event=ignore) as project:
        for name, stage in STAGES.items():
            stage(project)
            if name == last:
                return


def killed_until_done(work: Callable[[], None], seed: int, fewest: int, most: int) -> None:
    """Do the work in forks, each killed after some moments, until one ends; print the deaths and exit as it did."""
    rng, deaths = stream(seed, "kill"), 0
    while True:
        moments = int(rng.integers(fewest, most + 1))
        child = os.fork()
        if child == 0:
            arm(Clock(moments))
            work()
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            print(deaths)
            sys.exit(os.waitstatus_to_exitcode(status))
        deaths += 1


def main() -> None:
    folder, seed, last = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    fewest, most = int(sys.argv[4]), int(sys.argv[5])
    evaluate._LATENCY_S = 1.0
    killed_until_done(lambda: run(folder, last), seed, fewest, most)


if __name__ == "__main__":
    main()
