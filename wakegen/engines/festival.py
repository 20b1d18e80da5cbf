"""festival, the program: diphone voices and one statistical one, fed through its stdin by one process an engine.

Its commands are Scheme. A text gets into them as a string of printable ASCII in which quotes and backslashes are
escaped, so it stays a string; a letter beyond ASCII would end festival. What it says is its own: each clip is a file
in the folder for temporary ones, where festival stands, so that its name alone gets into a command.

There is no control of pitch: `int_lr_params` moves kal and ked, and the statistical voice obeys nothing of the kind
(options -fm and -a of `hts_engine_params` change no byte).
"""

from __future__ import annotations

import re
import tempfile
import threading
import time
from functools import cached_property
from pathlib import Path

from wakegen.core.errors import EngineError, NotInstalled
from wakegen.engines.base import Speech, SpeechRequest, Voice
from wakegen.engines.child import Child, Lost
from wakegen.engines.clips import from_wav
from wakegen.engines.letters import find_voice, spell
from wakegen.engines.table import check_request

_PROGRAM = "festival"
_INSTALL = "apt install festival festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts"
_DONE = b"\nwakegen: done\n"
_SAID_MAX = 1 << 20  # bytes of answer to one command; the list of voices takes 50
# To start (0.3 s), to load a voice (0.3 s), to speak the longest text allowed (1 s): a slow, busy machine has time.
_DEADLINE_S = 30.0
# name, as festival has it: speaker, gender, licence, kind
_VOICES = {
    "cmu_us_slt_arctic_hts": ("cmu slt", "female", "CMU ARCTIC (MIT-like)", "parametric"),
    "kal_diphone": ("kal", "male", "MIT-like", "concatenative"),
    "ked_diphone": ("ked", "male", "MIT-like", "concatenative"),
}


class Festival:
    """The engine. Voices keep festival's names; those of other languages and of unknown licence are left out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: Child | None = None

    def __enter__(self) -> Festival:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            child, self._child = self._child, None
            if child is not None:
                child.close()

    @cached_property
    def version(self) -> str:
        """festival's version, "2.5.0"."""
        found = re.search(r"\d[\d.]*", self._say_once("(print festival_version)"))
        return found.group().rstrip(".") if found else "unknown"

    @cached_property
    def _voices(self) -> tuple[Voice, ...]:
        listed = re.findall(r"\w+", self._say_once("(print (voice.list))"))
        return tuple(
            Voice("festival", name, "en-us", speaker, gender, licence, kind)
            for name, (speaker, gender, licence, kind) in _VOICES.items()
            if name in listed
        )

    def voices(self) -> tuple[Voice, ...]:
        """Those of the three that are installed, by name."""
        return self._voices

    def synthesize(self, request: SpeechRequest) -> Speech:
        """Speak.

        Raises
        ------
        BadInput : an unknown voice, or a control out of range.
        CannotSpeak : festival does not read this text.
        EngineError : it crashed, took too long, or said no; the next request starts it anew where it is gone.
        """
        check_request(request, "festival")
        voice = find_voice(request.voice, self.voices(), "festival")
        text = spell(request.text, voice)
        with self._lock, tempfile.NamedTemporaryFile(prefix="wakegen-festival-", suffix=".wav") as file:
            try:
                said = self._say(_speak(text, voice.name, request.rate, Path(file.name).name))
            except Lost as lost:
                raise self._failed(request, str(lost)) from lost
            data = file.read()  # festival writes into the file that is there
        if not data:
            raise self._failed(request, said.strip().partition("\n")[0] or "it wrote nothing")
        return from_wav(data, request)

    def _say_once(self, command: str) -> str:
        with self._lock:
            try:
                return self._say(command)
            except Lost as lost:
                raise EngineError(f"festival failed on {command}: {lost}.", hint=_INSTALL) from lost

    def _say(self, command: str) -> str:
        """Run a command and give what festival says to it. Raises Lost."""
        child, self._child = self._child, None  # whatever goes wrong: the next command starts another
        if child is not None and not child.is_alive:
            child.kill()
            child = None
        child = child or _start()
        # Its answers wait in a buffer until `fflush` is called in the same form.
        line = f'{command}\n(begin (format t "\\nwakegen: done\\n") (fflush nil))\n'
        try:
            child.send(line.encode("ascii"))
            said = child.read_to(_DONE, until=time.monotonic() + _DEADLINE_S, limit=_SAID_MAX)
        except BaseException:
            child.kill()
            raise
        self._child = child
        return said.decode(errors="replace") or child.last_words()

    def _failed(self, request: SpeechRequest, reason: str) -> EngineError:
        return EngineError(
            f"festival failed on '{request.text}' with voice {request.voice}: {reason}.",
            hint="Try another voice or wording.",
        )


def _start() -> Child:
    try:
        return Child([_PROGRAM, "--pipe"], folder=Path(tempfile.gettempdir()))
    except FileNotFoundError as error:
        raise NotInstalled("The program festival is missing.", hint=_INSTALL) from error


def _speak(text: str, voice: str, rate: float, file: str) -> str:
    """Give the command that writes a clip.

    Selecting a voice sets all that the voice before it left behind. Its own stretch (1.1 for diphones) is kept, and
    the statistical voice, which ignores it, has its rate as an option: both hold within 7 % from 0.5 to 2.
    """
    slower = f"(Parameter.set 'Duration_Stretch (/ (Parameter.get 'Duration_Stretch) {rate:.6f}))"
    if voice.endswith("_hts"):
        slower = f'(set! hts_engine_params (append hts_engine_params (list (list "-r" {rate:.6f}))))'
    wave = f"(utt.save.wave (utt.synth (Utterance Text {_string(text)})) {_string(file)} 'riff)"
    return f"(begin (voice_{voice}) {slower} {wave})"


def _string(text: str) -> str:
    """Write printable ASCII as a Scheme string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    assert escaped.isascii()
    assert escaped.isprintable()
    return f'"{escaped}"'
