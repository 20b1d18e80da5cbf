"""From what a program or library gives to `Speech`, with a look at whether anything can be heard."""

from __future__ import annotations

import io
import wave

import numpy as np

from wakegen.core.errors import CannotSpeak, EngineError
from wakegen.engines.base import Speech, SpeechRequest

_FULL_SCALE = np.float32(1 / 32768)
_FLOOR = 0.003  # −50 dBFS: what is quieter is silence
# The fastest voice here takes 0.03 s for a letter at its own rate; a third of that is no word but what was left of one.
_LETTER_S = 0.01


def from_int16(data: bytes, rate_hz: int, request: SpeechRequest) -> Speech:
    """Give int16 samples (mono, of this machine's byte order) as speech.

    Raises
    ------
    CannotSpeak : they are silent, or too short for the letters of the request.
    """
    samples = np.frombuffer(data, np.int16).astype(np.float32)
    samples *= _FULL_SCALE
    loud = np.flatnonzero((samples > _FLOOR) | (samples < -_FLOOR))
    heard_s = (loud[-1] - loud[0]) / rate_hz if loud.size else 0.0
    letters = sum(character.isalnum() for character in request.text)
    if heard_s < _LETTER_S * letters / request.rate:
        raise CannotSpeak(
            f"The voice {request.voice} gives {heard_s:.2f} s of sound for '{request.text}'.",
            hint="Spell it as the voice's language would, or choose another --voice.",
        )
    return Speech(samples, rate_hz)


def from_wav(data: bytes, request: SpeechRequest) -> Speech:
    """Read the bytes of a WAV file (mono, 16 bit).

    Raises
    ------
    EngineError : they are no such file.
    CannotSpeak : as `from_int16`.
    """
    try:
        with wave.open(io.BytesIO(data)) as file:
            form = (file.getnchannels(), file.getsampwidth())
            rate_hz, samples = file.getframerate(), file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise EngineError(
            f"The voice {request.voice} gave no WAV file for '{request.text}': {error or 'it ends too soon'}.",
            hint="Try another voice or wording.",
        ) from error
    if form != (1, 2) or rate_hz <= 0:
        raise EngineError(
            f"The voice {request.voice} gave a WAV file of {form[0]} channels and {8 * form[1]} bits.",
            hint="Choose another --voice.",
        )
    return from_int16(samples, rate_hz, request)
