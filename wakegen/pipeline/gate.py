"""Stage `gate`: set aside clips that are silent, clipped, cut off, or in which phonemes vanished.

The gate judges what was measured when a clip was made, so it can be redone in a second. It comes twice: before
clips are put into scenes, and after.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from wakegen.dataset.speak import RECORDING
from wakegen.dataset.store import DONE, REJECTED, SCENE, SPEECH, Clip
from wakegen.pipeline.project import Project
from wakegen.quality import CHECKS, Expected

NAME = "gate"
_PREFIX = "gate: "
_LONGEST_SPEECH_S = 20.0
# A drawn-out phrase is wanted (people do speak slowly), a stub never; rate is taken out before comparing.
_MEDIAN_SHARE = (0.62, 3.0)


def speech(project: Project, *, redo: bool = False) -> dict[str, Any]:
    """Judge what was spoken."""
    return project.stage(
        "gate_speech", "Check what was spoken", _made(project, SPEECH), redo=redo, work=lambda: _speech(project)
    )


def scenes(project: Project, *, redo: bool = False) -> dict[str, Any]:
    """Judge what the device hears."""
    return project.stage(
        "gate_scenes", "Check the scenes", _made(project, SCENE), redo=redo, work=lambda: _scenes(project)
    )


def _made(project: Project, stage: str) -> int:
    return project.store.count(stage=stage, state=(DONE, REJECTED))


def _speech(project: Project) -> dict[str, Any]:
    clips = list(_judgeable(project, SPEECH))
    median_s = _median_unhurried_s(clips)
    with project.store.transaction():
        for clip in (clip for clip in clips if clip.engine != RECORDING):
            usual_s = median_s / _rate(clip) if clip.kind == "phrase" and median_s else None
            _judge(project, clip, Expected((0.15, _LONGEST_SPEECH_S), usual_s, _MEDIAN_SHARE))
    return _summary(project, SPEECH)


def _scenes(project: Project) -> dict[str, Any]:
    expected = replace(Expected.rendered(), duration_s=(0.5, 3 * _LONGEST_SPEECH_S), dc_share_max=10.0)
    with project.store.transaction():
        for clip in _judgeable(project, SCENE):
            _judge(project, clip, expected)
    return _summary(project, SCENE)


def _judgeable(project: Project, stage: str) -> Iterable[Clip]:
    """Give the clips that exist and were not rejected for another reason (as duplicates, say)."""
    return [
        clip
        for clip in project.store.clips(stage=stage, state=(DONE, REJECTED))
        if clip.state == DONE or clip.reason.startswith(_PREFIX)
    ]


def _judge(project: Project, clip: Clip, expected: Expected) -> None:
    found = [f"{check.name}: {reason}" for check in CHECKS if (reason := check.reject(clip.quality, expected))]
    state, reason = (REJECTED, _PREFIX + "; ".join(found)) if found else (DONE, "")
    if (state, reason) != (clip.state, clip.reason):
        project.store.update(clip.id, state=state, reason=reason)


def _median_unhurried_s(clips: Iterable[Clip]) -> float | None:
    """Give the median duration of the phrase at the voices' own rate."""
    durations = [
        (clip.seconds or 0.0) * _rate(clip) for clip in clips if clip.kind == "phrase" and clip.engine != RECORDING
    ]
    return float(np.median(durations)) if durations else None


def _rate(clip: Clip) -> float:
    return float(clip.parameters.get("rate", 1.0))


def _summary(project: Project, stage: str) -> dict[str, Any]:
    done, rejected = project.store.count(stage=stage, state=DONE), project.store.count(stage=stage, state=REJECTED)
    reasons: dict[str, int] = defaultdict(int)
    for reason, count in project.store.tally("reason", stage=stage, state=REJECTED).items():
        reasons[reason.removeprefix(_PREFIX).split(":")[0].split(" clip ")[0]] += count
    return {
        "line": f"{done:,} fit, {rejected:,} set aside",
        "fit": done,
        "rejected": rejected,
        "reasons": dict(reasons),
    }
