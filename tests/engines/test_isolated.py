"""An engine in a process of its own: whatever it does there, the caller sees speech or an error that says so."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

import wakegen
from wakegen.core.errors import BadInput, CannotSpeak, EngineError, NotInstalled
from wakegen.engines import table
from wakegen.engines.base import SpeechRequest
from wakegen.engines.fake import Fake
from wakegen.engines.isolated import Isolated
from wakegen.engines.table import EngineRow

TEXT = "hey katya"


def row_of(name: str, **changes: object) -> EngineRow:
    row = replace(table.row("fake"), name="unruly", factory=f"tests.engines.unruly:{name}", isolated=True)
    return replace(row, **changes)  # type: ignore[arg-type]


@pytest.fixture
def engine() -> Iterator[Isolated]:
    with Isolated(row_of("Unruly")) as made:
        yield made


def speak(engine: Isolated, voice: str) -> np.ndarray:
    return engine.synthesize(SpeechRequest(TEXT, voice)).samples


@pytest.mark.parametrize(
    ("voice", "told"),
    [
        ("crashes", "crashed (SIGSEGV): terrible things happened"),
        ("killed", "crashed (SIGKILL)"),
        ("exits", "status 3"),
        ("nan", "NaN"),
        ("loud", "beyond full scale"),
        ("empty", "no sample"),
        ("endless", "200 s"),
        ("slow", "8000 Hz"),
        ("babbles", "no answer"),
        ("short", "no answer"),
        ("bug", "ZeroDivisionError: by zero"),
    ],
)
def test_misbehaviour_is_an_error_and_the_next_request_is_spoken(engine: Isolated, voice: str, told: str) -> None:
    with pytest.raises(EngineError) as caught:
        speak(engine, voice)
    message = str(caught.value)
    assert told in message
    assert all(part in message for part in ("unruly", TEXT, voice))
    assert caught.value.hint
    assert speak(engine, "speaks").size == 1600


def test_a_hang_ends_at_the_deadline_and_leaves_no_process() -> None:
    with Isolated(row_of("Unruly", cpu_per_s=0.0), patience_s=2.0) as engine:
        speak(engine, "speaks")
        pid = engine.pid
        before = time.monotonic()
        with pytest.raises(EngineError, match="took too long"):
            speak(engine, "hangs")
        assert 1.9 < time.monotonic() - before < 8
        assert pid is not None
        assert not psutil.pid_exists(pid)
        assert speak(engine, "speaks").size == 1600


def test_what_native_code_prints_does_not_get_into_the_answers(engine: Isolated) -> None:
    for _ in range(3):
        assert speak(engine, "prints").size == 1600


def test_a_megabyte_on_stderr_does_not_block(engine: Isolated) -> None:
    for _ in range(3):
        assert speak(engine, "shouts").size == 1600


@pytest.mark.parametrize(
    ("voice", "kind", "hint"),
    [("refuses", CannotSpeak, "Say something else."), ("unknown", BadInput, "Did you mean 'speaks'?")],
)
def test_the_errors_of_the_engine_come_back_as_themselves(
    engine: Isolated, voice: str, kind: type[Exception], hint: str
) -> None:
    with pytest.raises(EngineError if kind is CannotSpeak else BadInput) as caught:
        speak(engine, voice)
    assert type(caught.value) is kind
    assert caught.value.hint == hint


def test_an_engine_that_cannot_start_says_why() -> None:
    with Isolated(row_of("Absent")) as engine, pytest.raises(NotInstalled) as caught:
        engine.voices()
    assert caught.value.hint == "apt install nothing"
    with Isolated(row_of("Stillborn")) as engine:
        for _ in range(2):
            with pytest.raises(EngineError, match="status 9: no voice data"):
                speak(engine, "speaks")


def test_version_and_voices_are_the_engines_own(engine: Isolated) -> None:
    assert engine.version == "7"
    assert [voice.name for voice in engine.voices()] == ["speaks"]


def test_an_isolated_engine_says_the_same_bytes_as_the_engine_itself() -> None:
    requests = [SpeechRequest(TEXT, voice.name, seed=3) for voice in Fake().voices() if not voice.toy]
    with Isolated(table.row("fake")) as engine:
        assert engine.voices() == Fake().voices()
        for request in requests:
            there = engine.synthesize(request)
            assert there.samples.tobytes() == Fake().synthesize(request).samples.tobytes()
            assert there.samples.flags.writeable


def test_a_process_that_was_ended_between_two_requests_is_started_again(engine: Isolated) -> None:
    speak(engine, "speaks")
    pid = engine.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert speak(engine, "speaks").size == 1600
    assert engine.pid != pid


def test_nothing_is_left_after_the_with_block() -> None:
    with Isolated(row_of("Unruly")) as engine:
        speak(engine, "speaks")
        pid = engine.pid
    assert pid is not None
    assert not psutil.pid_exists(pid)
    assert engine.pid is None


def test_the_process_ends_with_its_parent() -> None:
    code = (
        "import os, time\nfrom dataclasses import replace\nfrom wakegen.engines import table\n"
        "from wakegen.engines.isolated import Isolated\n"
        "engine = Isolated(table.row('fake'))\nengine.voices()\nprint(engine.pid, flush=True)\ntime.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        child.wait(10)


def test_threads_take_turns_and_each_gets_its_own_answer() -> None:
    texts = ["hey", "good morning", "hello there katya", "a"]
    wanted = [Fake().synthesize(SpeechRequest(text, "ann")).samples.tobytes() for text in texts]
    given: dict[int, bytes] = {}
    with Isolated(table.row("fake")) as engine:

        def run(index: int) -> None:
            for _ in range(5):
                given[index] = engine.synthesize(SpeechRequest(texts[index], "ann")).samples.tobytes()
                assert given[index] == wanted[index]

        threads = [threading.Thread(target=run, args=(index,)) for index in range(len(texts))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert given == dict(enumerate(wanted))


def test_the_variables_of_the_row_are_the_childs_alone() -> None:
    with Isolated(row_of("Unruly", environment=(("WAKEGEN_OF_THE_CHILD", "1"),))) as engine:
        engine.voices()
        assert engine.pid is not None
        assert psutil.Process(engine.pid).environ()["WAKEGEN_OF_THE_CHILD"] == "1"
    assert "WAKEGEN_OF_THE_CHILD" not in os.environ


def test_a_text_that_no_pipe_takes_at_once_is_refused(engine: Isolated) -> None:
    with pytest.raises(CannotSpeak, match="100000 characters"):
        engine.synthesize(SpeechRequest("a" * 100_000, "speaks"))


def test_the_child_runs_the_same_copy_of_the_package(tmp_path: Path) -> None:
    """A wheel that is unpacked, a checkout, an installation: whichever this process imported."""
    shutil.copytree(Path(wakegen.__file__).parent, tmp_path / "wakegen", ignore=shutil.ignore_patterns("__pycache__"))
    fake = tmp_path / "wakegen" / "engines" / "fake.py"
    fake.write_text(fake.read_text().replace('version = "1"', 'version = "of the copy"'))
    code = (
        "from wakegen.engines import table\nfrom wakegen.engines.isolated import Isolated\n"
        "with Isolated(table.row('fake')) as engine:\n    print(engine.version)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "of the copy"
