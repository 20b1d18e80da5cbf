"""How a recipe fares on phrases it was not made for: twenty of one to five syllables, in several languages.

Each detector is made by the command, at the effort of `quick`: English has the negative bank that comes with wakegen,
the other languages have none. The speakers are MBROLA's, who take part in nothing else: they say the phrase, in rooms and
noise of the test split, and read half an hour of sentences without it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import mbrola, recall
from benchmarks.exported import Exported
from benchmarks.judging import Effort, made_detector, say
from benchmarks.longform import longform
from benchmarks.recall import Heard
from wakegen import profiles
from wakegen.core.executor import Serial, executor
from wakegen.core.seeds import stream
from wakegen.dataset.speak import clean
from wakegen.engines.base import SpeechRequest
from wakegen.features.embed import Embedder
from wakegen.metrics.events import events, joined
from wakegen.metrics.intervals import per_hour, wilson
from wakegen.pipeline.simulate import scene_bank
from wakegen.scenes import Bank, draw, render
from wakegen.scenes.scene import EVERYDAY

F32 = np.float32
_DEVICE = "rpi4"
_SEED = 1


@dataclass(frozen=True, slots=True)
class Tried:
    """One phrase, in its language."""

    phrase: str
    language: str
    syllables: int


PHRASES = (
    Tried("max", "en", 1),
    Tried("spark", "en", 1),
    Tried("marvin", "en", 2),
    Tried("atlas", "en", 2),
    Tried("hey robin", "en", 3),
    Tried("computer", "en", 3),
    Tried("jupiter", "en", 3),
    Tried("okay garden", "en", 4),
    Tried("open sesame", "en", 4),
    Tried("good morning house", "en", 4),
    Tried("alexandria", "en", 5),
    Tried("hello butterfly", "en", 5),
    Tried("hallo küche", "de", 4),
    Tried("sonnenschein", "de", 3),
    Tried("hola casa", "es", 4),
    Tried("oye luna", "es", 4),
    Tried("bonjour maison", "fr-fr", 4),
    Tried("ciao marco", "it", 3),
    Tried("hallo huis", "nl", 3),
    Tried("merhaba ev", "tr", 4),
)


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Clips of a phrase to be said and heard."""

    phrase: str
    voices: tuple[str, ...]
    scenes: str  # folder of the rooms and noises
    indices: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """How much is tried, and where it is kept."""

    effort: Effort
    work: Path
    projects: Path  # the folder of the detectors
    clips: int  # of each phrase
    hours: float  # of sentences without it
    jobs: int


def run(phrases: Sequence[Tried], trial: Trial) -> dict[str, Any]:
    """Make and judge a detector for each phrase; give their rows and the worst recall."""
    rows: dict[str, Any] = {}
    failed: dict[str, str] = {}
    for one in phrases:
        if not mbrola.voices(one.language):
            failed[one.phrase] = f"no MBROLA voice of '{one.language}' is installed"
            continue
        try:
            rows[one.phrase] = _judged(one, trial)
        except subprocess.CalledProcessError as error:
            failed[one.phrase] = (error.stderr or "")[-300:].strip()
            say(f"{one.phrase}: {failed[one.phrase]}")
    if not rows:
        return {"reason": f"no phrase could be tried: {failed} (see benchmarks/install_engines.sh)"}
    accepts, hours = (sum(row[name] for row in rows.values()) for name in ("false_accepts", "hours"))
    return {
        "tuning_phrases": rows,
        "tuning_failed": failed,
        "tuning_worst_recall": min(row["recall"] for row in rows.values()),
        "tuning_mean_recall": round(float(np.mean([row["recall"] for row in rows.values()])), 1),
        "tuning_fa_per_hour": round(accepts / hours, 2),
    }


def _judged(one: Tried, trial: Trial) -> dict[str, Any]:
    wanted = replace(trial.effort, arguments=(*trial.effort.arguments, "--language", one.language))
    model, _ = made_detector(one.phrase, _SEED, wanted, trial.projects)
    exported = Exported(model)
    phrases = said(one, trial)
    read = longform(
        trial.hours,
        (one.phrase,),
        seed=_SEED,
        jobs=trial.jobs,
        folder=trial.work / "embedded",
        reader="mbrola",
        language=one.language,
    )
    smoothing, threshold = exported.sidecar.smoothing, exported.threshold_logit
    scores = recall.logits(exported, phrases, smoothing)
    stream_scores = recall.logits(exported, read, smoothing)
    hits = recall.hits_at(scores, phrases, threshold)
    one_event = recall.lowest_threshold(stream_scores, most=1)
    accepts, heard_hours = len(events(joined(stream_scores), threshold)), recall.hours_of(read)
    rate = wilson(sum(hits), len(hits))
    row = {
        "language": one.language,
        "syllables": one.syllables,
        "recall": round(100 * (rate.value or 0.0), 1),
        "recall_95": [round(100 * rate.low, 1), round(100 * rate.high, 1)],
        "hits": sum(hits),
        "n": len(hits),
        "fa_per_hour": round(accepts / heard_hours, 2),
        "false_accepts": accepts,
        "hours": round(heard_hours, 3),
        "fa_text": per_hour(accepts, heard_hours).text(),
        "recall_at_one_event": round(100 * float(np.mean(recall.hits_at(scores, phrases, one_event))), 1),
        "speakers": len(mbrola.voices(one.language)),
    }
    say(f"{one.phrase} ({one.language}): recall {row['recall']} %, {accepts} false accepts in {heard_hours:.2f} h")
    return row


def said(one: Tried, trial: Trial) -> tuple[Heard, ...]:
    """Give the phrase as MBROLA's voices say it, heard in everyday rooms that training does not have."""
    scenes = scene_bank(_DEVICE, Serial, lambda event: None)
    voices = mbrola.voices(one.language)
    tasks = [
        Task(one.phrase, voices, str(scenes), tuple(range(at, trial.clips, 8))) for at in range(min(8, trial.clips))
    ]
    with executor(trial.jobs) as workers:
        return tuple(heard for part in workers.map(_say, tasks) for heard in part)


def _say(task: Task) -> list[Heard]:
    bank, profile = Bank.load(Path(task.scenes)), profiles.load(_DEVICE)
    found = []
    for index in task.indices:
        rng = stream(_SEED, "tuning", task.phrase, index)
        voice = task.voices[index % len(task.voices)]
        rate, pitch = float(rng.uniform(0.75, 1.3)), float(rng.uniform(-4, 4))
        speech = clean(mbrola.speak(SpeechRequest(task.phrase, voice, rate=rate, pitch_semitones=pitch)))
        dry = speech.astype(F32) / F32(32768)
        recipe = EVERYDAY
        scene = draw(profile, rng, role="test_positive", speech_s=len(dry) / 16000, sizes=bank.sizes, recipe=recipe)
        rendered = render(scene, bank=bank, profile=profile, speech=dry)
        samples = rendered.samples
        found.append(Heard(_embedder().embed(samples), len(samples) // 1280, rendered.span_s))
    return found


@cache
def _embedder() -> Embedder:
    return Embedder()
