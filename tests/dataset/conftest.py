from __future__ import annotations

from pathlib import Path

import pytest

from tests.small import settings
from wakegen.pipeline.material import Ingredients, gather


@pytest.fixture(scope="session")
def ingredients() -> Ingredients:
    """Give phrase, speakers and texts of a small project."""
    return gather(settings(Path("unused")))


@pytest.fixture(scope="session")
def spoken_by_espeak() -> Ingredients:
    """The same with the embedded engine, which has thousands of voices and reads IPA."""
    return gather(settings(Path("unused"), engines=["espeak"], generation__count=200))
