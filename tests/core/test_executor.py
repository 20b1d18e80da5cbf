"""Work handed to processes: order, errors, and what cannot travel between processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import MappingProxyType

import pytest

from wakegen.core import errors
from wakegen.core.errors import BadConfig, CannotSpeak, WakegenError
from wakegen.core.executor import Processes, Serial, default_jobs, executor
from wakegen.core.seeds import stream

pytestmark = pytest.mark.xdist_group("executor")
_told: list[int] = []


def drawn(index: int) -> tuple[int, float]:
    time.sleep(0.02 * (index % 3))  # later tasks end first
    return index, float(stream(1, "task", index).random())


def pid(_: int) -> int:
    time.sleep(0.05)
    return os.getpid()


def remember(number: int) -> None:
    _told.append(number)


def recall(_: int) -> list[int]:
    return _told


def refuse(text: str) -> str:
    raise CannotSpeak(f"{text} cannot be said.", hint="Write it in words.")


class Awkward(Exception):
    """An exception that cannot be built from its own arguments."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(first)


def awkward(number: int) -> int:
    raise Awkward(number, number)


def proxy(number: int) -> MappingProxyType[str, int]:
    return MappingProxyType({"number": number})


def die(_: int) -> None:
    os._exit(9)


def burn(_: int) -> None:
    started = time.process_time()
    while time.process_time() - started < 0.2:
        pass


def slow(path: str) -> None:
    time.sleep(0.3)
    with open(path, "a") as file:
        file.write("x")


@pytest.fixture(scope="module")
def two():
    with executor(2) as pool:
        yield pool


def test_results_come_in_the_order_of_tasks_and_do_not_depend_on_the_workers(two):
    with executor(1) as one:
        alone = list(one.map(drawn, range(20)))
    assert list(two.map(drawn, range(20))) == alone
    assert [index for index, _ in alone] == list(range(20))


def test_two_workers_are_two_processes_and_neither_is_this_one(two):
    seen = set(two.map(pid, range(8)))
    assert len(seen) == 2
    assert os.getpid() not in seen


def test_one_job_works_here_and_now():
    assert isinstance(executor(1), Serial)
    assert set(executor(1).map(pid, range(2))) == {os.getpid()}


def test_only_a_few_tasks_are_taken_ahead(two):
    taken = []
    results = two.map(drawn, (taken.append(i) or i for i in range(100)))
    next(results)
    assert len(taken) == 4 * 2
    assert len(list(results)) == 99


@pytest.mark.parametrize("jobs", [1, 2])
def test_setup_runs_first_in_every_worker(jobs):
    _told.clear()
    with executor(jobs, setup=remember, arguments=(7,)) as pool:
        assert list(pool.map(recall, range(4))) == [[7]] * 4


def test_an_error_for_the_user_crosses_with_its_type_and_hint(two):
    with pytest.raises(CannotSpeak, match="xyz cannot be said") as caught:
        list(two.map(refuse, ["xyz"]))
    assert caught.value.hint == "Write it in words."
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    "kind", [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, WakegenError)]
)
def test_every_error_survives_packing(kind):
    import pickle

    again = pickle.loads(pickle.dumps(kind("what", hint="do")))
    assert (type(again), str(again), again.hint, again.exit_code) == (kind, "what", "do", kind.exit_code)
    assert issubclass(BadConfig, errors.BadInput)


# CPython 3.11's own pool hangs for ever when several of its tasks cannot be packed: hence the deadline of a process.
HANGS = """
from types import MappingProxyType
from wakegen.core.executor import Processes
if __name__ == "__main__":
    with Processes(2) as pool:
        list(pool.map(len, [MappingProxyType({})] * 20))
"""


def test_tasks_that_cannot_be_packed_fail_loudly_instead_of_hanging(tmp_path):
    (tmp_path / "hangs.py").write_text(HANGS)
    ended = subprocess.run(
        [sys.executable, str(tmp_path / "hangs.py")],
        capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": str(Path(errors.__file__).parents[2])},
    )  # fmt: skip
    assert ended.returncode == 1
    assert "cannot pickle 'mappingproxy' object" in ended.stderr


def test_results_that_cannot_be_packed_fail_loudly(two):
    with pytest.raises(TypeError, match="mappingproxy"):
        list(two.map(proxy, range(9)))


def test_an_exception_that_cannot_travel_becomes_one_that_can(two):
    with pytest.raises(RuntimeError, match="Awkward: 3"):
        list(two.map(awkward, [3]))
    assert list(two.map(drawn, [1])) == [drawn(1)]  # the pool goes on


def test_a_worker_that_dies_ends_the_run():
    with pytest.raises(BrokenProcessPool), Processes(2) as pool:
        list(pool.map(die, range(4)))


def test_an_interruption_drops_what_has_not_begun(tmp_path):
    path = tmp_path / "done"
    with pytest.raises(KeyboardInterrupt):
        _interrupted_after_one(path)
    assert 1 <= len(path.read_text()) <= 4  # the one that ended, the one in hand, the two that the pool had queued


ORPHANS = """
import os, signal, sys, time
from wakegen.core.executor import Processes
def told(_):
    print(os.getpid(), flush=True)
    time.sleep(0.5)
if __name__ == "__main__":
    with Processes(2) as pool:
        list(pool.map(told, range(1000)))
"""


def test_workers_do_not_outlive_a_killed_parent(tmp_path):
    (tmp_path / "orphans.py").write_text(ORPHANS)
    environment = {**os.environ, "PYTHONPATH": str(Path(errors.__file__).parents[2])}
    parent = subprocess.Popen(
        [sys.executable, str(tmp_path / "orphans.py")], stdout=subprocess.PIPE, text=True, env=environment
    )
    workers: set[int] = set()
    while len(workers) < 2:
        workers.add(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    until = time.monotonic() + 10  # a worker may be starved on a loaded machine; an orphan would wait for ever
    while any(_alive(worker) for worker in workers):
        assert time.monotonic() < until, "a worker outlived its parent"
        time.sleep(0.05)
    parent.stdout.close()


def _alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _interrupted_after_one(path: Path) -> None:
    with Processes(1) as pool:
        next(pool.map(slow, [str(path)] * 100))
        raise KeyboardInterrupt


def test_the_time_of_workers_is_counted(two):
    before = two.cpu_s
    list(two.map(burn, range(2)))
    assert two.cpu_s - before == pytest.approx(0.4, abs=0.2)
    here = Serial()
    list(here.map(burn, range(1)))
    assert here.cpu_s == pytest.approx(0.2, abs=0.1)


def test_there_is_at_least_one_job():
    assert 1 <= default_jobs() <= (os.cpu_count() or 1)
