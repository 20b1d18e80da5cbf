"""openWakeWord's own heads on the real recordings: decisions of its runtime against decisions of ours."""

from __future__ import annotations

import itertools
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import realdata
from wakegen.features import weights
from wakegen.runtime import Detectors

F32 = NDArray[np.float32]
HEADS = ("alexa", "hey_jarvis", "hey_marvin", "hey_mycroft", "timer", "weather")
THRESHOLDS = (0.3, 0.5, 0.9)
STEP = 1280
_PIECE_STEPS = 50  # 4 s: what one decision is about
_NEGATIVE_S = 300  # of each corpus at most


def decisions(data: Path) -> dict[str, Any]:
    """Stream everything through both, end to end, and count the 4 s in which one fires and the other does not."""
    sound = _sound(data)
    paths = [weights.source_path().with_name(f"{name}_v0.1.onnx") for name in HEADS]
    ours, theirs = _ours(paths, sound), _theirs(paths, sound)
    first = 9 + 34  # from here on every window holds real sound only, the longest too
    whole = (len(ours) - first) // _PIECE_STEPS * _PIECE_STEPS
    pieces = [part[first : first + whole].reshape(-1, _PIECE_STEPS, len(HEADS)).max(axis=1) for part in (ours, theirs)]
    differing = {str(at): int(((pieces[0] >= at) != (pieces[1] >= at)).sum()) for at in THRESHOLDS}
    return {
        "heads_decisions_differing": differing,
        "heads_decisions": int(pieces[0].size),
        "heads_max_abs_diff": float(np.abs(ours[first:] - theirs[first:]).max()),
    }


def _sound(data: Path) -> NDArray[np.int16]:
    loaded = realdata.load(data)
    slugs = sorted({row["path"].split("/")[1] for row in loaded.below("real/")})
    spoken = (realdata.positives(loaded, slug, snr_db=None) for slug in slugs)
    positives = [one.samples for one in itertools.chain.from_iterable(spoken)]
    others = [corpus.samples[: _NEGATIVE_S * 16_000] for corpus in realdata.corpora(loaded)]
    joined = np.concatenate([*positives, *others])
    return joined[: len(joined) // STEP * STEP]


def _ours(paths: list[Path], sound: NDArray[np.int16]) -> F32:
    steps = Detectors(paths).push(sound)
    return np.array([[step[path].raw for path in paths] for step in steps], np.float32)


def _theirs(paths: list[Path], sound: NDArray[np.int16]) -> F32:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from openwakeword.model import Model

        model = Model(wakeword_model_paths=[str(path) for path in paths])
    # One output goes by the head's name; of several, the first means none of them.
    classes = [
        [path.stem] if model.model_outputs[path.stem] == 1 else list(model.class_mapping[path.stem].values())[1:]
        for path in paths
    ]
    rows = []
    for at in range(0, len(sound), STEP):
        said = model.predict(sound[at : at + STEP])
        rows.append([max(said[name] for name in names) for names in classes])
    return np.array(rows, np.float32)
