"""Clips per minute of the embedded voice: the engine alone, spoken and stored, and with scenes.

Through the project's own stages in a project of its own, on all cores; the rooms and noises of the device are made
beforehand (once per machine). One clip is about 1 s of speech in a scene of about 2 s.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import wakegen
from wakegen.core.seeds import derive, stream
from wakegen.dataset.store import DONE, SCENE, SPEECH
from wakegen.engines import table
from wakegen.engines.base import SpeechRequest
from wakegen.pipeline import gate, generate, simulate
from wakegen.pipeline.project import Project, opened

PHRASE = "hey katya"
COUNT, QUICK_COUNT = 3000, 600
_TEXTS = {"en-us": "hey katya", "de": "hallo katya", "tr": "merhaba katya", "ru": "привет катя"}


def run(options: argparse.Namespace, *, count: int | None = None, engine: bool = True) -> dict[str, Any]:
    """Measure; `count` clips of the phrase, `engine` also the engine alone."""
    wanted = count or (QUICK_COUNT if options.quick else COUNT)
    with tempfile.TemporaryDirectory(prefix="wakegen-bench-", dir=options.work) as folder:
        figures = _stages(Path(folder), wanted)
    if engine:
        requests, repeats = (300, 3) if options.quick else (2000, 5)
        for name, languages in (("one_language", ("en-us",)), ("four_languages", tuple(_TEXTS))):
            figures |= _engine(name, languages, requests, repeats)
    return figures


def _settings(folder: Path, count: int) -> wakegen.Settings:
    """Positives only: their scenes are what the figure is about. Split and scenes are those of any project."""
    none = ("confusables", "sentences", "words", "noise")
    return wakegen.load_settings(
        env={"HOME": str(folder)},
        options={
            "generation.wake_words": (PHRASE,),
            "engines": ("espeak",),
            "generation.count": count,
            "generation.output_dir": folder / "project",
            "augmentation.augmented_per_original": 1,
            **{f"generation.negatives.{name}": 0 for name in none},
            "evaluation.val_hours": 0.01,
            "evaluation.test_hours": 0.01,
        },
    )


def _stages(folder: Path, count: int) -> dict[str, Any]:
    _say(f"{count} clips through generate and simulate")
    with opened(_settings(folder, count), on_event=_ignore) as project:
        times = _through(project)
        clips = list(project.store.clips(stage=SPEECH, state=DONE))
        scenes = list(project.store.clips(stage=SCENE, state=DONE))
        digest = hashlib.sha256("".join(str(clip.sha256) for clip in (*clips, *scenes)).encode()).hexdigest()
    spoken, simulated = (times["generate"], times["simulate"])
    return {
        "clips_per_min_generate_only": round(60 * len(clips) / spoken.wall_s),
        # A clip spoken and one scene of it; a project also renders some clips a second time.
        "clips_per_min": round(60 / (spoken.wall_s / len(clips) + simulated.wall_s / len(scenes))),
        "clips": len(clips),
        "scenes": len(scenes),
        "clip_s_median": round(statistics.median(clip.seconds or 0.0 for clip in clips), 2),
        "scene_s_median": round(statistics.median(clip.seconds or 0.0 for clip in scenes), 2),
        "generate_s": round(spoken.wall_s, 2),
        "simulate_s": round(simulated.wall_s, 2),
        "generate_cpu_s": round(spoken.cpu_s, 2),
        "simulate_cpu_s": round(simulated.cpu_s, 2),
        "generate_hash": digest[:16],
    }


@dataclass(frozen=True, slots=True)
class Took:
    """What a stage took, all processes together."""

    wall_s: float
    cpu_s: float


def _through(project: Project) -> dict[str, Took]:
    """Run both stages; give the seconds of each, planning, start of the workers and storing included.

    Not the making of the device's rooms and noises, which a machine does once.
    """
    spoken = _timed(lambda: generate.run(project))
    simulate._bank_folder(project)
    simulated = _timed(lambda: (gate.speech(project), simulate.run(project)))
    return {"generate": spoken, "simulate": simulated}


def _timed(work: Callable[[], object]) -> Took:
    started, cpu_s = time.monotonic(), _cpu_s()
    work()
    return Took(time.monotonic() - started, _cpu_s() - cpu_s)


def _cpu_s() -> float:
    """CPU seconds of this process, of its children, and of theirs that have ended (workers are grandchildren)."""
    import psutil

    this = psutil.Process()
    times = [this.cpu_times(), *(child.cpu_times() for child in this.children())]
    return float(sum(one.user + one.system + one.children_user + one.children_system for one in times))


def _engine(name: str, languages: tuple[str, ...], requests: int, repeats: int) -> dict[str, Any]:
    """CPU time of one process and its children that speaks, and does nothing else."""
    _say(f"engine alone: {repeats} × {requests} clips, {name.replace('_', ' ')}")
    with table.load("espeak") as engine:
        voices = [voice for voice in engine.voices() if voice.language in languages and not voice.toy]
        by_language = {one: [voice.name for voice in voices if voice.language == one] for one in languages}
    digest = hashlib.sha256()
    rates = []
    for repeat in range(repeats):
        wanted = [_request(by_language, repeat, i) for i in range(requests)]
        before = os.times()
        with table.load("espeak") as engine:  # its server is a child: it counts once it has ended
            spoken = [engine.synthesize(request).samples for request in wanted]
        after = os.times()
        rates.append(60 * requests / (sum(after[:4]) - sum(before[:4])))
        for samples in spoken:
            digest.update(samples.tobytes())
    return {
        f"engine_clips_per_min_per_core_{name}": round(statistics.median(rates)),
        f"engine_spread_{name}": [round(min(rates)), round(max(rates))],
        f"engine_n_{name}": [repeats, requests],
        f"engine_hash_{name}": digest.hexdigest()[:16],
    }


def _request(voices: dict[str, list[str]], repeat: int, index: int) -> SpeechRequest:
    rng = stream(3, "bench", repeat, index)
    language = list(voices)[index % len(voices)]
    names = voices[language]
    return SpeechRequest(
        _TEXTS[language],
        names[int(rng.integers(len(names)))],
        rate=float(rng.uniform(0.7, 1.4)),
        pitch_semitones=float(rng.uniform(-4, 4)),
        pitch_range=float(rng.uniform(0.2, 1.8)),
        seed=derive(3, "bench", repeat, index),
    )


def _ignore(event: object) -> None:
    del event


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
