"""Stage `simulate`: put every clip into the rooms, noise and microphone of the device."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wakegen import profiles
from wakegen.audio.dsp import Samples
from wakegen.audio.io import read, scan_folder
from wakegen.core.events import Notice, OnEvent
from wakegen.core.executor import Processes, Serial
from wakegen.core.paths import cache_folder
from wakegen.dataset.fill import fill, tasks_of
from wakegen.dataset.hear import Hearing, hear_task
from wakegen.dataset.plan_scenes import plan_scenes, plan_scenes_of
from wakegen.dataset.recordings import is_added
from wakegen.dataset.speak import RECORDING
from wakegen.dataset.store import DONE, PLANNED, SCENE, SPEECH, Clip
from wakegen.pipeline.project import Project
from wakegen.scenes import Bank, Sizes
from wakegen.scenes.bank import bank_key

NAME = "simulate"
_BANK_SEED = 1  # rooms and noises are the same for every phrase, so a machine makes them once per device


def run(project: Project, *, redo: bool = False) -> dict[str, Any]:
    """Plan the scenes of all clips that passed the gate, and render them."""
    return project.stage(
        NAME, "Put the clips into scenes", _spoken(project), redo=redo, work=lambda: _work(project, redo)
    )


def _spoken(project: Project) -> list[int]:
    return [clip.id for clip in project.store.clips(stage=SPEECH, state=DONE)]


def _work(project: Project, redo: bool) -> dict[str, Any]:
    store = project.store
    bank = _bank_folder(project)
    planned_for = project.fingerprint(_spoken(project), str(bank.name))
    added = _added_since(project)
    if not redo and added and store.meta("scenes_planned") == _planned_without(project, added, bank):
        _plan_more(project, added, Bank.load(bank).sizes, planned_for)
    elif redo or store.meta("scenes_planned") != planned_for:
        _plan(project, Bank.load(bank).sizes, planned_for)
    rows = list(store.clips(stage=SCENE, state=PLANNED))
    totals: dict[str, int] = {}
    for row in rows:
        totals[row.kind] = totals.get(row.kind, 0) + 1
    sounds = {clip.id: str(clip.sha256) for clip in store.clips(stage=SPEECH, state=DONE)}
    hearings = (_hearing(row, sounds) for row in rows)
    tasks = ((str(project.folder), str(bank), project.settings.device, part) for part in tasks_of(hearings))
    with project.executor() as executor:
        fill(store, tasks, hear_task, stage=NAME, executor=executor, on_event=project.on_event, totals=totals)
    done = store.count(stage=SCENE, state=DONE)
    return {"line": f"{done:,} scenes", "scenes": done, "by_kind": store.tally("kind", stage=SCENE, state=DONE)}


def _added_since(project: Project) -> list[Clip]:
    """Give the clips that were added and have no scenes yet."""
    store = project.store
    added = [clip for clip in store.clips(stage=SPEECH, state=DONE, engine=RECORDING) if is_added(clip)]
    heard = {scene.parent for scene in store.clips(stage=SCENE, engine=RECORDING)} if added else set()
    return [clip for clip in added if clip.id not in heard]


def _planned_without(project: Project, added: Sequence[Clip], bank: Path) -> str:
    """Give the fingerprint of the scenes as they were planned before clips were added."""
    new = {clip.id for clip in added}
    return project.fingerprint([i for i in _spoken(project) if i not in new], str(bank.name))


def _plan_more(project: Project, added: Sequence[Clip], sizes: Sizes, planned_for: str) -> None:
    """Give added clips scenes of their own; those that are there stay as they are."""
    store = project.store
    spoken = list(store.clips(stage=SPEECH, state=DONE))
    profile = profiles.load(project.settings.device)
    with store.transaction():
        store.forget_stages(["gate_scenes"])  # it has not judged these
        store.add(plan_scenes_of(added, project.settings, spoken, profile, sizes, first_id=store.next_id()))
        store.set_meta("scenes_planned", planned_for)


def _plan(project: Project, sizes: Sizes, planned_for: str) -> None:
    store = project.store
    spoken = list(store.clips(stage=SPEECH, state=DONE))
    profile = profiles.load(project.settings.device)
    first_id = int(store.meta("planned") or 0) + 1
    with store.transaction():
        store.delete(stage=SCENE)
        store.forget_stages(["gate_scenes"])  # what it judged is gone
        store.add(plan_scenes(project.settings, spoken, profile, sizes, first_id=first_id))
        store.set_meta("scenes_planned", planned_for)


def _hearing(row: Clip, sounds: Mapping[int, str]) -> Hearing:
    companions = {name: [sounds[i] for i in ids if i in sounds] for name, ids in row.parameters.items()}
    return Hearing(
        row,
        speech=sounds[row.parent] if row.parent is not None else None,
        before=next(iter(companions["before"]), None),
        after=next(iter(companions["after"]), None),
        babble=tuple(companions["babble"]),
    )


def _bank_folder(project: Project) -> Path:
    """Give the folder of the scene bank for this device and the user's sounds, making it on first use."""
    folders = project.settings.folders
    noises, rirs = (list(_sounds(project, paths)) for paths in (folders.noise, folders.rir))
    return scene_bank(project.settings.device, project.executor, project.on_event, user_rirs=rirs, user_noises=noises)


def scene_bank(
    device: str,
    executor: Callable[[], Serial | Processes],
    on_event: OnEvent,
    *,
    user_rirs: Sequence[Samples] = (),
    user_noises: Sequence[Samples] = (),
) -> Path:
    """Give the folder of the scene bank of a device, making it on first use."""
    profile = profiles.load(device)
    folder = cache_folder() / "banks" / bank_key(profile, _BANK_SEED, user_rirs=user_rirs, user_noises=user_noises)
    if not (folder / "bank.json").exists():
        on_event(Notice("info", f"Making rooms and noises for {profile.name} (once per device)."))
        with executor() as workers:
            bank = Bank.build(profile, _BANK_SEED, user_rirs=user_rirs, user_noises=user_noises, executor=workers)
        bank.save(folder)
    return folder


def _sounds(project: Project, paths: tuple[Path, ...]) -> Iterator[Any]:
    for folder in paths:
        good, bad = scan_folder(folder)
        for path, reason in bad:
            project.on_event(Notice("warning", f"Skipped {path.name}: {reason}"))
        if bad:
            project.on_event(Notice("warning", f"{len(bad)} of {len(bad) + len(good)} files in {folder} were skipped."))
        yield from (read(path) for path in good)
