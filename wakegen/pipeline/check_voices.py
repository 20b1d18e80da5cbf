"""One phrase spoken by every engine that can be used now, so that it can be heard before anything is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wakegen.core.errors import BadInput, WakegenError
from wakegen.core.files import write_bytes
from wakegen.engines import table
from wakegen.engines.base import Speech, SpeechRequest, Voice
from wakegen.pipeline.sample import wav_bytes
from wakegen.text.languages import find_language, native_voices
from wakegen.text.phonemes import ipa_of
from wakegen.text.phrase import Phrase


@dataclass(frozen=True, slots=True)
class Spoken:
    """What an engine makes of a phrase."""

    engine: str
    available: bool
    reads: str  # "IPA" or "letters": what it would be given
    voice: str  # who spoke; "" when nobody did
    file: Path | None  # the WAV, at the engine's own rate
    reason: str  # why there is no sound; "" when none was asked for


def speak_with_each(phrase: Phrase, out: Path | None) -> tuple[Spoken, ...]:
    """Let each engine say the phrase into a file of `out`; without it, say only which engines could.

    An engine that fails is named with its reason, and the others go on.

    Raises
    ------
    StorageError : `out` cannot be written.
    """
    return tuple(_spoken(row, phrase, out) for row in table.ENGINES if not row.hidden)


def _spoken(row: table.EngineRow, phrase: Phrase, out: Path | None) -> Spoken:
    reads = "IPA" if phrase.ipa and "ipa" in row.controls else "letters"
    status = table.status(row.name)
    if not status.available:
        return Spoken(row.name, False, reads, "", None, f"{status.reason}: {status.install}")
    if out is None:
        return Spoken(row.name, True, reads, "", None, "")
    try:
        voice, speech = _speak(row.name, phrase, reads)
    except WakegenError as error:
        return Spoken(row.name, True, reads, "", None, f"{error} {error.hint}".strip())
    path = out / f"{phrase.slug}-{row.name}.wav"
    write_bytes(path, wav_bytes(speech.samples, speech.rate_hz))
    return Spoken(row.name, True, reads, voice.name, path, "")


def _speak(engine: str, phrase: Phrase, reads: str) -> tuple[Voice, Speech]:
    if reads == "letters" and not phrase.words:
        raise BadInput(f"{engine} does not read IPA.", hint='Give the phrase in letters too: "katya /kˈatjə/".')
    text = ipa_of(phrase.phonemes) if reads == "IPA" else phrase.text
    with table.load(engine) as loaded:
        voice = _native(loaded.voices(), phrase.language)
        return voice, loaded.synthesize(SpeechRequest(text, voice.name, ipa=reads == "IPA"))


def _native(voices: Sequence[Voice], language: str) -> Voice:
    """Give the first voice of the language, of the variety asked for if there is one.

    Raises
    ------
    BadInput : none that is neither a toy nor for private use only.
    """
    usable = [(_tag(voice.language), voice) for voice in voices if not voice.toy and voice.commercial]
    for variety in native_voices(language):
        for tag, voice in usable:
            if tag == variety:
                return voice
    raise BadInput(f"It has no voice for the language '{language}'.", hint="")


def _tag(spoken: str) -> str:
    """Give an engine's tag as the table of languages writes it: "de_DE" is "de"."""
    for name in (spoken, spoken.replace("_", "-").split("-")[0]):
        try:
            return find_language(name).tag
        except BadInput:
            continue
    return ""
