"""An engine for tests: tones and noise bursts that depend on every field of the request, and two voices that misbehave.

Each character (or IPA symbol) is one vowel-like tone or one consonant-like burst, so that the same text from two
voices is alike in time and not in pitch.
"""

from __future__ import annotations

import unicodedata

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput, CannotSpeak, EngineError
from wakegen.core.names import did_you_mean
from wakegen.core.seeds import share, stream
from wakegen.engines.base import Speech, SpeechRequest, Voice
from wakegen.engines.table import check_request

RATE_HZ = 16000
_SOUND_S = 0.08  # of one character at rate 1
_PEAK = 0.4  # at volume 1, so that volume 2 does not clip
_FADE = 64  # samples at both ends of a sound, against clicks
_PITCH_HZ = {
    "ann": 210.0,
    "bea": 240.0,
    "cem": 110.0,
    "dov": 130.0,
    "eli": 95.0,
    "fay": 190.0,
    "mute": 150.0,
    "fails": 150.0,
}
_WOMEN = frozenset(("ann", "bea", "fay"))


class Fake:
    """The engine. The voice `fails` raises EngineError, `mute` gives silence; both are toys, chosen by name only."""

    version = "1"

    def __enter__(self) -> Fake:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def voices(self) -> tuple[Voice, ...]:
        """Six speakers that speak and two that do not."""
        return tuple(_voice(name) for name in _PITCH_HZ)

    def synthesize(self, request: SpeechRequest) -> Speech:
        """Beep. Raises BadInput, CannotSpeak (no letter and no digit) and, with the voice `fails`, EngineError."""
        check_request(request, "fake")
        if request.voice not in _PITCH_HZ:
            raise BadInput(f"fake has no voice '{request.voice}'.", hint=did_you_mean(request.voice, _PITCH_HZ))
        words = [word for word in map(_sounds, request.text.split()) if word]
        if not words:
            raise CannotSpeak(f"There is nothing to say in {request.text!r}.", hint="Write it in words.")
        if request.emphasis >= len(words):
            raise BadInput(
                f"Word {request.emphasis} of {len(words)} is to be stressed.", hint="Choose a smaller emphasis."
            )
        if request.voice == "fails":
            raise EngineError("The voice 'fails' failed, as it always does.", hint="Choose another --voice.")
        samples = _speak(words, request)
        return Speech(np.zeros_like(samples) if request.voice == "mute" else samples, RATE_HZ)


def _voice(name: str) -> Voice:
    gender = "female" if name in _WOMEN else "male"
    return Voice("fake", name, "en", name, gender, "Apache-2.0", "tone", toy=name in ("fails", "mute"))


def _sounds(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFC", word).lower() if unicodedata.category(c)[0] in "LN")


def _speak(words: list[str], request: SpeechRequest) -> NDArray[np.float32]:
    rng = stream(request.seed, "fake", request.voice)
    pause = np.zeros(round((0.03 / request.rate + request.pause_s) * RATE_HZ), np.float32)
    pieces: list[NDArray[np.float32]] = [pause]
    for index, word in enumerate(words):
        stressed = index == request.emphasis
        for place, sound in enumerate(word):
            # The melody falls from +2 to −2 semitones over a word, times the pitch range.
            melody = request.pitch_range * (2 - 4 * place / max(1, len(word) - 1)) + (3 if stressed else 0)
            pieces.append(_sound(sound, request, melody=melody, louder=1.3 if stressed else 1.0, rng=rng))
        pieces.append(pause)
    return np.concatenate(pieces)


def _sound(
    sound: str, request: SpeechRequest, *, melody: float, louder: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    count = max(2 * _FADE, round(_SOUND_S / request.rate * RATE_HZ))
    noise = rng.standard_normal(count)
    pitch_hz = _PITCH_HZ[request.voice] * 2 ** ((request.pitch_semitones + melody) / 12)
    phase = 2 * np.pi * pitch_hz * np.arange(count) / RATE_HZ
    # Which harmonics sound depends on the character alone: that is what tells the words apart.
    weights = [share(0, "fake", sound, harmonic) for harmonic in range(1, 9)]
    tone = sum(weight * np.sin(h * phase) for h, weight in enumerate(weights, start=1)) / sum(weights)
    voiced = 0.95 if sound in "aeiouyəɛɪʊɔɑæ" else 0.3 + 0.5 * weights[0]
    shape = np.minimum(1.0, np.minimum(np.arange(1, count + 1), np.arange(count, 0, -1)) / _FADE)
    mixed = voiced * tone + (1 - voiced) * np.clip(noise / 3, -1, 1)
    return np.asarray(_PEAK * request.volume * louder * shape * mixed, np.float32).clip(-1, 1)
