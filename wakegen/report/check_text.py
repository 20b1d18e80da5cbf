"""What `wakegen check` found, as text. Takes the JSON document."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from wakegen.text.how_often import times

_NEAR_SHOWN = 6
_REASONS = {
    "short": "short",
    "long": "long",
    "said": "everyday words",
    "heard": "held by other words",
    "near": "near common speech",
    "rival": "shared with other devices",
    "repeats": "repeats itself",
    "soft": "soft sounds",
}
_RULE = "The risk is a rule of thumb from spelling, sounds and word lists; only a finished detector can be measured."


def text(document: dict[str, Any]) -> str:
    """Give the verdict with its reasons, then sounds and likenesses, then what to do."""
    parts = (_verdict, _commonness, _likeness, _readings, _engines, _advice)
    return "\n\n".join("\n".join(lines) for part in parts if (lines := list(part(document))))


def _verdict(document: dict[str, Any]) -> Iterator[str]:
    risk = document["risk"]
    length = f"{risk['phonemes']} phonemes, {risk['syllables']} syllable{'s' * (risk['syllables'] != 1)}"
    yield f"“{document['phrase']}” ({document['language']}): {risk['level']} risk"
    yield f"  /{document['ipa']}/  {length}"
    for reason in risk["reasons"]:
        yield f"  {reason['level'] + ':':8}{reason['text']}"
    if not risk["reasons"]:
        yield "  Nothing speaks against it."
    for note in risk["notes"]:
        yield f"  Note: {note}"
    yield f"  {_RULE}"


def _commonness(document: dict[str, Any]) -> Iterator[str]:
    risk = document["risk"]
    if not any(word["zipf"] for word in risk["words"]):
        return
    yield "How often it is said (an hour of speech is about 9,000 words):"
    for word in risk["words"]:
        listed = f"{times(word['per_hour'])} an hour (Zipf {word['zipf']:.1f})" if word["zipf"] else "in no word list"
        yield f"  {word['text']}: {listed}"
    if len(risk["words"]) > 1:
        yield f"  together: {times(risk['rate']['least'])} to {times(risk['rate']['most'])} an hour"


def _likeness(document: dict[str, Any]) -> Iterator[str]:
    near = document["risk"]["near"][:_NEAR_SHOWN]
    if near:
        yield "Nearest in common speech (1 step: one clearly different phoneme):"
    for one in near:
        yield f"  {one['text']}: {one['distance']:.1f} steps, {times(one['per_hour'])} an hour"


def _readings(document: dict[str, Any]) -> Iterator[str]:
    if not document["readings"]:
        return
    yield "How espeak-ng reads the letters:"
    for reading in document["readings"]:
        yield f"  /{reading['ipa']}/  {', '.join(reading['varieties'])}"
    for spelling in document["spellings"]:
        yield f"  /{spelling['ipa']}/  written “{spelling['text']}”"


def _engines(document: dict[str, Any]) -> Iterator[str]:
    engines = document["engines"]
    if any(engine["voice"] or engine["reason"] for engine in engines if engine["available"]):
        yield "Who says it:"
        for engine in engines:
            yield f"  {engine['engine']}: {_spoken(engine)}"
        return
    can = [engine["engine"] for engine in engines if engine["available"]]
    yield f"To hear it from {', '.join(can)}: add --play, or --out DIR."


def _spoken(engine: dict[str, Any]) -> str:
    if not engine["voice"]:
        return f"nothing: {engine['reason']}"
    said = f"voice {engine['voice']}, {engine['seconds']:.2f} s, from {engine['reads']}"
    return f"{said}, {engine['file']}" if engine["file"] else said


def _advice(document: dict[str, Any]) -> Iterator[str]:
    language = "" if document["language"] == "en-us" else f" --language {document['language']}"
    yield "If the sounds are wrong, correct them and give both:"
    yield f"  wakegen make {shlex.quote(document['paste'])}{language}"
    if document["offers"]:
        yield "Less risky:"
    for offer in document["offers"]:
        still = f" ({', '.join(_REASONS[name] for name in offer['reasons'])})" if offer["reasons"] else ""
        yield f"  {offer['text']}: {offer['level']} risk{still}"
    if document["risk"]["level"] != "low" and not document["offers"]:
        yield "No greeting before it helps: choose, or put behind it, a rare name of three syllables or more."
