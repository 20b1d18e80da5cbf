"""Kokoro: one neural model, and a file for each style of voice; mixtures of two styles are further voices."""

from __future__ import annotations

import logging
import re
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput, CannotSpeak, EngineError, NotInstalled
from wakegen.core.names import did_you_mean
from wakegen.core.paths import voices_folder
from wakegen.engines import kokoro_styles as styles
from wakegen.engines.base import Speech, SpeechRequest, Voice
from wakegen.engines.symbols import as_espeak_writes, check_length, check_letters, count_sounds, fitted
from wakegen.engines.table import check_request, row
from wakegen.engines.vits import check_whole, open_session
from wakegen.espeak.catalogue import readable

if TYPE_CHECKING:
    from kokoro_onnx import Kokoro as Library

MODEL = "kokoro-v1.0.int8.onnx"
_TEXT_MAX = 1000  # characters: a minute of speech; what is longer is no phrase
_FLAG = re.compile(r"\([a-z-]+\)")  # "(en)": espeak-ng found a word of another language
# Brackets and quotes are symbols of the model, and what stands in brackets would pass for a flag.
_BRACKETS = str.maketrans(dict.fromkeys("()[]{}", " "))


class Kokoro:
    """The engine. Voices are the styles ("af_bella"), and mixtures of two ("af_bella+am_adam:0.35").

    The number is the second style's weight, 0.05 … 0.95. `synthesize` mixes any two styles by name; `voices` lists
    sixty mixtures within a language, always the same, and a project is spoken by those. A mixture shares its timbre
    with both its parts, so its speaker is named after both ("af_bella+am_adam"): where speakers are held out it
    belongs in training alone, and only if both parts do. A clip depends on text, voice and rate: the model draws
    nothing.
    """

    def __init__(self) -> None:
        self.version = version("kokoro-onnx")
        self._folder = voices_folder() / "kokoro"
        self._styles, self._bad = styles.find(self._folder / "styles")
        self._reason = _unusable(self._folder / MODEL)
        self._library: Library | None = None
        self._symbols: frozenset[str] = frozenset()
        self._voices: tuple[Voice, ...] = ()

    def __enter__(self) -> Kokoro:
        return self

    def __exit__(self, *_: object) -> None:
        self._library = None

    @property
    def problems(self) -> tuple[str, ...]:
        """Why the model or styles in the folder cannot be used: "NAME: reason"."""
        bad = dict(self._bad)
        if self._reason and (self._styles or (self._folder / MODEL).exists()):
            bad[MODEL] = self._reason
        return tuple(f"{name}: {reason}" for name, reason in sorted(bad.items()))

    def voices(self) -> tuple[Voice, ...]:
        """All styles by name, then sixty mixtures; none without the model."""
        if self._reason:
            return ()
        if not self._voices:
            self._voices = styles.voices(self._styles)
        return self._voices

    def synthesize(self, request: SpeechRequest) -> Speech:
        """Speak.

        Raises
        ------
        BadInput : an unknown voice, one whose file cannot be used, or a control out of range.
        CannotSpeak : the voice has no way to say this text.
        EngineError : the model failed.
        NotInstalled : the model or all styles are missing.
        """
        check_request(request, "kokoro")
        style, language = self._find(request.voice)
        library = self._load()
        symbols = self._read(request, language)
        phonemes = " ".join("".join(symbols).split())
        try:
            samples, rate_hz = library.create(phonemes, style, speed=request.rate, is_phonemes=True, trim=False)
        except Exception as error:  # the library's and onnxruntime's own kinds share no other base
            raise EngineError(f"Kokoro failed on '{request.text}': {error}", hint="Leave this text out.") from error
        if not np.isfinite(samples).all():
            raise EngineError(f"The voice {request.voice} gave NaN or Inf.", hint="Leave this voice out.")
        check_length(
            samples.size / rate_hz,
            sounds=count_sounds(symbols),
            rate=request.rate,
            text=request.text,
            voice=request.voice,
        )
        return Speech((samples / max(1.0, float(np.abs(samples).max()))).astype(np.float32), rate_hz)

    def _find(self, voice: str) -> tuple[NDArray[np.float32], str]:
        """Give a voice's style, float32 (510, 1, 256), and its language."""
        if not self._styles:
            raise NotInstalled(f"Kokoro has no voice '{voice}': it has none at all.", hint=row("kokoro").install)
        first, second, weight = styles.parts(voice)
        for name in (first, second):
            if name in self._bad:
                raise BadInput(
                    f"The Kokoro style '{name}' cannot be used: {self._bad[name]}.",
                    hint=f"Get it anew with `wakegen voices pull {name}`.",
                )
            if name not in self._styles:
                raise BadInput(f"kokoro has no voice '{name}'.", hint=did_you_mean(name, self._styles))
        mixed = styles.mixed(self._styles[first], self._styles[second], weight)
        return mixed, styles.language(first)

    def _load(self) -> Library:
        if self._reason:
            raise NotInstalled(f"Kokoro's model cannot be used: {self._reason}.", hint=row("kokoro").install)
        if self._library is None:
            try:
                self._library = _library(self._folder / MODEL)
            except BadInput as error:
                self._reason = str(error).rstrip(".")
                raise
            self._symbols = frozenset(self._library.tokenizer.vocab)
        return self._library

    def _read(self, request: SpeechRequest, language: str) -> list[str]:
        """Give the symbols of a text, all of which the model has. Raises CannotSpeak."""
        text = readable(request.text)
        if len(text) > _TEXT_MAX:
            raise CannotSpeak(f"The text has {len(text)} characters.", hint=f"Keep it within {_TEXT_MAX}.")
        sounds = as_espeak_writes(text) if request.ipa else _phonemes(text.translate(_BRACKETS), language)
        symbols = fitted(normalize("NFC", sounds), self._symbols)
        if not count_sounds(symbols):
            raise CannotSpeak(f"There is nothing to say in {request.text!r}.", hint="Write it in words.")
        return symbols


def _phonemes(text: str, language: str) -> str:
    """Read a text as the library does, by espeak-ng, but lose nothing. Raises CannotSpeak."""
    reader = styles.READERS[language]
    if not reader:
        raise CannotSpeak(
            f"Kokoro's voices for '{language}' read no text here, only IPA.",
            hint="Give the sounds as IPA between slashes: /heɪ kɑtjə/, or choose a voice of another language.",
        )
    check_letters(text, language=reader)
    import phonemizer

    quiet = logging.getLogger("wakegen.phonemizer")
    quiet.disabled = True  # it counts the words of other languages, which is no news
    read = phonemizer.phonemize(text, reader, preserve_punctuation=True, with_stress=True, logger=quiet)
    return _FLAG.sub("", read)


def _unusable(model: Path) -> str:
    """Say why the model cannot be used, "" if it may be."""
    if not model.is_file():
        return f"{model.name} is missing"
    return check_whole(model)


def _library(model: Path) -> Library:
    from kokoro_onnx import Kokoro as Library

    session = open_session(model)
    kinds = {entry.name: entry.type for entry in session.get_inputs()}
    if kinds.get("speed") != "tensor(float)" or "style" not in kinds or not kinds.keys() & {"tokens", "input_ids"}:
        raise BadInput(
            f"{model.name} is another kind of model.", hint="`wakegen voices pull kokoro` brings the right one."
        )
    with tempfile.TemporaryDirectory() as folder:
        # The library insists on a file of styles; it may be empty, since each request brings its own.
        empty = Path(folder) / "styles.npz"
        np.savez(empty)
        made: Library = Library.from_session(session, str(empty))
        return made
