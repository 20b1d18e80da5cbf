"""Level 1: sound in files and sound as arrays. 16 kHz mono; float32 in ±1 for DSP, int16 where it is stored."""

from __future__ import annotations

RATE_HZ = 16_000
