"""Turn what a file, a variable or an option says into the value of a key, or say why it cannot be."""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from wakegen.config.schema import Key
from wakegen.core.names import did_you_mean


class Wrong(Exception):
    """A value that a key cannot take: why, and what would be right. The caller knows where it stands."""

    def __init__(self, why: str, hint: str) -> None:
        super().__init__(why)
        self.hint = hint


def convert(key: Key, raw: Any, *, folder: Path | None = None) -> Any:
    """Give the checked value of `key`. Relative paths count from `folder` (None: from where the process stands).

    Raises
    ------
    Wrong : the type, the range or the name does not fit.
    """
    value = _convert(key, key.type, raw, folder)
    if key.name == "device" and ("/" in value or value.endswith((".yaml", ".yml"))):
        # A profile's file must be found again from wherever the project is worked on.
        value = str(_path(value, folder).absolute())
    rule = _RULES.get(key.name)
    if rule is not None:
        rule(value)
    return value


def from_text(key: Key, text: str) -> Any:
    """Give what the text of an environment variable or `--set` would be in YAML: lists are joined by commas."""
    if text.strip().lower() in ("null", "none") and _is_optional(key.type):
        return None
    if get_origin(key.type) is tuple:
        parts = [part.strip() for part in text.strip().strip("[]").split(",") if part.strip()]
        return [scalar(part) for part in parts] if float in get_args(key.type) else parts
    kind = _plain(key.type)
    return text if kind in (str, Path) else scalar(text)


def _convert(key: Key, kind: Any, raw: Any, folder: Path | None) -> Any:
    if _is_optional(kind):
        return None if raw is None else _convert(key, _plain(kind), raw, folder)
    if get_origin(kind) is tuple:
        return _tuple(key, kind, raw, folder)
    if kind is Path:
        return _path(raw, folder)
    value = _CONVERTERS[kind](raw)
    _in_range(key, value)
    if key.choices and value not in key.choices:
        raise Wrong(f"'{value}' is not one of {', '.join(key.choices)}", did_you_mean(str(value), key.choices))
    return value


def _tuple(key: Key, kind: Any, raw: Any, folder: Path | None) -> tuple[Any, ...]:
    inner = get_args(kind)
    open_ended = len(inner) == 2 and inner[1] is Ellipsis
    if open_ended and isinstance(raw, str | Path):
        raw = [raw]  # one name where a list may stand
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        raise Wrong(f"{_show(raw)} is not a list", "Write it as [a, b].")
    if open_ended:
        return tuple(_convert(key, inner[0], item, folder) for item in raw)
    if len(raw) != len(inner):
        raise Wrong(
            f"{_show(list(raw))} has {len(raw)} values, not {len(inner)}",
            f"Give {len(inner)} numbers: [a, b{', c' * (len(inner) - 2)}].",
        )
    values = tuple(_convert(key, one, item, folder) for one, item in zip(inner, raw, strict=True))
    if len(values) == 2 and values[0] > values[1]:
        raise Wrong(f"{_show(list(values))} starts above its end", "Write the lower value first.")
    return values


def _path(raw: Any, folder: Path | None) -> Path:
    if not isinstance(raw, str | Path) or not str(raw).strip():
        raise Wrong(f"{_show(raw)} is not a path", "Give the path of a folder.")
    if "\0" in str(raw):
        raise Wrong("the path holds a NUL character", "Give the path of a folder.")
    path = Path(raw).expanduser()
    return path if folder is None else folder / path


def _bool(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    raise Wrong(f"{_show(raw)} is neither true nor false", "Write true or false.")


def _int(raw: Any) -> int:
    if (
        isinstance(raw, bool)
        or not isinstance(raw, int | float)
        or raw != raw
        or abs(raw) == math.inf
        or raw != int(raw)
    ):
        raise Wrong(f"{_show(raw)} is not a whole number", "Write a whole number, without quotes.")
    return int(raw)


def _float(raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw):
        raise Wrong(f"{_show(raw)} is not a number", "Write a number, without quotes.")
    return float(raw)


def _str(raw: Any) -> str:
    if isinstance(raw, str):
        return str(raw)
    raise Wrong(f"{_show(raw)} is not text", "Put it in quotes.")


_CONVERTERS: dict[Any, Callable[[Any], Any]] = {bool: _bool, int: _int, float: _float, str: _str}


def _in_range(key: Key, value: Any) -> None:
    if isinstance(value, bool | str):
        return
    if (key.low is not None and value < key.low) or (key.high is not None and value > key.high):
        bounds = f"{_number(key.low)} to {_number(key.high)}"
        raise Wrong(f"{_number(value)} is out of range", f"Use a value from {bounds}.")


def _phrases(words: tuple[str, ...]) -> None:
    seen: set[str] = set()
    for word in words:
        folded = " ".join(word.casefold().split())
        if not folded:
            raise Wrong("the phrase is empty", 'Give the words to listen for, like "hey katya".')
        if any(not (char.isprintable() or char.isspace()) for char in word):
            raise Wrong(f"{word!r} holds characters that cannot be spoken", "Write the phrase as plain text.")
        if len(word) > 120:
            raise Wrong(
                f"a phrase of {len(word)} characters is too long", "Use two to four words, 120 characters at most."
            )
        if folded in seen:
            raise Wrong(f"'{word}' stands there twice", "Name each phrase once.")
        seen.add(folded)


def _shares(ratio: tuple[float, float, float]) -> None:
    if abs(sum(ratio) - 1.0) > 0.001 or min(ratio) <= 0:
        raise Wrong(f"{_show(list(ratio))} are not three shares that add up to 1", "For example [0.8, 0.1, 0.1].")


def _engine(name: str) -> None:
    if not name.strip():
        raise Wrong("the name of the engine is empty", "`wakegen engines` lists them.")


_RULES: dict[str, Callable[[Any], None]] = {
    "generation.wake_words": _phrases,
    "export.split_ratio": _shares,
    "type": _engine,
}


def scalar(text: str) -> Any:
    """Read a word of the command line or the environment as YAML would: a truth value, a number, or the text itself."""
    lowered = text.strip().lower()
    if lowered in ("true", "false"):
        return lowered == "true"
    for kind in (int, float):
        try:
            return kind(lowered)
        except ValueError:
            continue
    return text


def _is_optional(kind: Any) -> bool:
    return isinstance(kind, types.UnionType) and type(None) in get_args(kind)


def _plain(kind: Any) -> Any:
    """Give X for `X | None`."""
    return next(one for one in get_args(kind) if one is not type(None)) if _is_optional(kind) else kind


def _number(value: float | None) -> str:
    return "any" if value is None else f"{value:,.10g}".replace(",", " ") if abs(value) >= 10_000 else f"{value:g}"


def _show(raw: Any) -> str:
    if raw is None:
        return "an empty value"
    if isinstance(raw, dict):
        return "a group of keys"
    text = repr(raw)
    return text if len(text) <= 60 else text[:57] + "…'"
