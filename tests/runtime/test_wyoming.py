"""The Wyoming server, asked by the package's own client over a real socket."""

from __future__ import annotations

import asyncio
import configparser
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.heads import bursts, detector_files
from wakegen.core.errors import BadInput, DeviceError, NotInstalled
from wakegen.runtime import Detector, wyoming_server

pytest.importorskip("wyoming", reason="needs the package wyoming")
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.info import Describe, Info
from wyoming.wake import Detect, Detection, NotDetected

SOUND = bursts(6.0)
DEADLINE_S = 30


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return [
        detector_files(folder, "often", smoothing=1, threshold=0.01, debounce_s=0.8),
        detector_files(folder, "never", phrase="okay nobody", threshold=0.999999),
    ]


@pytest.fixture(scope="module")
def port(models):
    with served(*models) as found:
        yield found


@contextmanager
def served(*models: Path):
    command = [sys.executable, "-m", "wakegen", "serve", "--wyoming", "127.0.0.1:0", *map(str, models)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stderr.readline()
        assert line.startswith("Serving "), line
        yield int(line.rsplit(":", 1)[1])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(DEADLINE_S)


def chunks(sound: np.ndarray, *, size: int = 1024, rate: int = 16_000, channels: int = 1):
    yield AudioStart(rate=rate, width=2, channels=channels).event()
    for at in range(0, len(sound), size):
        part = sound[at : at + size]
        yield AudioChunk(rate, 2, channels, part.tobytes(), timestamp=1000 * at // rate).event()
    yield AudioStop().event()


async def asked(port: int, *events, answers: int):
    async with AsyncTcpClient("127.0.0.1", port) as client:
        for event in events:
            await client.write_event(event)
        return [await asyncio.wait_for(client.read_event(), DEADLINE_S) for _ in range(answers)]


def test_it_says_which_models_it_has(port):
    (answer,) = asyncio.run(asked(port, Describe().event(), answers=1))
    (program,) = Info.from_event(answer).wake
    assert [(model.name, model.phrase) for model in program.models] == [
        ("often", "hey katya"),
        ("never", "okay nobody"),
    ]


def test_it_detects_when_the_detector_fires(port, models):
    wanted = [score.time_s for score in Detector(models[0]).push(SOUND) if score.fired]
    answers = asyncio.run(asked(port, Detect(names=["often"]).event(), *chunks(SOUND), answers=len(wanted)))
    found = [Detection.from_event(answer) for answer in answers]
    assert {one.name for one in found} == {"often"}
    assert len(found) > 2
    for one, time_s in zip(found, wanted, strict=True):
        assert 0 <= time_s - one.timestamp / 1000 <= 0.08 + 0.064, "the chunk in which the step ends"


def test_what_was_not_heard_is_said_at_the_end(port):
    (answer,) = asyncio.run(asked(port, Detect(names=["never"]).event(), *chunks(SOUND), answers=1))
    assert NotDetected.is_type(answer.type)


def test_a_new_stream_begins_from_nothing(port, models):
    """Two seconds must be heard before anything is."""
    silence = np.zeros(16_000, np.int16)
    fired = sum(score.fired for score in Detector(models[0]).push(SOUND))
    request = Detect(names=["often"]).event()
    answers = asyncio.run(asked(port, request, *chunks(SOUND), *chunks(silence), answers=fired + 1))
    assert NotDetected.is_type(answers[-1].type)


def test_stereo_at_another_rate_is_converted(port):
    stereo = np.repeat(np.repeat(SOUND, 3)[:, None], 2, axis=1)
    answers = asyncio.run(
        asked(port, Detect(names=["often"]).event(), *chunks(stereo, size=3072, rate=48_000, channels=2), answers=1)
    )
    assert Detection.from_event(answers[0]).name == "often"


def test_what_one_client_does_wrong_ends_its_connection_only(port):
    broken = AudioChunk(16_000, 2, 1, b"odd").event()
    answer, closed = asyncio.run(asked(port, broken, answers=2))
    assert answer.type == "error"
    assert "no whole samples" in answer.data["text"]
    assert closed is None
    for sent in (
        b"this is no event\n" + bytes(range(256)) + b"\n",
        b"5\n",
        b'{"type": "audio-chunk", "payload_length": 99999999999}\n',
        b'{"type": "audio-chunk", "data_length": 40}\n{"rate": 16000,',
        AudioChunk(16_000, 5, 1, bytes(10)).event().to_dict().__repr__().encode() + b"\n",
    ):
        with socket.create_connection(("127.0.0.1", port)) as raw:
            raw.sendall(sent)
    test_it_says_which_models_it_has(port)


def test_clients_do_not_disturb_each_other(port, models):
    wanted = sum(score.fired for score in Detector(models[0]).push(SOUND))

    async def both():
        request = Detect(names=["often"]).event()
        return await asyncio.gather(*(asked(port, request, *chunks(SOUND), answers=wanted) for _ in range(3)))

    first, *others = asyncio.run(both())
    for other in others:
        assert [event.data for event in other] == [event.data for event in first]


def test_an_address_that_is_taken_is_named(port, models):
    with pytest.raises(DeviceError, match=f"127.0.0.1:{port} cannot be listened on"):
        wyoming_server.serve(models, host="127.0.0.1", port=port)


def test_two_models_of_one_name_are_refused(tmp_path, models):
    (tmp_path / "other").mkdir()
    with pytest.raises(BadInput, match="Two models are named often"):
        wyoming_server.serve([models[0], tmp_path / "other" / "often.onnx"], host="127.0.0.1", port=0)


def test_without_the_package_its_extra_is_named(models, monkeypatch):
    monkeypatch.setattr(wyoming_server, "find_spec", lambda name: None)
    with pytest.raises(NotInstalled, match="wyoming") as caught:
        wyoming_server.serve(models, host="127.0.0.1", port=0)
    assert "wakegen[wyoming]" in caught.value.hint


@pytest.mark.parametrize("address", ["nowhere", "host:", ":1", "host:x", "host:70000"])
def test_an_address_of_another_form_is_a_usage_error(address, models):
    command = [sys.executable, "-m", "wakegen", "serve", "--wyoming", address, str(models[0])]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "HOST:PORT" in done.stderr


def test_the_unit_for_systemd_starts_a_command_that_exists():
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str
    unit.read(Path(__file__).parents[2] / "examples" / "wakegen-wyoming.service")
    program, command, *arguments = unit["Service"]["ExecStart"].split()
    assert program.endswith("/wakegen")
    done = subprocess.run([sys.executable, "-m", "wakegen", command, "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert all(argument in done.stdout for argument in arguments if argument.startswith("--"))
    assert unit["Service"]["Restart"] == "on-failure"
