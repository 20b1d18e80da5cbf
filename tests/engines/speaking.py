"""What the tests of the small engines share: an engine or a skip, lengths, and the pitch of a voice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from wakegen.engines import table
from wakegen.engines.base import Engine, Speech

SENTENCE = "good morning my name is anna and I am wearing a long yellow raincoat"
# Texts that look like options, commands, markup or strings of another language to a program that is not careful.
TRICKY = (
    "-o", "--help", "-voice rms", '"', '") (exit 0) ("', "\\", "\\\"", "'", "(system \"false\")", "$(false)", "`false`",
    "; false", "%s%n", "a & b", "a > b", "@", "#1", "100%", "a_b", "{}", "~", "[[h]]", "o'clock", "(", ")", "1 < 2",
)  # fmt: skip


@contextmanager
def engine_or_skip(name: str) -> Iterator[Engine]:
    status = table.status(name)
    if not status.available:
        pytest.skip(f"{name}: {status.reason}. {status.install}")
    with table.load(name) as engine:
        yield engine


def heard_s(speech: Speech) -> float:
    """Seconds from the first to the last sound."""
    loud = np.flatnonzero(np.abs(speech.samples) > 0.02 * np.abs(speech.samples).max())
    return float(loud[-1] - loud[0]) / speech.rate_hz


def pitch_hz(speech: Speech) -> float:
    """The median pitch of its voiced parts, by the first strong peak of the autocorrelation, 60 … 400 Hz."""
    rate, length = speech.rate_hz, int(0.04 * speech.rate_hz)
    shortest, longest = rate // 400, rate // 60
    window = np.hanning(length)
    shape = np.correlate(window, window, "full")[length - 1 :]
    found = []
    for start in range(0, speech.samples.size - length, length // 2):
        frame = speech.samples[start : start + length] * window
        power = float(frame @ frame)
        if power < 0.1:
            continue
        curve = np.correlate(frame, frame, "full")[length - 1 :][:longest] / power / (shape[:longest] / shape[0])
        lag = shortest + int(np.argmax(curve[shortest:]))
        if curve[lag] > 0.7:
            found.append(rate / lag)
    return float(np.median(found))
