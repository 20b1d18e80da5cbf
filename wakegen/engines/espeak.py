"""espeak-ng as an engine: 141 languages × 105 voices, every control, and IPA."""

from __future__ import annotations

from xml.sax.saxutils import escape

import numpy as np

from wakegen.core.errors import BadInput, CannotSpeak
from wakegen.core.names import did_you_mean
from wakegen.engines.base import Speech, SpeechRequest, Voice, check_request
from wakegen.espeak import client, ipa
from wakegen.espeak.catalogue import Language, Variant, check_script, readable

CONTROLS = frozenset(("rate", "pitch_semitones", "pitch_range", "volume", "emphasis", "pause_s", "ipa", "seed"))
LICENCE = "GPL-3.0-or-later"
_RATE_WPM = 175  # espeak-ng's own default
_TEXT_MAX = 1000  # characters: a minute of speech; what is longer is no phrase
_FULL_SCALE = np.float32(1 / 32768)
_PLAIN = Variant("", "male", "formant", False)  # the language's own voice: espeak-ng's base voice, a man's
# The shortest clip that can hold a word: "a" at 450 words a minute takes 0.09 s.
_SHORTEST_S = 0.03


class Espeak:
    """The engine. Voices are named LANGUAGE+VARIANT ("en-us+f3"), or LANGUAGE alone for its own voice."""

    def __init__(self) -> None:
        self._espeak = client.Espeak()
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
        """All 14,805 voices: by language, its own voice first, then the variants by name."""
        if not self._voices:
            variants = (_PLAIN, *self._espeak.variants())
            self._voices = tuple(_voice(language, variant) for language in self._espeak.voices() for variant in variants)
        return self._voices

    def synthesize(self, request: SpeechRequest) -> Speech:
        """Speak.

        Raises
        ------
        BadInput : an unknown voice, or a control out of range.
        CannotSpeak : the voice's language does not read this text, or nothing is left to hear.
        EngineError : espeak-ng crashed on it.
        """
        check_request(request, engine="espeak", controls=CONTROLS)
        language, variant = self._find(request.voice)
        text, ssml = self._ipa(request, language) if request.ipa else self._text(request, language)
        samples = self._espeak.speak(
            text,
            language=language.name,
            variant=variant.name,
            rate_wpm=_rate_wpm(request.rate),
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
            raise BadInput(f"espeak has no voice '{voice}'.", hint=did_you_mean(voice, self._near(name, error))) from error

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
        if request.emphasis < 0 and not request.pause_s:
            return text, False
        if request.emphasis >= 0:
            words[request.emphasis] = f'<emphasis level="strong">{words[request.emphasis]}</emphasis>'
        return _break(request.pause_s).join(words), True

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
        between = _break(request.pause_s)
        text = self._espeak.from_ipa(
            words, language.name, nearest=True, emphasis=request.emphasis, pause_ssml=between
        )
        return text, between != " "


def pitch_value(semitones: float) -> int:
    """Give espeak-ng's pitch parameter for a shift in semitones, −12 … +12.

    Its table (setlengths.c and voices.c, pitch_adjust_tab) is 64·2^(p/50) over 128: 50 is the voice's own, 0 an octave
    below; 99, the most it takes, is 11.8 semitones above. Steps are a quarter of a semitone. Measured on en-us:
    67, 82, 103, 131, 171 Hz at 0, 25, 50, 75, 99.
    """
    return min(99, max(0, round(50 + 50 * semitones / 12)))


def _rate_wpm(rate: float) -> int:
    low, high = client.RATES_WPM
    wpm = round(_RATE_WPM * rate)
    if not low <= wpm <= high:
        raise BadInput(
            f"espeak cannot speak at {rate:g} times its rate ({wpm} words per minute).",
            hint=f"Choose a rate within {low / _RATE_WPM:.2f} … {high / _RATE_WPM:.2f}.",
        )
    return wpm


def _voice(language: Language, variant: Variant) -> Voice:
    name = f"{language.name}+{variant.name}" if variant.name else language.name
    speaker = variant.name or "default"
    return Voice("espeak", name, language.tag, speaker, variant.gender, LICENCE, variant.kind, variant.toy)


def _break(pause_s: float) -> str:
    return f' <break time="{round(1000 * pause_s)}ms"/> ' if pause_s else " "


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
