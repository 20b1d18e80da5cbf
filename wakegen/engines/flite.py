"""flite, the program: five English voices. One process a clip, so a clip is a function of its request alone.

Rate is `duration_stretch`, which every voice obeys. There is no control of pitch: kal, kal16, awb and slt obey
`int_f0_target_mean`, but rms gives the same bytes whatever it is told.
"""

from __future__ import annotations

import re
import subprocess
from functools import cached_property

from wakegen.core.errors import EngineError, NotInstalled
from wakegen.engines.base import Speech, SpeechRequest, Voice
from wakegen.engines.clips import from_wav
from wakegen.engines.letters import find_voice, spell
from wakegen.engines.table import check_request

_PROGRAM = "flite"
_LICENCE = "MIT-like"  # of flite and of its voices, as /usr/share/doc/flite/copyright has them
_DEADLINE_S = 30.0  # the longest text allowed takes 2 s
# name: speaker, gender, kind. `awb_time` tells the time and nothing else, so it is not here.
_VOICES = {
    "awb": ("cmu awb", "male", "parametric"),
    "kal": ("kal", "male", "concatenative"),
    "kal16": ("kal", "male", "concatenative"),
    "rms": ("cmu rms", "male", "parametric"),
    "slt": ("cmu slt", "female", "parametric"),
}


class Flite:
    """The engine. Voices keep flite's names."""

    def __enter__(self) -> Flite:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    @cached_property
    def version(self) -> str:
        """flite's version, "2.2"."""
        found = re.search(r"flite-(\d[\w.]*)", _run("--version").decode(errors="replace"))
        return found.group(1) if found else "unknown"

    @cached_property
    def _voices(self) -> tuple[Voice, ...]:
        listed = _run("-lv").decode(errors="replace").split()
        return tuple(
            Voice("flite", name, "en-us", speaker, gender, _LICENCE, kind)
            for name, (speaker, gender, kind) in _VOICES.items()
            if name in listed
        )

    def voices(self) -> tuple[Voice, ...]:
        """Those of the five that this flite was built with, by name."""
        return self._voices

    def synthesize(self, request: SpeechRequest) -> Speech:
        """Speak.

        Raises
        ------
        BadInput : an unknown voice (flite itself would speak with kal), or a control out of range.
        CannotSpeak : flite does not read this text.
        EngineError : it crashed or took too long.
        """
        check_request(request, "flite")
        voice = find_voice(request.voice, self.voices(), "flite")
        text = spell(request.text, voice)
        # A path, not "-": flite would write a file of that name.
        command = ("-voice", voice.name, "--setf", f"duration_stretch={1 / request.rate:.6f}", "-t", text)
        try:
            data = _run(*command, "-o", "/dev/stdout")
        except EngineError as error:
            raise EngineError(f"{error} Voice {voice.name}, text '{request.text}'.", hint=error.hint) from error
        return from_wav(data, request)


def _run(*arguments: str) -> bytes:
    try:
        done = subprocess.run(
            [_PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=_DEADLINE_S, check=False
        )
    except FileNotFoundError as error:
        raise NotInstalled("The program flite is missing.", hint="apt install flite") from error
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"flite took longer than {_DEADLINE_S:g} s.", hint="Try another wording.") from error
    # Asked for its version it ends with 1, so only a crash (a negative number) tells something.
    if done.returncode < 0:
        raise EngineError(f"flite crashed (signal {-done.returncode}).", hint="Try another voice or wording.")
    return done.stdout
