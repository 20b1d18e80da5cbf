"""Kokoro's styles: NAME.bin, float32 of 510 × 256, one row for each number of symbols in a sentence."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import BadInput
from wakegen.core.seeds import share
from wakegen.engines.base import Voice
from wakegen.voices.catalogue import Facts, facts

_SHAPE = (510, 1, 256)
# By the first letter of a style's name, the language in BCP 47; by language, the espeak-ng voice that reads it as the
# model learned it. espeak-ng reads neither Chinese tones nor kanji into Kokoro's symbols, so those read IPA alone.
_LANGUAGES = {
    "a": "en-us", "b": "en-gb", "e": "es", "f": "fr", "h": "hi", "i": "it", "j": "ja", "p": "pt-br", "z": "cmn",
}  # fmt: skip
READERS = {
    "en-us": "en-us", "en-gb": "en-gb", "es": "es", "fr": "fr-fr", "hi": "hi", "it": "it", "pt-br": "pt-br",
    "ja": "", "cmn": "",
}  # fmt: skip
_NAME = re.compile(rf"[{''.join(_LANGUAGES)}][a-z]_\w+")
_GENDERS = {"f": "female", "m": "male"}
_WEIGHTS = (0.05, 0.95)  # what a mixture may be of its second part
# Of 269 pairs within a language 60 are listed: those whose own number is below this share, whichever styles are there.
_LISTED = 0.249


def find(folder: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """Give the styles in a folder, by name, and why others cannot be used (name: reason)."""
    good, bad = {}, {}
    for path in sorted(folder.glob("*.bin")):
        reason = _wrong(path)
        if reason:
            bad[path.stem] = reason
        else:
            good[path.stem] = path
    return good, bad


def _wrong(path: Path) -> str:
    if not _NAME.fullmatch(path.stem):
        return f"its name does not start with a language ({', '.join(_LANGUAGES)}) and a gender (f, m), as af_bella's"
    size, right = path.stat().st_size, 4 * int(np.prod(_SHAPE))
    return "" if size == right else f"it has {size} bytes and should have {right}"


def voices(known: dict[str, Path]) -> tuple[Voice, ...]:
    """Give the voices: styles by name, then listed mixtures by name."""
    pure = {name: _pure(name) for name in sorted(known)}
    pairs = [pair for pair in combinations(pure, 2) if _is_listed(pure[pair[0]], pure[pair[1]])]
    return (*pure.values(), *(_mixture(pure[first], pure[second]) for first, second in pairs))


def _is_listed(first: Voice, second: Voice) -> bool:
    unfit = first.speaker == second.speaker or first.language != second.language
    return not unfit and share(0, "kokoro", first.name, second.name) < _LISTED


def parts(voice: str) -> tuple[str, str, float]:
    """Give the two styles of a voice's name and the second's weight; a style alone is itself twice.

    Raises
    ------
    BadInput : a mixture whose weight is missing, no number, or outside 0.05 … 0.95, or of a style with itself.
    """
    first, plus, rest = voice.partition("+")
    if not plus:
        return voice, voice, 0.0
    second, _, weight = rest.partition(":")
    if re.fullmatch(r"0?\.\d{1,4}", weight) and _WEIGHTS[0] <= float(weight) <= _WEIGHTS[1] and first != second:
        return first, second, float(weight)
    raise BadInput(
        f"'{voice}' is no mixture of two Kokoro styles.",
        hint=f"Write STYLE+STYLE:WEIGHT, the second's weight within {_WEIGHTS[0]} … {_WEIGHTS[1]}: af_bella+am_adam:0.35.",
    )


def mixed(first: Path, second: Path, weight: float) -> NDArray[np.float32]:
    """Read a style, or two, and mix them.

    Returns
    -------
    float32, shape (510, 1, 256)

    Raises
    ------
    BadInput : a file cannot be read, or holds something else than finite numbers.
    """
    style = _read(first)
    if not weight:
        return style
    return np.float32(1 - weight) * style + np.float32(weight) * _read(second)


def language(style: str) -> str:
    """Give the language of a style, BCP 47."""
    return _LANGUAGES[style[0]]


def _read(path: Path) -> NDArray[np.float32]:
    try:
        style = np.fromfile(path, "<f4").reshape(_SHAPE)
    except (OSError, ValueError) as error:
        raise BadInput(f"The Kokoro style {path} cannot be read: {error}.", hint=_anew(path)) from error
    if not np.isfinite(style).all():
        raise BadInput(f"The Kokoro style {path} holds NaN or Inf.", hint=_anew(path))
    return style


def _anew(path: Path) -> str:
    return f"Get it anew with `wakegen voices pull {path.stem}`."


def _pure(name: str) -> Voice:
    known = facts("kokoro", name) or Facts("unknown", _GENDERS.get(name[1], "unknown"), language(name), name, True)
    return Voice(
        "kokoro",
        name,
        language(name),
        known.speaker,
        known.gender,
        known.licence,
        "neural",
        commercial=known.commercial,
    )


def _mixture(first: Voice, second: Voice) -> Voice:
    weight = 0.25 + 0.05 * int(11 * share(0, "kokoro weight", first.name, second.name))  # 0.25 … 0.75
    licences = dict.fromkeys((first.licence, second.licence))
    return Voice(
        engine="kokoro",
        name=f"{first.name}+{second.name}:{weight:.2f}",
        language=first.language,
        speaker=f"{first.speaker}+{second.speaker}",
        gender=first.gender if first.gender == second.gender else "unknown",
        licence=" and ".join(licences),
        kind="neural",
        commercial=first.commercial and second.commercial,
    )
