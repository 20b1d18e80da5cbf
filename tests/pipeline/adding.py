"""Clips to add, and runs that are killed: `python -m tests.pipeline.adding FOLDER SEED FEWEST MOST WHAT`.

WHAT is a folder of clips to add, or `resume` to train three heads. Prints how often the run died; see crash_child.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import soundfile

import wakegen
from tests.pipeline.crash_child import killed_until_done
from tests.small import PHRASE, settings
from wakegen.core.seeds import stream
from wakegen.engines.base import SpeechRequest
from wakegen.engines.fake import RATE_HZ, Fake

LOW = {"voice": "eli", "pitch_semitones": -6.0}  # lower than anybody in a project


def say(text: str = PHRASE, *, seed: int = 1, voice: str = "eli", **how: float) -> np.ndarray:
    """Let a voice say something: float32, 16 kHz."""
    return Fake().synthesize(SpeechRequest(text, voice, seed=seed, **how)).samples


def recorded(samples: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Put speech where people put it: half a second of a quiet room around it."""
    padded = np.pad(samples, RATE_HZ // 2)
    return padded + (1e-4 * stream(seed, "room").standard_normal(len(padded))).astype(np.float32)


def clips(folder: Path, count: int = 6, *, negatives: int = 2, **how: float) -> Path:
    """Write recordings of the phrase and, below `negative`, of other words."""
    (folder / "negative").mkdir(parents=True)
    for i in range(count):
        soundfile.write(folder / f"yes{i}.wav", recorded(say(seed=i, rate=1 + 0.05 * (i % 5), **how), seed=i), RATE_HZ)
    for i in range(negatives):
        soundfile.write(folder / "negative" / f"no{i}.wav", recorded(say("good morning", seed=i, **how)), RATE_HZ)
    return folder


def run(folder: Path, what: str) -> None:
    """Add a folder's clips, or train on."""
    if what == "resume":
        wakegen.run_stage("train", folder, settings(folder, train__heads=3), resume=True)
    else:
        wakegen.run_stage("train", folder, settings(folder), add_clips=Path(what))


def main() -> None:
    folder, seed, fewest, most, what = Path(sys.argv[1]), *map(int, sys.argv[2:5]), sys.argv[5]
    killed_until_done(lambda: run(folder, what), seed, fewest, most)


if __name__ == "__main__":
    main()
