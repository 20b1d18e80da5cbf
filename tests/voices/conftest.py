"""A folder of voices that is empty, and a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.voices.made import DATA, Server, served


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of voices; nobody's own settings count."""
    for name in ("WAKEGEN_CATALOGUE", "WAKEGEN_VOICES", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "wakegen" / "voices"


@pytest.fixture
def server() -> Iterator[Server]:
    with served(Server(files={"joe.onnx": DATA})) as running:
        yield running
