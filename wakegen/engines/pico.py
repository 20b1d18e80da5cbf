"""SVOX Pico through py-nanotts: six languages, one woman's voice each.

The library reads memory that it never wrote: without help, the same request gives other bytes the second time. Its row
sets MALLOC_PERTURB_=255 for the process that it runs in, with which glibc zero-fills what malloc gives (mallopt(3),
M_PERTURB: each byte is the complement of the value). Then 300 random requests over all voices were bit-equal in any
order and between processes, at 6 % more time. A C library other than glibc ignores the variable.
"""

from __future__ import annotations

from importlib.metadata import version

from wakegen.core.errors import CannotSpeak, EngineError
from wakegen.engines.base import Speech, SpeechRequest, Voice
from wakegen.engines.clips import from_int16
from wakegen.engines.letters import find_voice, spell
from wakegen.engines.table import check_request

RATE_HZ = 16000
_LICENCE = "Apache-2.0"
_LANGUAGES = ("en-US", "en-GB", "de-DE", "es-ES", "fr-FR", "it-IT")  # as the library spells them
# At the library's own volume a sentence is cut off at full scale in some hundred samples; at half of it in none.
_VOLUME = 0.5
_VOICES = tuple(
    Voice("pico", name, name, f"pico {name}", "female", _LICENCE, "parametric")
    for name in (language.lower() for language in _LANGUAGES)
)


class Pico:
    """The engine. Its voices are named by their language: "en-us"."""

    def __init__(self) -> None:
        from py_nanotts import NanoTTS

        self._library = NanoTTS()
        self.version = version("py-nanotts")

    def __enter__(self) -> Pico:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def voices(self) -> tuple[Voice, ...]:
        """All six."""
        return _VOICES

    def synthesize(self, request: SpeechRequest) -> Speech:
        """Speak.

        Speed and pitch are factors that the library keeps to: of 0.4 … 2.5, within 7 % of the length; of ±8
        semitones, within 0.3. (Three voices, one sentence, pitch by autocorrelation.)

        Raises
        ------
        BadInput : an unknown voice, or a control out of range.
        CannotSpeak : the voice does not read this text.
        EngineError : the library failed on it.
        """
        check_request(request, "pico")
        voice = find_voice(request.voice, _VOICES, "pico")
        text = spell(request.text, voice)
        if "<" in text:  # "< speed …" is markup too, and there is no way to write it that is not
            raise CannotSpeak(f"Pico takes the '<' in '{request.text}' for markup.", hint="Write it in words.")
        try:
            data = self._library.speak(
                text,
                voice=_LANGUAGES[_VOICES.index(voice)],
                speed=request.rate,
                pitch=2 ** (request.pitch_semitones / 12),
                volume=_VOLUME * request.volume,
            )
        except (RuntimeError, ValueError, MemoryError) as error:
            raise EngineError(
                f"Pico failed on '{request.text}' with voice {voice.name}: {error}.",
                hint="Try another voice or wording.",
            ) from error
        return from_int16(data, RATE_HZ, request)
