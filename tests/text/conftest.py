"""The real espeak-ng, and lexicons made with it once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from wakegen.espeak import Espeak
from wakegen.text.lexicon import Lexicon, build_lexicon


@pytest.fixture(scope="session")
def espeak() -> Iterator[Espeak]:
    with Espeak() as one:
        yield one


@pytest.fixture(scope="session")
def english_lexicon(espeak: Espeak) -> Lexicon:
    return build_lexicon("en", espeak.phonemes)


@pytest.fixture(scope="session")
def russian_lexicon(espeak: Espeak) -> Lexicon:
    return build_lexicon("ru", espeak.phonemes, 5000)
