"""MBROLA's voices: diphones cut from recordings of people, joined by an engine that takes part in nothing else here.

They speak through Debian's espeak-ng. Most may not be used commercially, so they are heard in benchmarks only.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import soundfile

from wakegen.engines.base import Speech, SpeechRequest

FOLDER = Path("/usr/share/mbrola")
VOICES = {
    "en": ("en1", "us1", "us2", "us3"),
    "de": ("de1", "de2", "de3", "de4", "de5", "de6", "de7"),
    "es": ("es1", "es2"),
    "fr-fr": ("fr1", "fr2", "fr3", "fr4"),
    "it": ("it3", "it4"),
    "nl": ("nl2",),
    "tr": ("tr1", "tr2"),
}
PACKAGES = tuple(f"mbrola-{name}" for names in VOICES.values() for name in names)
_WORDS_PER_MINUTE = 160  # at which they sound unhurried
_STEPS_PER_SEMITONE = 3  # of espeak-ng's pitch, about


def voices(language: str = "en") -> tuple[str, ...]:
    """Give the voices of a language that can speak now; () where there are none."""
    if shutil.which("espeak-ng") is None or shutil.which("mbrola") is None:
        return ()
    return tuple(f"mb-{name}" for name in VOICES.get(language, ()) if (FOLDER / name / name).is_file())


def speak(request: SpeechRequest) -> Speech:
    """Speak a text: rate and pitch are obeyed, the other controls are not there."""
    speed = round(_WORDS_PER_MINUTE * request.rate)
    pitch = min(99, max(0, round(50 + _STEPS_PER_SEMITONE * request.pitch_semitones)))
    command = ["espeak-ng", "-v", request.voice, "-s", str(speed), "-p", str(pitch), "--stdin", "--stdout"]
    sound = subprocess.run(command, input=request.text.encode(), capture_output=True, check=True, timeout=60).stdout
    samples, rate_hz = soundfile.read(io.BytesIO(sound), dtype="float32")
    return Speech(samples, rate_hz)
