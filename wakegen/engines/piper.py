"""Piper: neural voices from files, one or many speakers in each."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput, CannotSpeak, EngineError, NotInstalled
from wakegen.core.names import did_you_mean
from wakegen.core.paths import voices_folder
from wakegen.core.seeds import stream
from wakegen.engines.base import Speech, SpeechRequest, Voice
from wakegen.engines.piper_files import PiperFile, find
from wakegen.engines.symbols import as_espeak_writes, check_length, check_letters, count_sounds, fitted
from wakegen.engines.table import check_request, row
from wakegen.engines.vits import VitsModel
from wakegen.espeak.catalogue import readable

if TYPE_CHECKING:
    from piper import PiperVoice

_LOADED_MAX = 4  # voices kept in memory: about 120 MB each
_TEXT_MAX = 1000  # characters: a minute of speech; what is longer is no phrase
# Between which the noise is drawn for each clip: of the sound, and of how long each sound lasts (the voices' own are
# 0.667 and 0.8). No two people say a phrase alike, and neither do two clips of one voice.
_NOISE = (0.3, 1.0)
_NOISE_OF_LENGTHS = (0.3, 1.2)


class _Loaded(NamedTuple):
    model: VitsModel
    voice: PiperVoice


class Piper:
    """The engine. Voices are named after their file ("en_US-joe-medium"), with #SPEAKER where it holds several.

    Voices are all pairs NAME.onnx, NAME.onnx.json in the folder `piper` of the voices that were pulled; files of one's
    own may be put there, too: their licence is "unknown", and they speak without being asked for by name.
    A clip depends on its request alone: the seed decides the noise, and between 0.3 and 1.0 (of the sound) and 0.3 and
    1.2 (of the lengths of its parts) how much of it there is.
    """

    def __init__(self) -> None:
        self.version = version("piper-tts")
        files, self._bad = find(voices_folder() / "piper")
        self._files = {file.name: file for file in files}
        self._loaded: dict[str, _Loaded] = {}  # the one used last comes last

    def __enter__(self) -> Piper:
        return self

    def __exit__(self, *_: object) -> None:
        self._loaded.clear()

    @property
    def problems(self) -> tuple[str, ...]:
        """Why voices that are in the folder cannot be used: "NAME: reason"."""
        return tuple(f"{name}: {reason}" for name, reason in sorted(self._bad.items()))

    def voices(self) -> tuple[Voice, ...]:
        """All voices that can be used, by file and by number of the speaker."""
        return tuple(voice for file in self._files.values() for voice in file.voices())

    def synthesize(self, request: SpeechRequest) -> Speech:
        """Speak.

        Raises
        ------
        BadInput : an unknown voice, one whose files cannot be used, or a control out of range.
        CannotSpeak : the voice has no way to say this text.
        EngineError : the model failed.
        NotInstalled : there are no voices at all.
        """
        check_request(request, "piper")
        file, speaker = self._find(request.voice)
        loaded = self._load(file)
        sentences = _sentences(request, file, loaded.voice)
        samples = np.concatenate(_spoken(sentences, request, loaded, speaker))
        rate_hz = loaded.voice.config.sample_rate
        check_length(
            samples.size / rate_hz,
            sounds=sum(map(count_sounds, sentences)),
            rate=request.rate,
            text=request.text,
            voice=request.voice,
        )
        return Speech(samples / max(1.0, float(np.abs(samples).max())), rate_hz)

    def _find(self, voice: str) -> tuple[PiperFile, int]:
        name, _, speaker = voice.partition("#")
        file = self._files.get(name)
        if file is not None and speaker in file.speakers and voice == (f"{name}#{speaker}" if speaker else name):
            return file, file.speakers[speaker]
        if name in self._bad:
            raise BadInput(
                f"The Piper voice '{name}' cannot be used. {self._bad[name]}",
                hint=f"Get it anew with `wakegen voices pull {name}`, or take its files away.",
            )
        if not self._files:
            raise NotInstalled(f"Piper has no voice '{voice}': it has none at all.", hint=row("piper").install)
        near = self._files if file is None else [one.name for one in file.voices()]
        raise BadInput(f"piper has no voice '{voice}'.", hint=did_you_mean(voice, near))

    def _load(self, file: PiperFile) -> _Loaded:
        from piper import PiperVoice
        from piper.config import PiperConfig

        loaded = self._loaded.pop(file.name, None)
        if loaded is None:
            while len(self._loaded) >= _LOADED_MAX:
                del self._loaded[next(iter(self._loaded))]
            try:
                model = VitsModel(file.path)
            except BadInput as error:
                self._bad[file.name] = str(error)
                del self._files[file.name]
                raise
            loaded = _Loaded(model, PiperVoice(session=model.session, config=PiperConfig.from_dict(file.config)))
        self._loaded[file.name] = loaded
        return loaded


def _sentences(request: SpeechRequest, file: PiperFile, voice: PiperVoice) -> list[list[str]]:
    """Give the symbols of each sentence, all of which the voice has. Raises CannotSpeak."""
    text = readable(request.text)
    if len(text) > _TEXT_MAX:
        raise CannotSpeak(f"The text has {len(text)} characters.", hint=f"Keep it within {_TEXT_MAX}.")
    if file.reads_letters:
        sentences = [_letters(text, request, file, voice)]
    elif request.ipa:
        sentences = [fitted(normalize("NFD", as_espeak_writes(text)), file.symbols)]
    else:
        sentences = [fitted(one, file.symbols) for one in _phonemes(text, file, voice)]
    if not any(map(count_sounds, sentences)):
        raise CannotSpeak(f"There is nothing to say in {request.text!r}.", hint="Write it in words.")
    return [one for one in sentences if one]


def _letters(text: str, request: SpeechRequest, file: PiperFile, voice: PiperVoice) -> list[str]:
    if request.ipa:
        raise CannotSpeak(
            f"The voice {file.name} reads letters and no IPA.",
            hint="Give the phrase in letters, or choose another voice.",
        )
    symbols = [symbol if symbol in file.symbols else symbol.lower() for symbol in voice.phonemize(text)[0]]
    for symbol in symbols:
        if symbol not in file.symbols and count_sounds(symbol):
            raise CannotSpeak(f"The voice {file.name} does not know '{symbol}'.", hint="Choose another --voice.")
    return [symbol for symbol in symbols if symbol in file.symbols]


def _phonemes(text: str, file: PiperFile, voice: PiperVoice) -> list[list[str]]:
    check_letters(text, language=file.config["espeak"]["voice"])
    try:
        # The library reads what is in [[…]] as phonemes.
        return voice.phonemize(text.replace("[", " ").replace("]", " "))
    except RuntimeError as error:
        raise EngineError(
            f"The voice {file.name} cannot read texts: {error}.", hint="Give the sounds as IPA between slashes."
        ) from error


def _spoken(
    sentences: list[list[str]], request: SpeechRequest, loaded: _Loaded, speaker: int
) -> list[NDArray[np.float32]]:
    noise, noise_of_lengths = (
        float(stream(request.seed, "piper", name).uniform(*reach))
        for name, reach in (("noise", _NOISE), ("lengths", _NOISE_OF_LENGTHS))
    )
    return [
        loaded.model.speak(
            loaded.voice.phonemes_to_ids(sentence),
            scales=(noise, loaded.voice.config.length_scale / request.rate, noise_of_lengths),
            speaker=speaker,
            rng=stream(request.seed, "piper", "sentence", index),
        )
        for index, sentence in enumerate(sentences)
    ]
