"""`Espeak`: speech and phonemes from the embedded espeak-ng."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput, CannotSpeak, EngineError
from wakegen.core.names import did_you_mean
from wakegen.espeak import catalogue, mnemonics, phonemes, server
from wakegen.espeak.catalogue import Language, Variant
from wakegen.espeak.link import Link, data_folder

# Flags and parameters of speak_lib.h.
_UTF8, _SSML, _PHONEMES = 1, 0x10, 0x100
_RATE, _VOLUME, _PITCH, _RANGE, _WORD_GAP = 1, 2, 3, 4, 7
_CHUNK = 200  # texts a child phonemizes at once
RATES_WPM = (80, 450)


class Espeak:
    """The embedded espeak-ng. Its process starts at the first use and ends with `close` or the `with` block.

    Every answer is a pure function of the request: the same whatever was asked before, and in every process.
    """

    def __init__(self) -> None:
        self._link = Link()
        self._languages: tuple[Language, ...] = ()
        self._found: dict[str, Language] = {}  # by any name that was asked for
        self._variants: tuple[Variant, ...] = ()
        self._alphabets: dict[str, mnemonics.Alphabet] = {}

    def __enter__(self) -> Espeak:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process; the next request would start another."""
        self._link.close()

    @property
    def version(self) -> str:
        """espeak-ng's own version, "1.52.0"."""
        return str(self._link.greeting["version"])

    @property
    def rate_hz(self) -> int:
        """The sample rate of `speak`, 22050."""
        return int(self._link.greeting["rate_hz"])

    def voices(self) -> tuple[Language, ...]:
        """All languages that come with a dictionary, sorted by name. (Three of 1.52.0 do not, and read nothing.)"""
        if not self._languages:
            listed = catalogue.languages(self._link.greeting)
            self._languages = tuple(language for language in listed if _dictionary(language).exists())
        return self._languages

    def variants(self) -> tuple[Variant, ...]:
        """All variants, sorted by name."""
        if not self._variants:
            folder = data_folder() / "voices" / "!v"
            files = {path.name: path.read_text(encoding="utf-8", errors="replace") for path in folder.iterdir()}
            self._variants = catalogue.variants(self._link.greeting, files)
        return self._variants

    def language(self, name: str) -> Language:
        """Find a language by name or BCP 47 tag. Raises BadInput with the nearest name."""
        if name not in self._found:
            self._found[name] = catalogue.find_language(name, self.voices())
        return self._found[name]

    def variant(self, name: str) -> Variant:
        """Find a variant by its name, in any case. Raises BadInput with the nearest name."""
        for variant in self.variants():
            if variant.name.lower() == name.lower():
                return variant
        names = [variant.name for variant in self.variants()]
        raise BadInput(f"espeak-ng has no variant '{name}'.", hint=did_you_mean(name, names))

    def speak(
        self,
        text: str,
        *,
        language: str,
        variant: str = "",
        rate_wpm: int = 175,
        pitch: int = 50,
        pitch_range: int = 50,
        volume: int = 100,
        word_gap: int = 0,
        mnemonic: bool = False,
        ssml: bool = False,
        seed: int = 0,
        deadline_s: float = 10.0,
    ) -> NDArray[np.int16]:
        """Speak, with espeak-ng's own parameters.

        Parameters
        ----------
        variant : "" for the language's own voice
        rate_wpm : words per minute, 80 … 450
        pitch, pitch_range : 0 … 99, 50 is the voice's own
        volume : 0 … 200, 100 is the usual
        word_gap : extra pause between words, in about 20 ms at 175 words per minute
        mnemonic : [[…]] in the text is phoneme mnemonics, as `from_ipa` gives them
        ssml : the text is SSML; the caller has escaped what is not markup
        seed : of the noise in breathy voices
        deadline_s : for the synthesis; 10 s are two hundred times what a sentence takes

        Returns
        -------
        int16, shape (n,), at `rate_hz`.

        Raises
        ------
        BadInput : an unknown language or variant, or a parameter out of range.
        EngineError : espeak-ng crashed or took too long on this text.
        """
        wanted = self.language(language)
        voice = wanted.identifier + (f"+{self.variant(variant).name}" if variant else "")
        limits = (
            (_RATE, rate_wpm, RATES_WPM),
            (_PITCH, pitch, (0, 99)),
            (_RANGE, pitch_range, (0, 99)),
            (_VOLUME, volume, (0, 200)),
            (_WORD_GAP, word_gap, (0, 500)),
        )
        for _, value, (low, high) in limits:
            if not low <= value <= high:
                raise BadInput(f"espeak-ng cannot speak with a value of {value}.", hint=f"Stay within {low} … {high}.")
        request = {
            "op": "speak",
            "language": wanted.identifier,
            "voice": voice,
            "text": text,
            "flags": _UTF8 | (_SSML if ssml else 0) | (_PHONEMES if mnemonic else 0),
            "parameters": [(parameter, value) for parameter, value, _ in limits],
            "seed": seed,
            "deadline_s": deadline_s,
        }
        kind, answer = self._link.ask(request)
        if kind == server.ERROR:
            raise _failed(text, voice, answer.decode())
        return np.frombuffer(answer, np.int16)

    def phonemes(self, texts: Sequence[str], language: str) -> list[tuple[tuple[str, ...], ...]]:
        """Give, for each text, its words, each as IPA phonemes; a stressed vowel begins with ˈ or ˌ.

        Words are espeak-ng's: it joins some ("of the") and splits others.

        Raises
        ------
        BadInput : an unknown language.
        CannotSpeak : a text has nothing to say, or is in a script that the language does not read.
        EngineError : espeak-ng crashed on a text.
        """
        wanted = self.language(language)
        cleaned = [catalogue.readable(text) for text in texts]
        for text in cleaned:
            catalogue.check_script(text, wanted)
        tonal = bool(mnemonics.tones(mnemonics.table(wanted, data_folder())))
        modes = [phonemes.IPA_MODE, phonemes.MNEMONIC_MODE]
        printed = self._phonemize(cleaned, wanted, modes)
        return [self._words(text, wanted, heard, tonal=tonal) for text, heard in zip(cleaned, printed, strict=True)]

    def _words(
        self, text: str, language: Language, heard: list[list[str]], *, tonal: bool
    ) -> tuple[tuple[str, ...], ...]:
        spelled_out = phonemes.switches(heard[0]) and not language.scripts & {"LATIN"}
        words = () if spelled_out else phonemes.words(heard[0], heard[1], tonal=tonal)
        if not words:
            raise CannotSpeak(
                f"{language.title} ({language.name}) has no reading for '{text}'.",
                hint="Give the sounds as IPA between slashes: /heɪ kɑtjə/, or choose another --language.",
            )
        return words

    def inventory(self, language: str) -> tuple[str, ...]:
        """Give the IPA phonemes that a language defines, sorted. Raises BadInput for an unknown language."""
        return tuple(self._alphabet(language).mnemonics)

    def split_ipa(self, text: str, language: str) -> tuple[tuple[str, ...], ...]:
        """Split IPA text into words of phonemes, with the language's own diphthongs and affricates kept whole.

        Raises
        ------
        CannotSpeak : a character is not IPA, or there is no sound at all.
        """
        known = self.inventory(language)
        words = tuple(filter(None, (mnemonics.split_ipa(word, known) for word in text.strip().strip("/").split())))
        if not words:
            raise CannotSpeak(f"There is nothing to say in {text!r}: no IPA sound.", hint="Write IPA: /heɪ kɑtjə/.")
        return words

    def from_ipa(self, words: Sequence[Sequence[str]], language: str, *, nearest: bool = False) -> str:
        """Give words of IPA phonemes as [[mnemonics]] of a language, for `speak(…, mnemonic=True)`.

        With `nearest`, a sound that the language lacks becomes its nearest one: the accent of a foreign speaker.

        Raises
        ------
        CannotSpeak : the language lacks a sound and `nearest` is false, or none is near.
        """
        return f"[[{' '.join(mnemonics.spell(words, self._alphabet(language), nearest=nearest))}]]"

    def _alphabet(self, language: str) -> mnemonics.Alphabet:
        wanted = self.language(language)
        if wanted.name not in self._alphabets:
            known = mnemonics.table(wanted, data_folder())
            asked = mnemonics.probes(known)
            modes = [phonemes.IPA_MODE, phonemes.MNEMONIC_MODE]
            heard = self._phonemize([text for _, _, text in asked], wanted, modes, raw=True)
            pairs = [(" ".join(ipa), " ".join(spelled)) for ipa, spelled in heard]
            self._alphabets[wanted.name] = mnemonics.alphabet(wanted.name, asked, pairs, mnemonics.tones(known))
        return self._alphabets[wanted.name]

    def _phonemize(
        self, texts: list[str], language: Language, modes: list[int], *, raw: bool = False
    ) -> list[list[list[str]]]:
        """Give each text's clauses in each mode. A chunk that crashes is asked again, text by text.

        Raw text is wakegen's own probes: one that crashes (kl's [['O|t|a]] does) merely tells nothing.
        """
        out: list[list[list[str]]] = []
        for start in range(0, len(texts), _CHUNK):
            chunk = texts[start : start + _CHUNK]
            try:
                out += self._ask_phonemes(chunk, language, modes, raw=raw)
            except EngineError:
                out += [self._ask_alone(text, language, modes, raw=raw) for text in chunk]
        return out

    def _ask_alone(self, text: str, language: Language, modes: list[int], *, raw: bool) -> list[list[str]]:
        try:
            return self._ask_phonemes([text], language, modes, raw=raw)[0]
        except EngineError:
            if raw:
                return [[] for _ in modes]
            raise

    def _ask_phonemes(
        self, texts: list[str], language: Language, modes: list[int], *, raw: bool
    ) -> list[list[list[str]]]:
        request = {
            "op": "phonemes",
            "language": language.identifier,
            "voice": language.identifier,
            "texts": texts,
            "modes": modes,
            "raw": raw,
            "deadline_s": 10.0,  # a chunk takes 50 ms
        }
        kind, answer = self._link.ask(request)
        if kind == server.ERROR:
            raise _failed(texts[0] if len(texts) == 1 else f"{len(texts)} texts", language.identifier, answer.decode())
        heard: list[list[list[str]]] = json.loads(answer)
        return heard


def _dictionary(language: Language) -> Path:
    """Give the file of a language's dictionary: the one that its voice file states, or else its own."""
    text = (data_folder() / "lang" / language.identifier).read_text(encoding="utf-8", errors="replace")
    stated = re.search(r"^\s*dictionary\s+(\S+)", text, re.MULTILINE)
    name = stated.group(1) if stated else language.tag.split("-")[0]
    return data_folder() / f"{name}_dict"


def _failed(text: str, voice: str, reason: str) -> EngineError:
    return EngineError(
        f"espeak-ng failed on '{text}' with voice {voice}: {reason}.", hint="Try another voice or wording."
    )
