"""The processes behind espeak-ng: the same bytes whatever happened before, and no harm from a crash."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from wakegen.core.errors import BadInput, EngineError
from wakegen.espeak import Espeak, server
from wakegen.espeak.client import _CHUNK

CRASHES = "[['O|t|a]]"  # in Greenlandic, espeak-ng 1.52 dereferences a null pointer over these phonemes


@pytest.fixture
def espeak() -> Iterator[Espeak]:
    with Espeak() as made:
        yield made


def clip(espeak: Espeak, variant: str = "f3", language: str = "en-us") -> bytes:
    return espeak.speak("hey katya", language=language, variant=variant, seed=5).tobytes()


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("variant", ["", "f3", "klatt2", "whisper", "f5", "croak"])
def test_a_clip_does_not_depend_on_what_was_spoken_before(espeak: Espeak, variant: str) -> None:
    first = clip(espeak, variant)
    for other in ("en-us", "de", "fr"):
        espeak.speak("something quite different", language=other, variant="m3", rate_wpm=300, pitch=80, seed=1)
    assert clip(espeak, variant) == first
    with Espeak() as fresh:
        assert clip(fresh, variant) == first


def test_the_seed_changes_a_breathy_voice(espeak: Espeak) -> None:
    first, second = (espeak.speak("hey", language="en-us", variant="whisper", seed=seed).tobytes() for seed in (0, 1))
    assert first != second


def test_a_clip_is_the_same_when_its_language_was_evicted_meanwhile(espeak: Espeak) -> None:
    first = clip(espeak)
    for language in espeak.voices()[: server.LANGUAGES_ALIVE + 2]:
        espeak.speak("1", language=language.name)
    assert clip(espeak) == first
    assert espeak._link.pid is not None
    assert len(children(espeak._link.pid)) <= server.LANGUAGES_ALIVE


def test_a_crash_is_an_error_of_that_request_alone(espeak: Espeak) -> None:
    before = clip(espeak)
    with pytest.raises(EngineError, match="SIGSEGV") as caught:
        espeak.speak(CRASHES, language="kl", mnemonic=True)
    assert caught.value.hint
    assert clip(espeak) == before
    assert espeak.speak("hej", language="kl").any()


def test_a_crash_in_a_batch_spares_the_other_texts(espeak: Espeak) -> None:
    language = espeak.language("kl")
    texts = ["[[a]]"] * 3 + [CRASHES] + ["[[i]]"] * (_CHUNK + 1)
    heard = espeak._phonemize(texts, language, [2], raw=True)
    assert heard[3] == [[]]
    assert heard[0] == [["a"]]
    assert heard[-1] == [["i"]]


def test_a_request_that_takes_too_long_is_ended(espeak: Espeak) -> None:
    started = time.monotonic()
    with pytest.raises(EngineError, match="too long"):
        espeak.speak("hey katya " * 5000, language="en-us", deadline_s=0.02)
    assert time.monotonic() - started < 5
    assert clip(espeak)


def test_a_server_that_was_killed_is_started_again(espeak: Espeak) -> None:
    before = clip(espeak)
    killed = espeak._link.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    assert clip(espeak) == before
    assert espeak._link.pid != killed


def test_a_killed_language_process_costs_one_request(espeak: Espeak) -> None:
    before = clip(espeak)
    assert espeak._link.pid is not None
    os.kill(children(espeak._link.pid)[0], signal.SIGKILL)
    with pytest.raises(EngineError, match="died"):
        clip(espeak)
    assert clip(espeak) == before


def test_closing_leaves_no_process_behind() -> None:
    with Espeak() as espeak:
        clip(espeak)
        clip(espeak, language="de")
        root = espeak._link.pid
        assert root is not None
        family = [root, *children(root)]
    assert len(family) == 3
    assert not any(Path(f"/proc/{pid}").exists() for pid in family)


def test_the_server_ends_when_its_client_is_killed() -> None:
    code = (
        "import sys, time\nfrom wakegen.espeak import Espeak\nespeak = Espeak()\n"
        "espeak.speak('hey', language='en-us')\nprint(espeak._link.pid, flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        root = int(client.stdout.readline())
        family = [root, *children(root)]
        client.kill()
    deadline = time.monotonic() + 5
    while any(_runs(pid) for pid in family) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(_runs(pid) for pid in family)


def _runs(pid: int) -> bool:
    """Whether the process is there and no zombie (nobody may be there to reap an orphan in a container)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_the_server_outlives_ctrl_c(espeak: Espeak) -> None:
    before = clip(espeak)
    pid = espeak._link.pid
    assert pid is not None
    for process in (pid, *children(pid)):
        os.kill(process, signal.SIGINT)
    assert clip(espeak) == before
    assert espeak._link.pid == pid


def _spoken_elsewhere(espeak: Espeak) -> bytes:
    return clip(espeak)


def test_a_forked_process_gets_a_server_of_its_own(espeak: Espeak) -> None:
    before = clip(espeak)
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=lambda: sending.send_bytes(_spoken_elsewhere(espeak)))
    process.start()
    assert receiving.recv_bytes() == before
    process.join(10)
    assert clip(espeak) == before


def test_the_server_imports_nothing_but_the_standard_library() -> None:
    code = f"import sys; sys.argv=['x']; exec(open({server.__file__!r}).read().split('if __name__')[0]); print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    "values", [{"rate_wpm": 79}, {"rate_wpm": 451}, {"pitch": 100}, {"volume": 201}, {"variant": "f33"}]
)
def test_what_espeak_would_ignore_is_an_error(espeak: Espeak, values: dict[str, object]) -> None:
    with pytest.raises(BadInput) as caught:
        espeak.speak("hey", language="en-us", **values)  # type: ignore[arg-type]
    assert caught.value.hint


def test_version_and_rate_are_the_library_s_own(espeak: Espeak) -> None:
    assert espeak.version.startswith("1.5")
    assert espeak.rate_hz == 22050
