"""Nearest right names, for errors that can be acted on, and names that are safe as file names."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], *, count: int = 1) -> list[str]:
    """Give the `count` known names that look most like `name` (none if nothing looks alike)."""
    choices = list(known)
    lowered = {choice.lower(): choice for choice in choices}
    hits = difflib.get_close_matches(name.lower(), list(lowered), n=count, cutoff=0.5)
    return [lowered[hit] for hit in hits]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Give "Did you mean 'x'?" or, when nothing is near, "Known: a, b, c." (twelve at most)."""
    choices = sorted(known)
    hits = nearest(name, choices)
    if hits:
        return f"Did you mean '{hits[0]}'?"
    shown = ", ".join(choices[:12])
    return f"Known: {shown}{', …' if len(choices) > 12 else ''}."


def slug(text: str) -> str:
    """Turn a phrase into a file name: letters and digits of any script, joined by underscores."""
    folded = unicodedata.normalize("NFKC", text).lower().strip()
    return re.sub(r"[^\w]+", "_", folded).strip("_") or "wake_word"
