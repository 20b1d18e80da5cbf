"""espeak-ng as an engine: 138 languages × 105 voices, every control, and IPA."""

from __future__ import annotations

import math
from xml.sax.saxutils import escape

import numpy as np

from wakegen.core.errors import BadInput, CannotSpeak
from wakegen.core.names import did_you_mean
from wakegen.engines.base import Speech, SpeechRequest, Voice
from wakegen.engines.table import check_request
from wakegen.espeak import Espeak as Library
from wakegen.espeak import ipa
from wakegen.espeak.catalogue import Language, Variant, check_script, readable

LICENCE = "GPL-3.0-or-later"
_RATE_WPM = 175  # espeak-ng's own default
_BASE_SHARE = 0.69  # of the mean pitch, see `pitch_value`
_TEXT_MAX = 1000  # characters: a minute of speech; what is longer is no phrase
_FULL_SCALE = np.float32(1 / 32768)
_PLAIN = Variant("", "male", "formant", False)  # the language's own voice: espeak-ng's base voice, a man's
# The shortest clip that can hold a word: "a" at 450 words a minute takes 0.09 s.
_SHORTEST_S = 0.03


class Espeak:
    """The engine. Voices are named LANGUAGE+VARIANT ("en-us+f3"), or LANGUAGE alone for its own voice."""

    def __init__(self) -> None:
        self._espeak = Library()
        self._voices: tuple[Voice, ...] = ()
        self._read: set[tuple[str, str]] = set()  # texts that a language was found to read

    def __enter__(self) -> Espeak:
        return self

    def __exit__(self, *_: object) -> None:
        self._espeak.close()

    @property
    def version(self) -> str:
        """espeak-ng's version."""
        return self._espeak.version

    def voices(self) -> tuple[Voice, ...]:
        """All 14,490 voices: by language, its own voice first, then the variants by name."""
        if not self._voices:
            variants = (_PLAIN, *self._espeak.variants())
            self._voices = tuple(
                _voice(language, variant) for language in self._espeak.voices() for variant in variants
            )
        return self._voices

    def synthesize(self, request: SpeechRequest) -> Speech:
        """Speak.

        Raises
        ------
        BadInput : an unknown voice, or a control out of range.
        CannotSpeak : the voice's language does not read this text, or nothing is left to hear.
        EngineError : espeak-ng crashed on it.
        """
        check_request(request, "espeak")
        language, variant = self._find(request.voice)
        text, ssml = self._ipa(request, language) if request.ipa else self._text(request, language)
        samples = self._espeak.speak(
            text,
            language=language.name,
            variant=variant.name,
            rate_wpm=round(_RATE_WPM * request.rate),
            pitch=pitch_value(request.pitch_semitones),
            pitch_range=min(99, round(50 * request.pitch_range)),
            volume=round(100 * request.volume),
            mnemonic=request.ipa,
            ssml=ssml,
            seed=request.seed,
        )
        if samples.size < _SHORTEST_S * self._espeak.rate_hz or not samples.any():
            raise CannotSpeak(
                f"The voice {request.voice} says nothing for '{request.text}'.",
                hint="Give the sounds as IPA between slashes: /heɪ kɑtjə/, or choose another --language.",
            )
        return Speech(samples.astype(np.float32) * _FULL_SCALE, self._espeak.rate_hz)

    def _find(self, voice: str) -> tuple[Language, Variant]:
        name, plus, variant = voice.partition("+")
        try:
            language = self._espeak.language(name)
            return language, self._espeak.variant(variant) if plus else _PLAIN
        except BadInput as error:
            raise BadInput(
                f"espeak has no voice '{voice}'.", hint=did_you_mean(voice, self._near(name, error))
            ) from error

    def _near(self, name: str, error: BadInput) -> list[str]:
        """Voices to compare a wrong name with: those of its language, or, where that is wrong, of all in plain."""
        try:
            language = self._espeak.language(name)
        except BadInput:
            return [known.name for known in self._espeak.voices()]
        return [f"{language.name}+{variant.name}" for variant in self._espeak.variants()]

    def _text(self, request: SpeechRequest, language: Language) -> tuple[str, bool]:
        """Give what the library is to read, and whether that is SSML."""
        text = readable(request.text)
        if len(text) > _TEXT_MAX:
            raise CannotSpeak(f"The text has {len(text)} characters.", hint=f"Keep it within {_TEXT_MAX}.")
        check_script(text, language)
        self._check_reading(text, language)
        words = [escape(word) for word in text.split()]
        _check_emphasis(request, len(words))
        return (_ssml(words, request), True) if _needs_ssml(request) else (text, False)

    def _check_reading(self, text: str, language: Language) -> None:
        """Find characters that espeak-ng spells by an English name, which happens outside the Latin script only."""
        if "LATIN" in language.scripts or (text, language.name) in self._read:
            return
        self._espeak.phonemes([text], language.name)
        self._read.add((text, language.name))

    def _ipa(self, request: SpeechRequest, language: Language) -> tuple[str, bool]:
        """IPA becomes mnemonics; a sound that the language lacks becomes its nearest: that is its accent."""
        words = [_stressed(word) for word in self._espeak.split_ipa(request.text, language.name)]
        _check_emphasis(request, len(words))
        if not _needs_ssml(request):
            return self._espeak.from_ipa(words, language.name, nearest=True), False
        # Inside [[…]] the library reads no entities, so nothing is escaped here.
        spelled = [self._espeak.from_ipa([word], language.name, nearest=True) for word in words]
        return _ssml(spelled, request), True


