"""Test material as the device's own microphone hears it, while this machine plays it."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wakegen.audio.player import play as play_file
from wakegen.bench.items import RATE_HZ, EvalItem
from wakegen.core.errors import DeviceError

I16 = NDArray[np.int16]

_MARGIN_S = 2.0  # what a player takes to begin
_LEAST_LIKENESS = 0.05  # of what was recorded and what was played; noise alone has 0.01 over a second


class Recorder(Protocol):
    """What has a microphone."""

    def record(self, samples: int, /) -> I16:
        """Give so many samples of it."""
        ...


class ThroughAir:
    """Plays and records. What it gives begins where what was played begins, so that a phrase's place stays what it was."""

    def __init__(self, device: Recorder, play: Callable[[Path], tuple[str, str]] = play_file) -> None:
        self._device, self._play = device, play

    def item(self, item: EvalItem) -> EvalItem:
        """Give the same piece of sound, to be played and recorded when it is asked for."""
        return replace(item, samples=lambda: self.heard(item.load()))

    def heard(self, samples: I16) -> I16:
        """Play samples and give what the microphone made of them, as many.

        Raises
        ------
        DeviceError : nothing here plays sound, or the microphone did not hear it.
        """
        import soundfile

        said: list[tuple[str, str]] = []
        with tempfile.TemporaryDirectory(prefix="wakegen-air-") as folder:
            path = Path(folder) / "played.wav"
            soundfile.write(path, samples, RATE_HZ, subtype="PCM_16")
            player = threading.Thread(target=lambda: said.append(self._play(path)))
            player.start()
            recorded = self._device.record(len(samples) + round(_MARGIN_S * RATE_HZ))
            player.join()
        name, reason = said[0] if said else ("", "it was interrupted")
        if not name:
            raise DeviceError(f"Nothing plays sound here: {reason}.", hint="Install a player, such as alsa-utils.")
        start = _place(recorded, samples)
        return recorded[start : start + len(samples)]


def _place(recorded: I16, played: I16) -> int:
    """Find where in a recording something begins, by cross-correlation.

    Raises
    ------
    DeviceError : it is not in there.
    """
    from scipy.signal import fftconvolve

    there, here = recorded.astype(np.float64), played.astype(np.float64)
    there -= there.mean()
    products = fftconvolve(there, here[::-1], mode="valid")
    squares = np.concatenate([[0.0], np.cumsum(there**2)])
    energy = squares[len(here) :] - squares[: len(squares) - len(here)]
    likeness = np.abs(products) / np.sqrt(np.maximum(energy * np.sum(here**2), 1e-9))
    start = int(np.argmax(likeness))
    if likeness[start] < _LEAST_LIKENESS:
        raise DeviceError(
            f"The device's microphone did not hear what was played: their likeness is {likeness[start]:.2g}.",
            hint="Is the loudspeaker on, is it loud enough, does the device stand near it?",
        )
    return start
