"""Adding clips to a project that has a detector: they get scenes, and the trained heads go on from where they are.

What was begun is written into the project in one transaction with the clips. A run that is stopped goes on from there,
whichever command comes next, and gives the same bytes.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wakegen.audio.io import scan_folder
from wakegen.config.presets import DEFAULT_BACKBONE
from wakegen.core.errors import BadInput
from wakegen.core.events import Notice, StageDone, StageStarted
from wakegen.dataset.fill import fill, tasks_of
from wakegen.dataset.recordings import Added, known_files, plan_added, read_added
from wakegen.dataset.speak import RECORDING, speak_task
from wakegen.dataset.store import DONE, FAILED, PLANNED, SPEECH
from wakegen.model.head import Head
from wakegen.model.members import load_members, save_members
from wakegen.pipeline import before_after, gate, heads, simulate, train
from wakegen.pipeline.head_tasks import forget_kept
from wakegen.pipeline.project import Project

_PENDING = "adding"  # the key of what was begun and is not finished
_NOTHING = "null"


@dataclass(frozen=True, slots=True)
class Found:
    """The files of a folder: to be added, there already, and of no use."""

    new: tuple[Added, ...]
    known: tuple[Path, ...]
    unusable: tuple[tuple[Path, str], ...]


def run(project: Project, folder: Path) -> dict[str, Any]:
    """Add the clips of a folder and train on; give what changed. A folder that brings nothing new changes nothing.

    Raises
    ------
    BadInput : there is no trained detector yet, or no usable sound file in the folder.
    """
    if _pending(project) is None:
        _trained_members(project)  # refused before anything is read
    readable, damaged = scan_folder(folder)
    if not readable and not damaged:
        raise BadInput(f"There is no sound file in {folder}.", hint="Give wav, flac, ogg or mp3 files, mono or stereo.")
    finished = go_on(project)
    found = _sorted(project, folder, readable, damaged)
    if finished is not None:  # what is known already are the files of the run that was stopped
        found = replace(found, known=())
    _tell(project, folder, found)
    if found.new:
        _begin(project, found.new)
        finished = go_on(project)
    return {**(finished or _nothing_new(found)), "skipped": _listed(found)}


def go_on(project: Project) -> dict[str, Any] | None:
    """Finish adding what was begun; None where nothing was, or nothing is left of it."""
    pending = _pending(project)
    if pending is None:
        return None
    project = project.on_backbone(pending.get("backbone", DEFAULT_BACKBONE))  # that of the heads that go on
    _read_files(project)
    done = {clip.id for clip in project.store.clips(stage=SPEECH, state=DONE, engine=RECORDING)}
    if not done & set(pending["ids"]):
        project.on_event(Notice("warning", "The files that were to be added are gone; nothing was added."))
        _end(project)
        return None
    gate.speech(project)
    simulate.run(project)
    gate.scenes(project)
    if not _before_path(project).exists():
        project.on_event(Notice("warning", "The heads to go on from are gone; new ones are trained on all clips."))
        summary = train.run(project)
    else:
        summary = project.stage(
            train.NAME,
            "Train on with the clips that were added",
            *train.facts_of(project),
            redo=True,
            work=lambda: _train_on(project, pending),
        )
    _end(project)
    forget_kept(project)
    return summary


def _pending(project: Project) -> Any:
    return json.loads(project.store.meta(_PENDING) or _NOTHING)


def _sorted(project: Project, folder: Path, readable: Sequence[Path], damaged: Sequence[tuple[Path, str]]) -> Found:
    seen = set(known_files(list(project.store.clips(stage=SPEECH, engine=RECORDING))))
    new, known, unusable = [], [], list(damaged)
    for path in readable:
        try:
            file = read_added(path, folder)
        except BadInput as error:
            unusable.append((path, f"{error} {error.hint}"))
            continue
        if seen & file.known_as:
            known.append(path)
        else:
            seen.add(file.sha256)
            new.append(file)
    if not new and not known:
        reasons = "; ".join(f"{path.name}: {reason}" for path, reason in unusable[:3])
        raise BadInput(f"No file in {folder} can be used ({reasons}).", hint="Give the phrase alone, one file each.")
    return Found(tuple(new), tuple(known), tuple(unusable))


def _tell(project: Project, folder: Path, found: Found) -> None:
    for path, reason in found.unusable:
        project.on_event(Notice("warning", f"Skipped {path.name}: {reason}"))
    if found.unusable:
        total = len(found.new) + len(found.known) + len(found.unusable)
        project.on_event(Notice("warning", f"{len(found.unusable)} of {total} files in {folder} were skipped."))
    if found.known:
        project.on_event(
            Notice("info", f"{len(found.known)} files are in the project already and were not added again.")
        )


def _listed(found: Found) -> dict[str, Any]:
    return {
        "known": [path.name for path in found.known],
        "unusable": [{"file": path.name, "reason": reason} for path, reason in found.unusable],
    }


def _nothing_new(found: Found) -> dict[str, Any]:
    return {"line": f"nothing new: {len(found.known)} files are in the project already", "added": {}}


def _begin(project: Project, files: Sequence[Added]) -> None:
    """Write the clips into the plan, and that they are being added: both or neither."""
    store = project.store
    choice = json.loads((store.stage(train.NAME) or ("", "{}"))[1]).get("choice", {}).get("name", "")
    save_members(_before_path(project), _trained_members(project))
    first_id = store.next_id()
    rows = list(plan_added(project.settings, files, first_id=first_id))
    counts = Counter((row.label, row.split) for row in rows)
    pending = {
        "ids": [row.id for row in rows],
        "choice": choice,
        "backbone": project.settings.train.backbone,
        "clips": {
            label: {split: counts[label, split] for split in ("train", "val")} for label in ("positive", "negative")
        },
    }
    with store.transaction():
        store.add(rows)
        store.set_meta("planned", str(rows[-1].id))  # scenes that are planned anew begin behind
        store.set_meta(_PENDING, json.dumps(pending))


def _end(project: Project) -> None:
    with project.store.transaction():
        project.store.set_meta(_PENDING, _NOTHING)


def _read_files(project: Project) -> None:
    store = project.store
    rows = list(store.clips(stage=SPEECH, state=PLANNED, engine=RECORDING))
    tasks = [(str(project.folder), project.settings.limits.retries, part) for part in tasks_of(rows)]
    totals = {RECORDING: len(rows)}
    started = time.monotonic()
    project.on_event(StageStarted("add", "Read the clips to be added"))
    with project.executor() as executor:
        fill(store, tasks, speak_task, stage="add", executor=executor, on_event=project.on_event, totals=totals)
    ids = {row.id for row in rows}
    lost = [clip for clip in store.clips(stage=SPEECH, state=FAILED, engine=RECORDING) if clip.id in ids]
    for clip in lost:
        project.on_event(Notice("warning", f"Skipped {clip.source}: {clip.reason}"))
    summary = f"{len(rows) - len(lost):,} clips"
    project.on_event(StageDone("add", summary, time.monotonic() - started))


def _before_path(project: Project) -> Path:
    """Where the heads are that are trained on."""
    return project.folder / ".cache" / "members-before.npz"


def _trained_members(project: Project) -> Any:
    """Give the heads of a training that has finished."""
    path, wanted = train.members_path(project), project.settings.train.heads
    if project.store.stage(train.NAME) is None or not path.exists():
        raise BadInput(
            f"There is no trained detector in {project.folder} that could be trained on.",
            hint=f"Train first: wakegen train --resume --project {project.folder}",
        )
    trained_on, asked = project.trained_backbone, project.settings.train.backbone
    if trained_on != asked:
        raise BadInput(
            f"The trained detector was made for the backbone '{trained_on}', the settings ask for '{asked}'.",
            hint=f"Add with --backbone {trained_on}, or train anew first: wakegen train --project {project.folder}",
        )
    members = load_members(path)
    if len(members) != wanted:
        raise BadInput(
            f"The trained detector has {len(members)} heads, the settings ask for {wanted}.",
            hint=f"Leave train.heads as it was, or train anew first: wakegen train --project {project.folder}",
        )
    return members


def _train_on(project: Project, pending: dict[str, Any]) -> dict[str, Any]:
    cpu_started = time.process_time()
    recipe = heads.chosen_recipe(train.recipe_of(project), pending["choice"])
    starts = load_members(_before_path(project))
    with project.executor() as executor:
        material = train.gather(project, executor)
        held_out = train.listen(project, executor)
        batch = pending["ids"][0]
        members = heads.train_on(project, material, recipe, starts, executor, batch=batch)
        pair = Head(starts), Head(members)
        before, after = (train.calibrated(project, head, held_out) for head in pair)
        cpu_s = time.process_time() - cpu_started + executor.cpu_s * (executor.workers > 1)
    heard = (before_after.hits_of(pair[0], before, held_out), before_after.hits_of(pair[1], after, held_out))
    woken = (before_after.woken_by(pair[0], before, held_out), before_after.woken_by(pair[1], after, held_out))
    changes = before_after.changes(heard[0], heard[1], held_out.engines)
    for change in changes:
        if change.is_worse:
            project.on_event(Notice("warning", before_after.warning(change)))
    train.write_candidate(project, pair[1], after)
    return {
        "line": f"{_counted(pending['clips'])} added; {_told(changes)}; {after.text}",
        **train.summary_of(project, material, pair[1], after),
        "cpu_s": round(cpu_s, 1),
        "choice": {"name": pending["choice"]} if pending["choice"] else {},
        "added": pending["clips"],
        "before_after": before_after.to_json(changes, before, after, woken),
    }


def _counted(clips: dict[str, dict[str, int]]) -> str:
    total = {label: sum(splits.values()) for label, splits in clips.items()}
    held_out = sum(splits["val"] for splits in clips.values())
    return f"{total['positive']} clips of the phrase and {total['negative']} of others ({held_out} held out)"


def _told(changes: Sequence[before_after.Change]) -> str:
    """Sum up the recall of what was added and of all else."""
    own = [change for change in changes if change.group == before_after.ADDED_CLIPS]
    parts = [
        f"{name} {sum(one.before.hits for one in some)} → {sum(one.after.hits for one in some)} "
        f"of {sum(one.after.total for one in some)}"
        for name, some in (("added clips", own), ("others", [one for one in changes if one not in own]))
        if some
    ]
    return f"heard of what is held out: {', '.join(parts)}" if parts else "nothing is held out to compare by"
