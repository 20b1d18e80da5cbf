import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wakegen.audio import io
from wakegen.core.errors import BadInput
from wakegen.core.seeds import stream


def tone(rate_hz: int, seconds: float = 0.5, channels: int = 1) -> np.ndarray:
    wave = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(int(rate_hz * seconds)) / rate_hz)
    return np.repeat(wave[:, None], channels, axis=1)


@pytest.mark.parametrize("suffix", io.SUFFIXES)
@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_rate_and_format_reads_as_the_same_tone(tmp_path: Path, suffix: str, rate_hz: int, channels: int) -> None:
    path = tmp_path / f"tone{suffix}"
    soundfile.write(path, tone(rate_hz, channels=channels), rate_hz)
    samples = io.read(path)
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert len(samples) == pytest.approx(8000, abs=1)
    middle = samples[2000:6000]
    assert np.argmax(np.abs(np.fft.rfft(middle))) * 16000 / len(middle) == pytest.approx(1000, abs=4)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.354, rel=0.05)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no file"):
        io.read(tmp_path / "none.wav")


def write_bad(folder: Path) -> dict[str, str]:
    """Write one bad file of each kind; give {name: words of the reason}."""
    (folder / "a_empty.wav").write_bytes(b"")
    (folder / "b_text.flac").write_bytes(b"this is a text, not a sound")
    soundfile.write(folder / "c_none.wav", np.zeros(0), 16000)
    soundfile.write(folder / "d_many.wav", np.zeros((10, 6)), 16000)
    soundfile.write(folder / "e_nan.wav", np.full(10, np.nan), 16000, subtype="FLOAT")
    whole = io.flac_bytes((stream(1, "x").standard_normal(64000) * 3000).astype(np.int16))
    (folder / "f_damaged.flac").write_bytes(whole[:20000] + bytes(2000) + whole[22000:40000])
    return {
        "a_empty.wav": "0 bytes",
        "b_text.flac": "cannot be read",
        "c_none.wav": "no samples",
        "d_many.wav": "6 channels",
        "e_nan.wav": "not numbers",
        "f_damaged.flac": "cannot be read",
    }


def test_bad_files_are_named_with_a_reason_and_a_hint(tmp_path: Path) -> None:
    for name, words in write_bad(tmp_path).items():
        with pytest.raises(BadInput, match=words) as caught:
            io.read(tmp_path / name)
        assert name in str(caught.value)
        assert caught.value.hint


def test_a_folder_is_sorted_into_good_and_bad(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    soundfile.write(tmp_path / "deep" / "good.wav", tone(16000), 16000)
    (tmp_path / "notes.txt").write_text("no sound")
    reasons = write_bad(tmp_path)
    good, bad = io.scan_folder(tmp_path)
    assert good == (tmp_path / "deep" / "good.wav",)
    assert [path.name for path, _ in bad] == sorted(reasons)
    assert all(reasons[path.name] in why for path, why in bad)


def test_a_folder_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not a folder"):
        io.scan_folder(tmp_path / "none")


@given(arrays(np.int16, st.integers(1, 3000)))
@settings(max_examples=30, deadline=None)
def test_flac_brings_every_sample_back_and_repeats_its_bytes(samples: np.ndarray) -> None:
    data = io.flac_bytes(samples)
    with tempfile.NamedTemporaryFile(suffix=".flac") as file:
        file.write(data)
        file.flush()
        assert np.array_equal(io.read_flac(Path(file.name)), samples)
    assert io.flac_bytes(samples) == data


@pytest.mark.parametrize("data", [b"fLaC and then nothing of use", b"", None])
def test_damaged_or_missing_flac_is_bad_input(data: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "clip.flac"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(BadInput):
        io.read_flac(path)


PACKING = """
import sys
import numpy as np
from wakegen.audio import io
samples = np.random.default_rng(0).integers(-3000, 3000, 16_000 * 60).astype(np.int16)
print("ready", flush=True)
while True:
    io.flac_bytes(samples)
"""


@pytest.mark.parametrize("delay_s", [0.05, 0.11, 0.2, 0.33])
def test_ctrl_c_while_packing_ends_the_program(delay_s: float) -> None:
    process = subprocess.Popen([sys.executable, "-c", PACKING], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay_s)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGINT, said
    assert b"ignored" not in said
