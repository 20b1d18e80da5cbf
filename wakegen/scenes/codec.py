"""What a link does to sound. `none`, or the telephone's G.711."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wakegen.audio import RATE_HZ
from wakegen.audio.dsp import fft_filter, resample, to_int16

_MU = 255.0


def through_codec(samples: NDArray[np.int16], codec: str) -> NDArray[np.int16]:
    """Send int16 samples, shape (n,), 16 kHz, through a codec and back; length and timing stay."""
    return _g711(samples) if codec == "g711" else samples


def _g711(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """Telephone: 300–3400 Hz, 8 kHz, 8 bits of logarithmic µ-law (the smooth formula of ITU-T G.711)."""
    narrow = fft_filter(samples.astype(np.float32) / np.float32(32768), [150, 300, 3400, 4000], [-40, 0, 0, -40])
    slow = np.clip(resample(narrow, RATE_HZ, 8000), -1, 1)
    code = np.rint(127 * np.sign(slow) * np.log1p(_MU * np.abs(slow)) / np.log1p(_MU))
    back = np.sign(code) * np.expm1(np.abs(code) / 127 * np.log1p(_MU)) / _MU
    wide = resample(back.astype(np.float32), 8000, RATE_HZ)
    return to_int16(np.resize(wide, len(samples)) if len(wide) < len(samples) else wide[: len(samples)])
