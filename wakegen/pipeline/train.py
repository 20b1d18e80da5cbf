"""Stage `train`: embed the scenes, train the members, choose the threshold on held-out streams, export."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.config import data_hash
from wakegen.config.presets import TRAIN
from wakegen.core.events import Progress
from wakegen.core.executor import Executor
from wakegen.core.files import write_bytes, write_json
from wakegen.dataset.embeddings import Embedded, embedded
from wakegen.dataset.recordings import ADDED, is_added
from wakegen.dataset.speak import RECORDING
from wakegen.dataset.store import DONE, SCENE, SPEECH, Clip
from wakegen.export import onnx_bytes
from wakegen.features import integer_backbone
from wakegen.features.embed import ONNXRUNTIME
from wakegen.features.weights import NO_RELU
from wakegen.model.head import Head
from wakegen.model.members import save_members
from wakegen.pipeline import bank_windows
from wakegen.pipeline.head_tasks import forget_kept
from wakegen.pipeline.heads import SMOOTHING_STEPS, HeldOut, train_heads
from wakegen.pipeline.project import Project
from wakegen.train.calibrate import Calibration, calibrate
from wakegen.train.material import Material, Pool, Rows, positive_starts, window_starts
from wakegen.train.trainer import EARLY_S, USUAL_S, Recipe

NAME = "train"
OWN = "project"  # the general negatives that a project has of its own
NEAR_KINDS = ("confusable", "partial", "swap", "near_word", "rival")
STREAM_KINDS = ("sentence", "word", "noise", "user")  # hours as they come: what was added to provoke is none
# How often clips that the user added are drawn: enough to count, and too seldom to forget the rest.
_ADDED_SHARE = {"positive": 0.3, "general": 0.2}
F32 = NDArray[np.float32]


def run(project: Project, *, redo: bool = False) -> dict[str, Any]:
    """Train and export the candidate detector; `test` decides whether it may be called good.

    Heads that a training which was stopped had finished are taken as they are, unless `redo` asks for all anew.
    """
    recipe = recipe_of(project)
    if redo:
        forget_kept(project)
    redo = redo or not (candidate_path(project).exists() and calibration_path(project).exists())
    summary = project.stage(
        NAME, "Train the detector", *facts_of(project), redo=redo, work=lambda: _work(project, recipe)
    )
    forget_kept(project)
    return summary


def facts_of(project: Project) -> tuple[Any, ...]:
    """Give what a trained detector is made from."""
    scenes = [scene.id for scene in project.store.clips(stage=SCENE, state=DONE)]
    settings = project.settings
    bank_hours = settings.generation.negatives.bank_hours
    trained = (repr(recipe_of(project)), settings.train.heads, TRAIN[settings.train.preset].chooses)
    facts = (scenes, *trained, settings.evaluation.target_fa_per_hour, bank_hours)
    return facts if project.variant == NO_RELU else (*facts, project.variant)


def recipe_of(project: Project) -> Recipe:
    """Give the training recipe that the settings ask for."""
    return Recipe(steps=project.settings.train.steps)


def candidate_path(project: Project) -> Path:
    """Where the trained head waits for its evaluation."""
    return project.folder / ".cache" / "candidate.onnx"


def calibration_path(project: Project) -> Path:
    """Where the thresholds of the trained head are."""
    return project.folder / ".cache" / "calibration.json"


def members_path(project: Project) -> Path:
    """Where the trained networks are, one by one."""
    return project.folder / ".cache" / "members.npz"


def _work(project: Project, recipe: Recipe) -> dict[str, Any]:
    cpu_started = time.process_time()
    with project.executor() as executor:
        material = gather(project, executor)
        held_out = listen(project, executor)
        chosen = train_heads(project, material, recipe, held_out, executor)
        head = Head(chosen.members)
        calibration = calibrated(project, head, held_out)
        cpu_s = time.process_time() - cpu_started + executor.cpu_s * (executor.workers > 1)
    write_candidate(project, head, calibration)
    count = len(head.members)
    return {
        "line": f"{count} heads of {head.parameters // count:,} values{chosen.text}; {calibration.text}",
        **summary_of(project, material, head, calibration),
        "cpu_s": round(cpu_s, 1),
        "choice": chosen.to_json(),
    }


def write_candidate(project: Project, head: Head, calibration: Calibration) -> None:
    """Write the trained head with its threshold at 0.5, its calibration, and its members."""
    write_bytes(candidate_path(project), onnx_bytes(replace(head, shift=-calibration.logit)))
    write_json(calibration_path(project), calibration.to_json())
    save_members(members_path(project), head.members)


def summary_of(project: Project, material: Material, head: Head, calibration: Calibration) -> dict[str, Any]:
    """Give what is told of every trained head."""
    return {
        "positive_windows": len(material.positive),
        "near_windows": len(material.near),
        "general_windows": len(material.general),
        "parameters": head.parameters,
        "calibration": calibration.to_json(),
        "dataset": f"sha256:{_dataset(project)}",
        "backbone": project.settings.train.backbone,
    }


def _dataset(project: Project) -> str:
    """Name the clips by what decides them: the settings, and the files that were added since."""
    clips = project.store.clips(stage=SPEECH, engine=RECORDING)
    added = sorted({str(clip.parameters["file_sha256"]) for clip in clips if is_added(clip) and clip.state == DONE})
    named = data_hash(project.settings)
    return hashlib.sha256(" ".join([named, *added]).encode()).hexdigest() if added else named


def gather(project: Project, executor: Executor, *, runtime: str = ONNXRUNTIME) -> Material:
    """Embed all training scenes, sort their windows into groups, and add the negative bank."""
    clips = list(project.store.clips(stage=SCENE, state=DONE, split="train"))
    rows: list[F32] = []
    groups: dict[str, dict[str, list[Rows]]] = {"positive": {}, "early": {}, "near": {}, "general": {}}
    first_row = 0
    for item in embedded(clips, folder=project.folder, executor=executor, runtime=runtime, variant=project.variant):
        clip = item.clips[0]
        group = _group(clip)
        source = ADDED if clip.kind == ADDED else OWN if group == "general" else clip.engine
        rows.append(item.rows)
        for name, starts in _starts(item, clip, group, first_row).items():
            groups[name].setdefault(source, []).append(starts)
        first_row += len(item.rows)
        project.on_event(Progress(NAME, "embeddings", group_total=len(clips)))
    banked = bank_windows.windows(project, first_row=first_row)
    if banked is not None:
        rounds = runtime != ONNXRUNTIME
        rows.append(integer_backbone.rounded(banked.rows, project.variant) if rounds else banked.rows)
        groups["general"] |= {name: [starts] for name, starts in banked.starts.items()}
    weights = json.loads(project.store.meta("weights") or "{}")
    positive, early = (
        _with_share(Pool.of(groups[name], weights), groups[name], RECORDING, _ADDED_SHARE["positive"])
        for name in ("positive", "early")
    )
    general = Pool.of(groups["general"], _halves(groups["general"]))
    general = _with_share(general, groups["general"], ADDED, _ADDED_SHARE["general"])
    return Material(np.concatenate(rows), positive, Pool.of(groups["near"], weights), general, early)


def _with_share(pool: Pool, groups: Mapping[str, Sequence[Rows]], name: str, share: float) -> Pool:
    """Give a group its share of the draws, if there is such a group, and the others the rest as they had it."""
    names = sorted(one for one, parts in groups.items() if sum(map(len, parts)))
    if name not in names:
        return pool
    place = names.index(name)
    others = np.delete(pool.weights, place)
    if not others.sum():
        return pool
    return replace(pool, weights=np.insert(others * (1 - share) / others.sum(), place, share))


def _halves(groups: Mapping[str, Sequence[Rows]]) -> dict[str, float]:
    """Half of what is general from the project's own speech and noise, half from the bank, its engines alike."""
    banked = [name for name in groups if name not in (OWN, ADDED)]
    return {OWN: 0.5, **{name: 0.5 / len(banked) for name in banked}} if banked else {}


