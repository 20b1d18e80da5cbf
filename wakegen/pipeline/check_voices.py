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
    seconds: float
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
        return Spoken(row.name, False, reads, "", 0.0, None, f"{status.reason}: {status.install}")
    if out is None:
        return Spoken(row.name, True, reads, "", 0.0, None, "")
    try:
        voice, speech = _speak(row.name, phrase, reads)
    except WakegenError as error:
        return Spoken(row.name, True, reads, "", 0.0, None, f"{error} {error.hint}".strip())
    path = out / f"{phrase.slug}-{row.name}.wav"
    write_bytes(path, wav_bytes(speech.samples, speech.rate_hz))
    return Spoken(row.name, True, reads, voice.name, round(speech.samples.size / speech.rate_hz, 3), path, "")


def _speak(engine: str, phrase: Phrase, reads: str) -> tuple[Voice, Speech]:
    if reads == "letters" and not phrase.words:
        raise BadInput(f"{engine} does not read IPA.", hint='Give the phrase in letters too: "katya /kˈatjə/".')
    text = ipa_of(phrase.phonemes) if reads == "IPA" else phrase.text
    with table.load(engine) as loaded:
        voice = native_voice(loaded.voices(), phrase.language)
        return voice, loaded.synthesize(SpeechRequest(text, voice.name, ipa=reads == "IPA"))


def native_voice(voices: Sequence[Voice], language: str) -> Voice:
    """Give the first voice of the language, of the variety asked for if there is one.

    Raises
    ------
    BadInput : none that is neither a toy nor for private use only.
    """
    usable = [voice for voice in voices if not voice.toy and voice.commercial]
    for known_as in (_tag, _base_tag):
        spoken = [(known_as(voice.language), voice) for voice in usable]
        for variety in native_voices(language):
            for tag, voice in spoken:
                if tag == variety:
                    return voice
    raise BadInput(
        f"It has no voice for the language '{language}'.", hint="`wakegen voices list` shows what it speaks."
    )


def _tag(spoken: str) -> str:
    """Give an engine's tag as the table of languages writes it: "en_US" is "en-us"; "" if it is not in there."""
    try:
        return find_language(spoken).tag
    except BadInput:
        return ""


def _base_tag(spoken: str) -> str:
    """Give the language of a region that is not in the table: "de_AT" is "de". Four letters are a script, not a region."""
    base, *more = spoken.replace("_", "-").split("-")
    return "" if any(len(part) == 4 for part in more) else _tag(base)
