"""The engine for tests does what tests rely on."""

from __future__ import annotations

import numpy as np
import pytest

from wakegen.core.errors import EngineError
from wakegen.engines.base import SpeechRequest
from wakegen.engines.fake import Fake


def test_two_voices_misbehave_on_purpose() -> None:
    with Fake() as engine:
        with pytest.raises(EngineError):
            engine.synthesize(SpeechRequest("hey", "fails"))
        mute = engine.synthesize(SpeechRequest("hey", "mute"))
        assert mute.samples.size > 0
        assert not mute.samples.any()


def test_seeds_and_speakers_are_told_apart() -> None:
    engine = Fake()
    clips = [
        engine.synthesize(SpeechRequest("hey katya", voice.name, seed=seed)).samples.tobytes()
        for voice in engine.voices()
        if not voice.toy
        for seed in (0, 1)
    ]
    assert len(set(clips)) == len(clips)


def test_the_same_word_is_alike_between_speakers_of_one_rate() -> None:
    engine = Fake()
    lengths = {engine.synthesize(SpeechRequest("hey katya", name)).samples.size for name in ("ann", "cem", "eli")}
    assert len(lengths) == 1


def test_rate_divides_the_length() -> None:
    engine = Fake()
    slow, fast = (engine.synthesize(SpeechRequest("hey katya", "ann", rate=rate)).samples.size for rate in (0.5, 2.0))
    assert np.isclose(slow / fast, 4.0, rtol=0.01)
