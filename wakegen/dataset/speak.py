"""Workers that turn planned speech into clean clips: speak (or read a recording), trim, store."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.audio import RATE_HZ
from wakegen.audio.dsp import resample, to_int16, trim
from wakegen.audio.io import read
from wakegen.core.errors import BadInput, CannotSpeak, EngineError
from wakegen.dataset.clip_cache import GenerationCache, is_worth, key_of, sources_of
from wakegen.dataset.fill import Filled, keep
from wakegen.dataset.store import FAILED, Clip
from wakegen.engines import table
from wakegen.engines.base import Engine, Speech, SpeechRequest
from wakegen.quality import measure

RECORDING = "recording"  # the engine of clips that come from the user's folders

_MARGIN = RATE_HZ // 50  # 20 ms kept on either side of what trimming finds
_PEAK = 0.89  # −1 dBFS: clean clips are stored alike, levels are decided by scenes


def speak_task(task: tuple[str, int, tuple[Clip, ...]]) -> list[Filled]:
    """Fill the rows of a task: (project folder, retries, rows). Runs in a worker."""
    folder, retries, clips = task
    return [_fill(Path(folder), clip, retries) for clip in clips]


def _fill(folder: Path, clip: Clip, retries: int) -> Filled:
    failure = ""
    for attempt in range(retries + 1):
        try:
            samples = _sound(clip)
        except (CannotSpeak, BadInput) as error:  # another try would say the same
            return Filled(clip.id, clip.engine, FAILED, str(error), attempt)
        except EngineError as error:
            failure = str(error)
            continue
        return Filled(
            clip.id,
            clip.engine,
            retried=attempt,
            sha256=keep(folder, samples),
            seconds=len(samples) / RATE_HZ,
            quality=measure(samples),
        )
    return Filled(clip.id, clip.engine, FAILED, failure, retries)


def _sound(clip: Clip) -> NDArray[np.int16]:
    if clip.engine == RECORDING:
        return to_int16(_piece(clip.parameters))
    return _spoken(clip.engine, SpeechRequest(**clip.parameters))


def _spoken(engine: str, request: SpeechRequest) -> NDArray[np.int16]:
    """Speak, unless the clip is kept from an earlier time, for this project or another one."""
    if not is_worth(engine):
        return clean(engine_of(engine).synthesize(request))
    kept, key = GenerationCache(), key_of(_sources(engine, request.voice), request)
    samples = kept.get(engine, key)
    if samples is None:
        samples = clean(engine_of(engine).synthesize(request))
        kept.put(engine, key, samples)
    return samples


@cache
def _sources(engine: str, voice: str) -> str:
    """Hash what a voice is made of, once: the engine, too, keeps in memory what it has read."""
    return sources_of(engine, engine_of(engine), voice)


def clean(speech: Speech) -> NDArray[np.int16]:
    """Bring what an engine gave to 16 kHz, take out its mean, cut its silence, and set its peak to −1 dBFS.

    Raises
    ------
    CannotSpeak : there is no sound in it.
    """
    samples = resample(speech.samples - speech.samples.mean(), speech.rate_hz, RATE_HZ)
    start, end = trim(samples)
    if end <= start:
        raise CannotSpeak("The engine gave silence.", hint="Try another voice or spelling.")
    cut = samples[max(0, start - _MARGIN) : end + _MARGIN]
    return to_int16(cut * np.float32(_PEAK / float(np.abs(cut).max())))


def _piece(parameters: Any) -> NDArray[np.float32]:
    samples = _recording(str(parameters["path"]))
    start = int(parameters["start"])
    piece: NDArray[np.float32] = samples[start : start + int(parameters["samples"])]
    return piece


@cache
def engine_of(name: str) -> Engine:
    """Give this worker's engine of a name, made at first use."""
    return table.load(name)


_last: dict[str, NDArray[np.float32]] = {}


def _recording(path: str) -> NDArray[np.float32]:
    """Read a recording; the pieces of one file come one after the other."""
    if path not in _last:
        _last.clear()
        _last[path] = read(path)
    return _last[path]