def pitch_value(semitones: float) -> int:
    """Give espeak-ng's pitch parameter, 0 … 99, for a shift in semitones.

    The parameter p multiplies the base of the voice's pitch by 2^((p − 50) / 50) (pitch_adjust_tab in
    espeak-ng 1.52, synthesize.c), but not the part that comes from its range. Measured by autocorrelation over
    nine voices and two languages, the base is 0.60 … 0.75 of the mean pitch, 0.69 in the middle (Annie and grandma
    0.42 and 0.54: they move less). So the reach is −7.3 … +8.9 semitones; a step of p is 0.17.
    """
    base = (2 ** (semitones / 12) - (1 - _BASE_SHARE)) / _BASE_SHARE
    return min(99, max(0, round(50 + 50 * math.log2(base))))


def _voice(language: Language, variant: Variant) -> Voice:
    name = f"{language.name}+{variant.name}" if variant.name else language.name
    speaker = variant.name or "default"
    return Voice("espeak", name, language.tag, speaker, variant.gender, LICENCE, variant.kind, variant.toy)


def _needs_ssml(request: SpeechRequest) -> bool:
    return request.emphasis >= 0 or request.pause_s > 0


def _ssml(words: list[str], request: SpeechRequest) -> str:
    """Put words together with breaks and emphasis. Tags stand between spaces: else [[…]] next to one is read out.

    A break adds its length, and up to 0.1 s where it parts a clause at a slow rate: measured at 175 words per minute,
    0.17 s for 0.1 and 0.37 s for 0.3.
    """
    marked = list(words)
    if request.emphasis >= 0:
        marked[request.emphasis] = f'<emphasis level="strong"> {words[request.emphasis]} </emphasis>'
    between = f' <break time="{round(1000 * request.pause_s)}ms"/> ' if request.pause_s else " "
    return between.join(marked)


def _check_emphasis(request: SpeechRequest, count: int) -> None:
    if request.emphasis >= count:
        raise BadInput(
            f"Word {request.emphasis} is to be stressed, but '{request.text}' has {count}.",
            hint=f"Choose an emphasis within 0 … {count - 1}, or −1 for none.",
        )


def _stressed(word: tuple[str, ...]) -> tuple[str, ...]:
    """Stress the first full vowel of a word that marks none: espeak-ng would mumble it like an article."""
    if any(phoneme[0] in ipa.STRESS for phoneme in word):
        return word
    vowels = [index for index, phoneme in enumerate(word) if ipa.is_vowel(phoneme)]
    full = [index for index in vowels if not word[index].startswith("ə")] or vowels
    return tuple("ˈ" + phoneme if full and index == full[0] else phoneme for index, phoneme in enumerate(word))
