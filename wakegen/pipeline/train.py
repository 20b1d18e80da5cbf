"""Stage `train`: embed the scenes, train the members, choose the threshold on held-out streams, export."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.config import data_hash
from wakegen.core.events import Progress
from wakegen.core.executor import Executor
from wakegen.core.seeds import derive
from wakegen.dataset.embeddings import Embedded, embedded
from wakegen.dataset.store import DONE, SCENE, Clip
from wakegen.export import onnx_bytes
from wakegen.model.head import Head, Member
from wakegen.pipeline.project import Project
from wakegen.train.calibrate import Calibration, calibrate
from wakegen.train.material import Material, Rows, positive_starts, window_starts
from wakegen.train.trainer import Recipe, train_member

NAME = "train"
SMOOTHING_STEPS = 5
NEAR_KINDS = ("confusable", "partial", "swap", "near_word", "rival")
STREAM_KINDS = ("sentence", "word", "noise", "user")
F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """What training gives."""

    head: Head
    calibration: Calibration
    summary: dict[str, Any]


def run(project: Project, *, redo: bool = False) -> dict[str, Any]:
    """Train and export the candidate detector; `test` decides whether it may be called good."""
    recipe = recipe_of(project)
    facts = [scene.id for scene in project.store.clips(stage=SCENE, state=DONE)]
    settings = project.settings
    redo = redo or not (candidate_path(project).exists() and calibration_path(project).exists())
    return project.stage(
        NAME,
        "Train the detector",
        facts,
        repr(recipe),
        settings.train.heads,
        settings.evaluation.target_fa_per_hour,
        redo=redo,
        work=lambda: _work(project, recipe),
    )


def recipe_of(project: Project) -> Recipe:
    """Give the training recipe that the settings ask for."""
    return Recipe(steps=project.settings.train.steps)


def candidate_path(project: Project) -> Path:
    """Where the trained head waits for its evaluation."""
    return project.folder / ".cache" / "candidate.onnx"


def calibration_path(project: Project) -> Path:
    """Where the thresholds of the trained head are."""
    return project.folder / ".cache" / "calibration.json"


def _work(project: Project, recipe: Recipe) -> dict[str, Any]:
    from wakegen.core.files import write_bytes, write_json

    cpu_started = time.process_time()
    with project.executor() as executor:
        material = gather(project, executor, recipe)
        members = _members(project, material, recipe, executor)
        head = Head(tuple(members))
        calibration = _calibrated(project, head, executor)
        cpu_s = time.process_time() - cpu_started + executor.cpu_s * (executor.workers > 1)
    head = Head(head.members, shift=-calibration.logit)
    data = onnx_bytes(head)
    write_bytes(candidate_path(project), data)
    write_json(calibration_path(project), calibration.to_json())
    return {
        "line": f"{len(members)} heads of {head.parameters // len(members):,} values; {calibration.text}",
        "cpu_s": round(cpu_s, 1),
        "positive_windows": len(material.positive),
        "near_windows": len(material.near),
        "general_windows": len(material.general),
        "parameters": head.parameters,
        "calibration": calibration.to_json(),
        "dataset": f"sha256:{data_hash(project.settings)}",
    }


def gather(project: Project, executor: Executor, recipe: Recipe) -> Material:
    """Embed all training scenes and sort their windows into groups."""
    clips = list(project.store.clips(stage=SCENE, state=DONE, split="train"))
    rows: list[F32] = []
    groups: dict[str, list[Rows]] = {"positive": [], "near": [], "general": []}
    first_row = 0
    for item in embedded(clips, folder=project.folder, executor=executor):
        clip = item.clips[0]
        rows.append(item.rows)
        groups[_group(clip)].append(_starts(item, clip, first_row, recipe))
        first_row += len(item.rows)
        project.on_event(Progress(NAME, "embeddings", group_total=len(clips)))
    joined = {name: np.concatenate(parts) if parts else np.zeros(0, np.int64) for name, parts in groups.items()}
    return Material(np.concatenate(rows), joined["positive"], joined["near"], joined["general"])


def _group(clip: Clip) -> str:
    if clip.label == "positive":
        return "positive"
    return "near" if clip.kind in NEAR_KINDS else "general"


def _starts(item: Embedded, clip: Clip, first_row: int, recipe: Recipe) -> Rows:
    if clip.label == "positive":
        end_s = clip.span_end_s or 0.0
        return positive_starts(len(item.rows), first_row=first_row, phrase_end_s=end_s, after_s=recipe.positive_after_s)
    return window_starts(len(item.rows), first_row=first_row)


def _members(project: Project, material: Material, recipe: Recipe, executor: Executor) -> list[Member]:
    """Train the members side by side; the material goes to the workers through a file that they map."""
    heads = project.settings.train.heads
    path = _park(project, material)
    seeds = [derive(project.settings.seed, "head", i) for i in range(heads)]
    members = []
    for member in executor.map(_train_task, [(str(path), recipe, seed) for seed in seeds]):
        members.append(member)
        project.on_event(Progress(NAME, "heads", group_total=heads))
    for file in path.glob("*.npy"):
        file.unlink()
    return members


_PARTS = ("embeddings", "positive", "near", "general")


def _park(project: Project, material: Material) -> Path:
    folder = project.folder / ".cache" / "material"
    folder.mkdir(parents=True, exist_ok=True)
    for name in _PARTS:
        np.save(folder / f"{name}.npy", getattr(material, name))
    return folder


def _train_task(task: tuple[str, Recipe, int]) -> Member:
    folder, recipe, seed = task
    material = Material(*(np.load(Path(folder) / f"{name}.npy", mmap_mode="r") for name in _PARTS))
    return train_member(material, recipe=recipe, seed=seed)


def _calibrated(project: Project, head: Head, executor: Executor) -> Calibration:
    """Choose the threshold on streams of voices and texts that training has not seen."""
    store, evaluation = project.store, project.settings.evaluation
    streams: dict[str, list[tuple[F32, int]]] = {}
    for kind in STREAM_KINDS:
        clips = list(store.clips(stage=SCENE, state=DONE, split="val", kind=kind))
        parts = embedded(clips, folder=project.folder, executor=executor, as_stream=True)
        streams[kind] = [(item.rows, item.steps) for item in parts]
    phrases = _heard(project, executor, list(store.clips(stage=SCENE, state=DONE, split="val", label="positive")))
    return calibrate(
        head, streams, phrases, smoothing=SMOOTHING_STEPS, target_fa_per_hour=evaluation.target_fa_per_hour
    )


def _heard(project: Project, executor: Executor, clips: Sequence[Clip]) -> list[tuple[F32, int, tuple[float, float]]]:
    found = []
    for item in embedded(clips, folder=project.folder, executor=executor):
        clip = item.clips[0]
        found.append((item.rows, item.steps, (clip.span_start_s or 0.0, clip.span_end_s or 0.0)))
    return found
