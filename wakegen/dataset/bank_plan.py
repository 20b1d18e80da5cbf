"""What the negative bank holds: who reads which text. A pure function of language, hours and voices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wakegen.core.seeds import derive, stream
from wakegen.dataset.bank_build import Reading
from wakegen.engines import table
from wakegen.engines.base import SpeechRequest, Voice
from wakegen.text.sentences import draw_sentences, short_utterances

SEED = 1
COPIES = 2  # scenes for each reading: new text is worth more than a third scene, and costs more
_ENGINE_CPU_S = 250.0  # that one engine may take; what it does not say the others say
_SENTENCES = 0.75  # of the seconds; the rest are words
_SENTENCE_S, _WORD_S = 5.0, 1.7  # of a bank's rows that one reading gives, about
_RATE, _PITCH = (0.72, 1.37), (-4.0, 4.0)


@dataclass(frozen=True, slots=True)
class Readers:
    """One engine, and its voices that speak the language."""

    engine: str
    version: str
    voices: tuple[Voice, ...]


def plan(language: str, hours: float, readers: Sequence[Readers]) -> tuple[Reading, ...]:
    """Give all readings, engine by engine and voice by voice; a pure function of its arguments."""
    seconds = _divided(hours * 3600 / COPIES, readers)
    counts = {
        engine: (round(_SENTENCES * s / _SENTENCE_S), round((1 - _SENTENCES) * s / _WORD_S))
        for engine, s in seconds.items()
    }
    sentences = iter(
        draw_sentences(language, stream(SEED, "bank", "sentences"), sum(c[0] for c in counts.values()), "train")
    )
    words = iter(short_utterances(language, stream(SEED, "bank", "words"), sum(c[1] for c in counts.values()), "train"))
    found = []
    for one in readers:
        many_sentences, many_words = counts[one.engine]
        texts = [next(sentences) for _ in range(many_sentences)] + [next(words) for _ in range(many_words)]
        found += [_reading(one, text, i) for i, text in enumerate(texts)]
    return tuple(sorted(found, key=lambda reading: (reading.engine, reading.request.voice)))


def _divided(seconds: float, readers: Sequence[Readers]) -> dict[str, float]:
    """Share the seconds evenly, but let no engine take more CPU time than it may while another can read instead."""
    most = {one.engine: _ENGINE_CPU_S / table.row(one.engine).cpu_per_s for one in readers}
    given: dict[str, float] = {}
    for at, engine in enumerate(sorted(most, key=lambda name: most[name])):
        rest = (seconds - sum(given.values())) / (len(most) - at)
        given[engine] = rest if at == len(most) - 1 else min(rest, most[engine])
    return given


def _reading(reader: Readers, text: str, index: int) -> Reading:
    rng = stream(SEED, "bank", reader.engine, index)
    languages = sorted({voice.language for voice in reader.voices})
    language = languages[int(rng.integers(len(languages)))]
    same = [voice for voice in reader.voices if voice.language == language]
    voice = same[int(rng.integers(len(same)))]
    drawn = {"rate": float(np.exp(rng.uniform(*np.log(_RATE)))), "pitch_semitones": float(rng.uniform(*_PITCH))}
    controls = table.row(reader.engine).controls
    used: dict[str, Any] = {}
    for control, value in drawn.items():
        if control in controls:
            low, high = table.reach(reader.engine, control)
            used[control] = round(min(max(value, low), high), 3)
    request = SpeechRequest(text, voice.name, seed=derive(SEED, "bank", reader.engine, index), **used)
    return Reading(reader.engine, voice.speaker, request)
