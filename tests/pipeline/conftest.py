from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import wakegen
from tests.small import settings, small_bank
from wakegen.core.events import ignore
from wakegen.pipeline import generate
from wakegen.pipeline.project import opened


@pytest.fixture(scope="session")
def cache(tmp_path_factory) -> Path:
    """Give a cache folder with a small bank in it."""
    folder = tmp_path_factory.mktemp("cache")
    small_bank(folder)
    return folder


@pytest.fixture(autouse=True)
def _environment(cache, monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("WAKEGEN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WAKEGEN_CACHE", str(cache))
    monkeypatch.setenv("WAKEGEN_LOG_DIR", str(tmp_path / "log"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture(scope="session")
def _planned(tmp_path_factory, cache) -> Path:
    folder = tmp_path_factory.mktemp("planned") / "project"
    with opened(settings(folder), on_event=ignore) as project:
        generate._plan(project)
    return folder


@pytest.fixture
def planned(_planned, tmp_path) -> Path:
    """Give a project whose speech is planned and not spoken yet: planning asks espeak for seconds."""
    return Path(shutil.copytree(_planned, tmp_path / "planned"))


@pytest.fixture(scope="session")
def made(_planned, tmp_path_factory, cache) -> Path:
    """Give a project that an undisturbed run of one process made. Not to be changed."""
    folder = Path(shutil.copytree(_planned, tmp_path_factory.mktemp("made") / "project"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAKEGEN_CACHE", str(cache))
        wakegen.make(settings(folder))
    return folder


@pytest.fixture
def copy(made, tmp_path) -> Path:
    """Give a copy of the finished project."""
    return Path(shutil.copytree(made, tmp_path / "copy"))
