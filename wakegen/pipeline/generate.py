"""Stage `generate`: plan everything that is spoken, then speak it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from wakegen.audio.io import scan_folder
from wakegen.config.engines import DEFAULT
from wakegen.core.errors import BadInput, EngineError
from wakegen.core.events import Notice
from wakegen.dataset.clip_cache import tended
from wakegen.dataset.fill import fill, tasks_of
from wakegen.dataset.plan import plan_speech, plan_stand_ins
from wakegen.dataset.recordings import plan_recordings
from wakegen.dataset.speak import speak_task
from wakegen.dataset.store import DONE, FAILED, PLANNED, SPEECH, Clip, Store
from wakegen.pipeline.material import gather
from wakegen.pipeline.project import Project

NAME = "generate"


def run(project: Project, *, redo: bool = False) -> dict[str, Any]:
    """Plan and speak. Rows that are done stay; with `redo`, failed ones are tried again."""
    return project.stage(
        NAME, "Speak the phrase and what is not the phrase", redo=redo, work=lambda: _work(project, redo)
    )


def _work(project: Project, redo: bool) -> dict[str, Any]:
    store = project.store
    if store.meta("planned") is None:
        _plan(project)
    if redo:
        with store.transaction():
            for clip in _failed(store):
                store.update(clip.id, state=PLANNED, reason="")
    with tended(store.tally("engine", stage=SPEECH, state=PLANNED), project.on_event):
        _speak(project)
        if _plan_stand_ins(project):
            _speak(project)
    summary = _summary(project)
    if not summary["by_kind"].get("phrase"):
        raise EngineError(
            f"No clip of the phrase could be spoken: {next(iter(summary['reasons']), 'all are duplicates')}",
            hint=f"Try again with `wakegen generate --project {project.folder}`, or choose another engine or voice.",
        )
    return summary


def _speak(project: Project) -> None:
    """Speak what is planned, voice by voice: an engine loads each voice (espeak-ng: each language) once."""
    store = project.store
    rows = sorted(store.clips(stage=SPEECH, state=PLANNED), key=lambda row: (row.engine, row.voice, row.id))
    totals = Counter(row.engine for row in rows)
    tasks = [(str(project.folder), project.settings.limits.retries, part) for part in tasks_of(rows)]
    with project.executor() as executor:
        fill(store, tasks, speak_task, stage=NAME, executor=executor, on_event=project.on_event, totals=totals)


def _failed(store: Store) -> list[Clip]:
    """Give the clips that could not be spoken, but for those that another engine was asked for."""
    replaced = _stood_in_for(store)
    return [clip for clip in store.clips(stage=SPEECH, state=FAILED) if clip.id not in replaced]


def _stood_in_for(store: Store) -> frozenset[int]:
    return frozenset(json.loads(store.meta("stood_in_for") or "[]"))


def _plan_stand_ins(project: Project) -> bool:
    """Let other engines say, once, what an engine could not; say so, and tell whether there is something to speak."""
    store = project.store
    failed = [clip for clip in _failed(store) if clip.engine != DEFAULT]
    if not failed:
        return False
    found = gather(project.settings)
    first_id = store.next_id()
    rows = list(plan_stand_ins(project.settings, found.phrase, found.speakers, found.texts, failed, first_id=first_id))
    counts = Counter(clip.engine for clip in failed)
    notices = [
        f"{engine} could not speak {count:,} clips; other engines spoke in its place."
        for engine, count in sorted(counts.items())
    ]
    with store.transaction():
        store.add(rows)
        store.set_meta("planned", str(first_id + len(rows) - 1))
        store.set_meta("stood_in_for", json.dumps(sorted({*_stood_in_for(store), *(clip.id for clip in failed)})))
        store.set_meta("notices", json.dumps([*json.loads(store.meta("notices") or "[]"), *(notices if rows else ())]))
    for text in notices if rows else ():
        project.on_event(Notice("warning", text))
    return bool(rows)


def _plan(project: Project) -> None:
    """Write the plan in one transaction: it is there whole, or not at all."""
    ingredients = gather(project.settings)
    for text in ingredients.notices:
        project.on_event(Notice("warning", text))
    clips = list(plan_speech(project.settings, ingredients.phrase, ingredients.speakers, ingredients.texts))
    owned = list(plan_recordings(project.settings, _scan(project), first_id=len(clips) + 1))
    with project.store.transaction():
        project.store.add([*clips, *owned])
        project.store.set_meta("planned", str(len(clips) + len(owned)))
        project.store.set_meta("language", ingredients.phrase.language)
        project.store.set_meta("weights", json.dumps(ingredients.weights))
        project.store.set_meta("notices", json.dumps(ingredients.notices))
        project.store.set_meta("held_out", json.dumps(ingredients.held_out))
        project.store.set_meta("commercial", json.dumps(ingredients.commercial))
        project.store.set_meta("validators", json.dumps(ingredients.validators))


def _scan(project: Project) -> dict[str, tuple[Path, ...]]:
    """Sort the user's folders; files that cannot be read are listed and left out."""
    folders = project.settings.folders
    found: dict[str, tuple[Path, ...]] = {}
    for use, paths in (("negative", folders.negatives), ("positive", folders.recordings)):
        good: list[Path] = []
        for folder in paths:
            fine, bad = scan_folder(folder)
            good += fine
            for path, reason in bad:
                project.on_event(Notice("warning", f"Skipped {path.name}: {reason}"))
            if bad:
                project.on_event(
                    Notice("warning", f"{len(bad)} of {len(bad) + len(fine)} files in {folder} were skipped.")
                )
        if paths and not good:
            listed = ", ".join(map(str, paths))
            raise BadInput(
                f"No usable sound file in {listed}.", hint="Give wav, flac, ogg or mp3 files, mono or stereo."
            )
        found[use] = tuple(good)
    return found


def _summary(project: Project) -> dict[str, Any]:
    store = project.store
    done, failed = store.count(stage=SPEECH, state=DONE), store.count(stage=SPEECH, state=FAILED)
    return {
        "line": f"{done:,} clips" + (f", {failed:,} could not be spoken" if failed else ""),
        "clips": done,
        "failed": failed,
        "reasons": store.tally("reason", stage=SPEECH, state=FAILED),
        "by_kind": store.tally("kind", stage=SPEECH, state=DONE),
        "by_engine": store.tally("engine", stage=SPEECH, state=DONE),
    }
