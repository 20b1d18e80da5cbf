"""Where `wakegen listen` gets its sound from: chunks of int16 at 16 kHz, mono."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput, DeviceError, NotInstalled

RATE_HZ = 16_000
CHUNK = 1280  # one step of the detector: 80 ms
LEAD_S, TAIL_S = 2.0, 0.96  # whole steps
PCM, EXTENSIBLE = 1, 0xFFFE  # the two format tags that plain samples come under
I16 = NDArray[np.int16]


def recording(samples: NDArray[np.float32]) -> Iterator[I16]:
    """Give a whole recording (float32, full scale ±1) as fast as it is taken.

    A detector hears two seconds before it can tell anything, and fires shortly after the phrase: so a short clip
    gets room tone at its own level, LEAD_S before it and TAIL_S after it.
    """
    import wakegen

    sound = np.clip(np.round(samples * 32768.0), -32768, 32767).astype(np.int16)
    lead, tail = round(LEAD_S * RATE_HZ), round(TAIL_S * RATE_HZ)
    tone = wakegen.room_tone(sound, lead + tail, seed=0, name="listen")
    whole = np.concatenate([tone[:lead], sound, tone[lead:]])
    for start in range(0, len(whole), CHUNK):
        yield whole[start : start + CHUNK]


def stream(file: BinaryIO) -> Iterator[I16]:
    """Give raw samples, or those of a WAV whose end need not be known, as they arrive.

    Raises
    ------
    BadInput : a WAV header says something else than 16 kHz, mono, 16 bit.
    """
    start = file.read(12)
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE":
        _to_samples(file)
        start = b""
    while chunk := file.read(2 * CHUNK - len(start)):
        start += chunk
        whole = len(start) // 2 * 2
        yield np.frombuffer(start[:whole], "<i2").astype(np.int16)
        start = start[whole:]
    if len(start) >= 2:
        yield np.frombuffer(start[: len(start) // 2 * 2], "<i2").astype(np.int16)


def microphone() -> Iterator[I16]:
    """Give what the default microphone hears, until Ctrl-C.

    Raises
    ------
    NotInstalled : the extra `mic` or the system's PortAudio is missing.
    DeviceError : there is no microphone, or it cannot be opened.
    """
    try:
        import sounddevice
    except (ImportError, OSError) as error:  # OSError: the package is there, PortAudio is not
        hint = "Run: pip install 'wakegen[mic]' (on Debian also: apt install libportaudio2)."
        raise NotInstalled("The microphone needs the package sounddevice and PortAudio.", hint=hint) from error
    try:
        with sounddevice.RawInputStream(samplerate=RATE_HZ, channels=1, dtype="int16", blocksize=CHUNK) as source:
            while True:
                data, _ = source.read(CHUNK)
                yield np.frombuffer(bytes(data), np.int16)
    except sounddevice.PortAudioError as error:
        raise DeviceError(
            f"The microphone cannot be used: {error}.", hint="Check that one is connected and not in use."
        ) from error


def _to_samples(file: BinaryIO) -> None:
    """Read a WAV up to its first sample."""
    while True:
        head = file.read(8)
        if len(head) < 8:
            raise BadInput("The WAV on stdin has no samples.", hint="Send 16 kHz, mono, 16 bit.")
        name, size = head[:4], struct.unpack("<I", head[4:])[0]
        if name == b"data":
            return
        if size > 65_536:
            raise BadInput("The WAV on stdin has a damaged header.", hint="Send 16 kHz, mono, 16 bit.")
        body = file.read(size + size % 2)
        if name == b"fmt ":
            _check_format(body)


def _check_format(body: bytes) -> None:
    if len(body) < 16:
        raise BadInput("The WAV on stdin has a damaged header.", hint="Send 16 kHz, mono, 16 bit.")
    tag, channels, rate_hz, _, _, bits = struct.unpack("<HHIIHH", body[:16])
    if tag not in (PCM, EXTENSIBLE) or (channels, rate_hz, bits) != (1, RATE_HZ, 16):
        raise BadInput(
            f"The WAV on stdin has {channels} channels, {rate_hz} Hz, {bits} bit.",
            hint="Send 16 kHz, mono, 16 bit, or give the file with --wav, which takes any.",
        )
