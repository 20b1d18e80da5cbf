"""Figures as people read them."""

from __future__ import annotations

from typing import Any

DASH = "–"

_GROUPS = {
    "engine": "Engine",
    "voice": "Voice",
    "speaker": "Speaker",
    "gender": "Gender",
    "scene": "Scene",
    "f0_bin": "Pitch",
    "accent": "Accent",
    "language": "Language",
    "distance": "Distance",
    "snr": "Speech over noise",
    "age": "Age",
}


def percent(share: float | None, digits: int = 1) -> str:
    """0.9387 → "93.9 %"; whole numbers without decimals."""
    if share is None:
        return DASH
    value = 100 * share
    return f"{value:.0f} %" if value in (0, 100) or (digits and value == int(value)) else f"{value:.{digits}f} %"


def share_range(rate: dict[str, Any]) -> str:
    """The interval of a rate: "90.6–96.0 %"."""
    return f"{100 * rate['low']:.1f}–{100 * rate['high']:.1f} %" if rate["total"] else "no clips to tell from"


def count(rate: dict[str, Any]) -> str:
    """A rate as its counts: "291 of 310"."""
    return f"{rate['hits']:,} of {rate['total']:,}" if rate["total"] else "no clips"


def number(value: float | None) -> str:
    """Three significant figures, no exponent: 0.0123, 1.23, 123, 12,345."""
    if value is None:
        return DASH
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if value == int(value):
        return f"{value:.0f}"
    digits = 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:.{digits}f}"


def brief(value: float) -> str:
    """A number for an axis: 0.01, 0.5, 2, 100."""
    return f"{value:g}"


def ms(value: float | None) -> str:
    """Milliseconds with their unit."""
    return DASH if value is None else f"{number(value)} ms"


def size(value: int | None) -> str:
    """Bytes as kB or MB (powers of ten)."""
    if value is None:
        return DASH
    return f"{value / 1e6:.1f} MB" if value >= 1e6 else f"{value / 1e3:.0f} kB"


def group_title(key: str) -> str:
    """What a property of clips is called on a page."""
    return _GROUPS.get(key, key.replace("_", " ").capitalize())


def limit_value(name: str, value: float | None) -> str:
    """A limit's figure with its unit."""
    if value is None:
        return DASH
    return percent(value) if name.startswith("min_") else number(value)


def hours(value: float) -> str:
    """A length of audio: "6.2 h", "12.0 min"."""
    return f"{value:.1f} h" if value >= 0.95 else f"{60 * value:.1f} min"


def per_hour_note(accepts: dict[str, Any]) -> str:
    """What a count of events means per hour, without the count: "0.48 per hour (0.10–1.4)" or "at most 2.5 per hour"."""
    text: str = accepts["text"]
    return text.partition(", ")[2] or text


def excerpt_title(excerpt: dict[str, Any]) -> str:
    """What an excerpt is, in a line: the words that were said, else the corpus."""
    groups = excerpt["groups"]
    said = groups.get("text")
    if excerpt["what"] == "miss":
        return " · ".join(groups[key] for key in ("voice", "scene") if groups.get(key)) or excerpt["id"]
    kind = groups.get("kind", "")
    return f"“{said}”" if said else kind or excerpt["id"]


def excerpt_note(excerpt: dict[str, Any]) -> str:
    """Where an excerpt comes from and how high it scored."""
    groups = excerpt["groups"]
    told = (
        [groups[key] for key in ("engine", "gender", "f0_bin") if groups.get(key)]
        if excerpt["what"] == "miss"
        else [excerpt["what"]]
    )
    return ", ".join([*told, f"highest score {excerpt['peak']:.2f} of {excerpt['threshold']:.2f}", excerpt["id"]])
