"""`wakegen listen` and where it gets its sound from."""

from __future__ import annotations

import io
import json
import struct
import sys
import wave
from types import SimpleNamespace

import numpy as np
import pytest

import wakegen
from wakegen.cli import sources
from wakegen.cli.listen import Meter
from wakegen.cli.state import State
from wakegen.core.errors import BadInput, DeviceError, NotInstalled

SAMPLES = np.arange(-3000, 3000, dtype=np.int16)


def wav(samples, *, rate_hz=16_000, channels=1):
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(samples.tobytes())
    return file.getvalue()


class Trickle(io.RawIOBase):
    """A pipe that gives odd numbers of bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, 12) if size >= 12 and self._data.tell() == 0 else min(size, 7))


def joined(chunks):
    return np.concatenate(list(chunks))


@pytest.mark.parametrize("data", [SAMPLES.tobytes(), wav(SAMPLES)], ids=["raw", "wav"])
def test_stdin_gives_every_sample_whether_raw_or_wav(data):
    assert np.array_equal(joined(sources.stream(io.BytesIO(data))), SAMPLES)


def test_stdin_may_arrive_in_odd_pieces():
    assert np.array_equal(joined(sources.stream(Trickle(SAMPLES.tobytes()))), SAMPLES)


@pytest.mark.parametrize("data", [wav(SAMPLES, rate_hz=8000), wav(SAMPLES, channels=2)])
def test_a_wav_of_another_kind_on_stdin_is_bad_input(data):
    with pytest.raises(BadInput, match="channels"):
        list(sources.stream(io.BytesIO(data)))


@pytest.mark.parametrize("tail", [b"", b"fmt \x02\x00\x00\x00ab", b"JUNK" + struct.pack("<I", 2**31)])
def test_a_damaged_wav_on_stdin_is_bad_input(tail):
    with pytest.raises(BadInput):
        list(sources.stream(io.BytesIO(b"RIFF\0\0\0\0WAVE" + tail)))


def test_a_recording_comes_in_steps_between_room_tone_and_saturates():
    chunks = list(sources.recording(np.float32([0, 0.5, 2.0, -2.0] * 1000)))
    assert {len(chunk) for chunk in chunks[:-1]} == {1280}
    whole = np.concatenate(chunks)
    lead, tail = round(sources.LEAD_S * 16_000), round(sources.TAIL_S * 16_000)
    assert list(whole[lead : lead + 4]) == [0, 16384, 32767, -32768]
    assert len(whole) == lead + 4000 + tail
    assert np.any(whole[:lead])
    assert np.any(whole[-tail:])


def test_a_microphone_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(NotInstalled) as caught:
        next(sources.microphone())
    assert "wakegen[mic]" in caught.value.hint


def test_a_microphone_gives_steps_and_an_absent_one_is_a_device_error(monkeypatch):
    class PortAudioError(Exception):
        pass

    class Input:
        def __init__(self, **options):
            assert (options["samplerate"], options["channels"], options["dtype"]) == (16_000, 1, "int16")
            if absent:
                raise PortAudioError("no device")

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def read(self, count):
            return SAMPLES[:count].tobytes(), False

    monkeypatch.setitem(
        sys.modules, "sounddevice", SimpleNamespace(RawInputStream=Input, PortAudioError=PortAudioError)
    )
    absent = False
    assert np.array_equal(next(sources.microphone()), SAMPLES[:1280])
    absent = True
    with pytest.raises(DeviceError, match="no device"):
        next(sources.microphone())


class Fires:
    """Scores 0.9 at the second step and 0.1 elsewhere."""

    sidecar = SimpleNamespace(phrase="hey katya", threshold=0.5)

    def __init__(self, path, **options) -> None:
        self.step = 0

    def push(self, chunk):
        self.step += 1
        fired = self.step == 2
        return [SimpleNamespace(time_s=self.step * 0.08, score=0.9 if fired else 0.1, fired=fired)]


def test_listen_prints_each_detection_and_a_json_document_when_asked(cli, monkeypatch):
    monkeypatch.setattr(wakegen, "Detector", Fires, raising=False)
    monkeypatch.setattr(wakegen, "read_audio", lambda path: np.zeros(5000, np.float32), raising=False)
    done = cli("listen", "m.onnx", "--wav", "x.wav")
    assert done.out.split() == ["-1.84", "s", "0.900", "hey", "katya"]  # times count from the recording's start
    assert "1 detections" in done.err
    document = json.loads(cli("listen", "m.onnx", "--wav", "x.wav", "--json").out)
    assert document["detections"] == [{"time_s": -1.84, "score": 0.9}]
    assert document["highest_score"] == 0.9


@pytest.mark.parametrize("wrong", [[], ["--mic", "-"], ["--mic", "--wav", "x.wav"]])
def test_listen_wants_exactly_one_source(cli, wrong):
    assert cli("listen", "m.onnx", *wrong).code == 2


def test_the_meter_shows_score_and_threshold_on_a_terminal_only(monkeypatch, capsys):
    monkeypatch.setattr(State, "draws", lambda self: True)
    meter = Meter(State(), 0.5)
    meter.draw(SimpleNamespace(score=0.75, time_s=1.0))
    meter.clear()
    shown = capsys.readouterr().err
    assert shown.count("█") == 29
    assert "│" in shown
    monkeypatch.setattr(State, "draws", lambda self: False)
    silent = Meter(State(), 0.5)
    silent.draw(SimpleNamespace(score=0.75, time_s=1.0))
    silent.clear()
    assert capsys.readouterr().err == ""


def test_listening_with_a_wgm_takes_no_choices(cli):
    done = cli("listen", "x.wgm", "-", "--vad", "0.5")
    assert done.code == 2
    assert "as on its microcontroller" in done.err