def _group(clip: Clip) -> str:
    if clip.label == "positive":
        return "positive"
    return "near" if clip.kind in NEAR_KINDS else "general"


def _starts(item: Embedded, clip: Clip, group: str, first_row: int) -> dict[str, Rows]:
    """Give where a clip's windows begin, by group; one of the phrase has two ways to choose them."""
    if group != "positive":
        return {group: window_starts(len(item.rows), first_row=first_row)}
    return {
        name: positive_starts(len(item.rows), first_row=first_row, phrase_end_s=clip.span_end_s or 0.0, after_s=after_s)
        for name, after_s in (("positive", USUAL_S), ("early", EARLY_S))
    }


def listen(project: Project, executor: Executor, *, runtime: str = ONNXRUNTIME) -> HeldOut:
    """Embed what voices and texts that training has not seen say, for the choice and for the threshold."""
    store = project.store
    embed = partial(embedded, folder=project.folder, executor=executor, runtime=runtime, variant=project.variant)
    streams: dict[str, list[tuple[F32, int]]] = {}
    for kind in STREAM_KINDS:
        clips = list(store.clips(stage=SCENE, state=DONE, split="val", kind=kind))
        streams[kind] = [(item.rows, item.steps) for item in embed(clips, as_stream=True)]
    phrases, engines = [], []
    clips = list(store.clips(stage=SCENE, state=DONE, split="val", label="positive"))
    for item in embed(clips):
        clip = item.clips[0]
        phrases.append((item.rows, item.steps, (clip.span_start_s or 0.0, clip.span_end_s or 0.0)))
        engines.append(clip.engine)
    added = list(store.clips(stage=SCENE, state=DONE, split="val", kind=ADDED))
    unwanted = [(item.rows, item.steps) for item in embed(added)]
    return HeldOut(streams, phrases, engines, project.validators, unwanted)


def calibrated(project: Project, head: Head, held_out: HeldOut) -> Calibration:
    """Choose the threshold of a head, and of its other operating points, on what is held out."""
    return calibrate(
        head,
        held_out.streams,
        held_out.phrases,
        smoothing=SMOOTHING_STEPS,
        target_fa_per_hour=project.settings.evaluation.target_fa_per_hour,
    )
