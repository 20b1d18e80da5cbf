"""One sentence in one voice, to hear what it is like."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput
from wakegen.core.files import write_bytes
from wakegen.core.names import did_you_mean
from wakegen.engines import table
from wakegen.engines.base import Engine, SpeechRequest, Voice
from wakegen.voices.offer import offers

# What a voice says when it is not told: by language, so that it sounds as it should.
_SAYS = {
    "de": "Hey Katja, wie spät ist es?",
    "en": "Hey Katya, what time is it?",
    "es": "Oye Katia, ¿qué hora es?",
    "fr": "Dis Katia, quelle heure est-il ?",
    "it": "Ehi Katia, che ore sono?",
    "nl": "Hé Katja, hoe laat is het?",
    "pl": "Hej Katia, która godzina?",
    "pt": "Ei Kátia, que horas são?",
    "ru": "Эй, Катя, который час?",
    "tr": "Hey Katya, saat kaç?",
    "uk": "Гей, Катю, котра година?",
}
_IPA = "heɪ ˈkɑtjə"  # for any other language, where the engine reads IPA
_PLAIN = "Hey Katya"


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What a voice said."""

    engine: str
    voice: str
    text: str
    rate_hz: int
    samples: NDArray[np.float32] = field(repr=False)  # mono, shape (n,), −1 … 1

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.samples.size / self.rate_hz

    def save(self, path: Path) -> None:
        """Write it as a 16-bit WAV file. Raises StorageError."""
        write_bytes(path, wav_bytes(self.samples, self.rate_hz))

    def to_json(self) -> dict[str, Any]:
        """Give all but the sound as JSON knows it."""
        said = {"engine": self.engine, "voice": self.voice, "text": self.text, "rate_hz": self.rate_hz}
        return said | {"seconds": round(self.seconds, 3)}


def speak_sample(voice: str, *, text: str | None = None, engine: str | None = None) -> Sample:
    """Speak a sentence with a voice, named as NAME (then every engine that can be used is searched) or ENGINE:NAME.

    `text` between slashes is IPA; without a text, the voice asks for the time in its own language.

    Raises
    ------
    BadInput : no such voice or engine; the hint names the nearest, or the command that pulls it.
    NotInstalled : the engine lacks a package, program or voice file.
    EngineError : it could not say this.
    """
    prefix, colon, rest = voice.partition(":")
    if engine is None and colon and prefix in table.names(hidden=True):
        engine, voice = prefix, rest
    for name in (engine,) if engine is not None else table.discover_available_engines():
        with table.load(name) as loaded:
            found = next((one for one in loaded.voices() if one.name == voice), None)
            # An engine that was named may have voices beyond its list (mixtures): it says itself what it has not.
            if found is not None or engine is not None:
                return _said(loaded, name, voice, found, text)
    raise BadInput(f"No engine here has a voice '{voice}'.", hint=_near(voice))


def _said(engine: Engine, name: str, voice: str, found: Voice | None, text: str | None) -> Sample:
    text, ipa = _text(text, found.language if found else "en", reads_ipa="ipa" in table.row(name).controls)
    speech = engine.synthesize(SpeechRequest(text, voice, ipa=ipa))
    return Sample(name, voice, f"/{text}/" if ipa else text, speech.rate_hz, speech.samples)


def _text(text: str | None, language: str, *, reads_ipa: bool) -> tuple[str, bool]:
    """Give what to say, and whether it is IPA."""
    if text is not None:
        inner = text.strip()
        ipa = len(inner) > 2 and inner[0] == inner[-1] == "/"
        return (inner[1:-1], True) if ipa else (text, False)
    known = _SAYS.get(language.split("-")[0])
    if known is not None:
        return known, False
    return (_IPA, True) if reads_ipa else (_PLAIN, False)


def _near(voice: str) -> str:
    for offer in offers():
        if voice == offer.name:
            return f"It can be pulled: {offer.pull}"
    names = {offer.name for offer in offers()}
    for name in table.discover_available_engines():
        with table.load(name) as engine:
            names |= {one.name for one in engine.voices()}
    return f"{did_you_mean(voice, names)} `wakegen voices list` shows all."


def wav_bytes(samples: NDArray[np.float32], rate_hz: int) -> bytes:
    """Pack mono float32, shape (n,), −1 … 1, as a 16-bit WAV file. What is louder is clipped."""
    packed = io.BytesIO()
    with wave.open(packed, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((np.clip(samples, -1, 1) * 32767).round().astype("<i2").tobytes())
    return packed.getvalue()
