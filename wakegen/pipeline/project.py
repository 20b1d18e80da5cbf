"""A project folder: its settings, its store, and which stages are done for what."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wakegen import config, profiles
from wakegen.config import EngineChoice, Settings
from wakegen.config.presets import BACKBONES, DEFAULT_BACKBONE
from wakegen.core.errors import BadInput, ProjectMismatch
from wakegen.core.events import OnEvent, StageDone, StageStarted
from wakegen.core.executor import Processes, Serial, default_jobs, executor
from wakegen.core.files import storage_error, sweep, write_text
from wakegen.core.lock import only_one
from wakegen.dataset.store import Store

CONFIG_NAME = "wakegen.yaml"
DATABASE_NAME = "wakegen.db"


@dataclass(frozen=True, slots=True)
class Project:
    """An open project. Only `opened` makes one, so whoever has one holds its lock."""

    folder: Path
    settings: Settings
    store: Store
    on_event: OnEvent

    @property
    def jobs(self) -> int:
        """Worker processes to use."""
        return self.settings.limits.jobs or default_jobs()

    @property
    def model_path(self) -> Path:
        """Where the detector is exported to."""
        return self.folder / "models" / f"{self.settings.name}.onnx"

    @property
    def variant(self) -> str:
        """The variant of the backbone that its settings ask for."""
        return BACKBONES[self.settings.train.backbone]

    @property
    def trained_backbone(self) -> str:
        """The backbone that its detector was trained on, whatever the settings say by now."""
        done = self.store.stage("train")
        return str(json.loads(done[1]).get("backbone", DEFAULT_BACKBONE)) if done else DEFAULT_BACKBONE

    def on_backbone(self, name: str) -> Project:
        """Give the same project with another backbone asked for."""
        return replace(self, settings=replace(self.settings, train=replace(self.settings.train, backbone=name)))

    @property
    def validators(self) -> frozenset[str]:
        """The engines that speak here and take no part in training."""
        return frozenset(json.loads(self.store.meta("validators") or "[]"))

    def executor(self) -> Serial | Processes:
        """Give the workers of this run."""
        return executor(self.jobs)

    def fingerprint(self, *facts: Any) -> str:
        """Name what a stage is made from."""
        text = json.dumps([config.data_hash(self.settings), *facts], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def stage(
        self, name: str, title: str, *facts: Any, redo: bool, work: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """Run a stage unless it is done for the same facts; give its summary."""
        fingerprint = self.fingerprint(*facts)
        done = self.store.stage(name)
        if done is not None and done[0] == fingerprint and not redo:
            summary: dict[str, Any] = json.loads(done[1])
            self.on_event(StageDone(name, "already done", 0.0))
            return summary
        self.on_event(StageStarted(name, title))
        with self.store.transaction():
            self.store.forget_stages([name])  # killed from here on, it is not taken for done
        started = time.monotonic()
        summary = work()
        seconds = time.monotonic() - started
        with self.store.transaction():
            self.store.finish_stage(name, fingerprint=fingerprint, summary=summary, seconds=seconds)
        self.on_event(StageDone(name, str(summary.get("line", "")), seconds))
        return summary


@contextmanager
def opened(settings: Settings, *, on_event: OnEvent) -> Iterator[Project]:
    """Open the project folder that the settings name, creating it if needed, and lock it.

    Raises
    ------
    ProjectMismatch : the folder belongs to another phrase, or was planned with other settings.
    ProjectBusy, StorageError : see `core.lock` and `core.files`.
    """
    folder = settings.project_dir
    _check_named(settings)
    _refuse_foreign(folder)
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    planned = True
    try:
        with only_one(folder), Store(folder) as store:
            planned = False
            sweep(folder)
            _claim(store, settings, folder)
            try:
                yield Project(folder, settings, store, on_event)
            finally:
                planned = store.meta("planned") is not None
    finally:
        if made and not planned:
            _remove_empty(made)


def _remove_empty(made: Sequence[Path]) -> None:
    """Take back folders, the innermost first, that were made for a plan that could not be made: an unknown voice, say."""
    folder = made[0]
    for path in (*folder.glob(f"{DATABASE_NAME}*"), folder / CONFIG_NAME, folder / ".lock"):
        path.unlink(missing_ok=True)
    with suppress(OSError):  # somebody put something into one meanwhile: then it stays
        for path in made:
            path.rmdir()


def read_settings(folder: Path) -> Settings:
    """Give the settings that a project folder was made with.

    Raises
    ------
    BadInput : there is no project in the folder.
    """
    path = folder / CONFIG_NAME
    if not path.exists() or not (folder / DATABASE_NAME).exists():
        raise BadInput(
            f"{folder} holds no wakegen project.", hint='Make one with: wakegen make "hey katya" --device rpi4'
        )
    return config.load_settings(path, env={}, user_file=Path("/nonexistent"))


def _check_named(settings: Settings) -> None:
    """Refuse names that lead nowhere before a folder is made for them."""
    profiles.load(settings.device)
    folders = settings.folders
    for folder in (*folders.negatives, *folders.noise, *folders.rir, *folders.recordings):
        if not folder.is_dir():
            raise BadInput(f"{folder} is not a folder.", hint="Give the folder that holds the sound files.")


def _refuse_foreign(folder: Path) -> None:
    try:
        if folder.exists() and not folder.is_dir():
            raise BadInput(f"{folder} is a file, not a folder.", hint="Give another folder with --out.")
        strangers = folder.exists() and any(folder.iterdir()) and not (folder / DATABASE_NAME).exists()
    except OSError as error:
        raise storage_error(error, folder) from error
    if strangers and not _only_own_files(folder):
        raise ProjectMismatch(
            f"{folder} is not empty and holds no wakegen project.", hint="Give an empty or new folder with --out."
        )


def _only_own_files(folder: Path) -> bool:
    """A folder that a run left before its database was made holds a lock and perhaps a configuration."""
    return {path.name for path in folder.iterdir()} <= {".lock", CONFIG_NAME}


def _claim(store: Store, settings: Settings, folder: Path) -> None:
    """Write into a new project what it is; compare with that in an old one."""
    wanted = {"phrase": settings.phrase, "data_hash": config.data_hash(settings)}
    if store.meta("planned") is None:  # nothing was made yet, so nothing can be mixed up
        write_text(folder / CONFIG_NAME, config.to_yaml(settings))
        with store.transaction():
            for key, value in wanted.items():
                store.set_meta(key, value)
        return
    known = {key: store.meta(key) for key in wanted}
    if known["phrase"] != wanted["phrase"]:
        raise ProjectMismatch(
            f"{folder} belongs to the phrase '{known['phrase']}', not to '{wanted['phrase']}'.",
            hint="Give another folder with --out.",
        )
    if known["data_hash"] != wanted["data_hash"]:
        raise ProjectMismatch(
            f"{folder} was planned with other settings ({_changed(folder, settings)}).",
            hint="Give another folder with --out, or remove this one to start afresh.",
        )


def _changed(folder: Path, settings: Settings) -> str:
    """Name up to three keys that differ from the project's own configuration."""
    try:
        before = read_settings(folder)
    except BadInput:
        return "its wakegen.yaml cannot be read"
    changed = []
    for name, key in config.keys().items():
        old, new = (_shown(config.value_of(one, name)) for one in (before, settings))
        if key.data and old != new:
            changed.append(f"{name}: {old} → {new}")
    shown = changed[:3]
    return "; ".join(shown) or "of another version of wakegen"


def _shown(value: Any) -> str:
    """Write a setting as people do: names of engines instead of their rows."""
    if isinstance(value, tuple):
        return ", ".join(_shown(part) for part in value) or "none"
    if isinstance(value, EngineChoice):
        return f"{value.type} ({_shown(value.voices)})" if value.voices else value.type
    return str(value)
