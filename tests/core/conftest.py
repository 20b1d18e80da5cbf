from __future__ import annotations

import pytest

from tests.disk import mounted


@pytest.fixture
def small_disk(tmp_path):
    """Give a folder on a disk of 1 MB."""
    with mounted(tmp_path / "disk", size_kb=1024) as folder:
        yield folder
