"""Named random streams: what is drawn depends on a name, never on order or process."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, *path: str | int) -> np.random.Generator:
    """Give the random stream that belongs to `path` under `seed`.

    It depends on its name alone, never on what was drawn before or in which process, so
    `stream(7, "scene", 41, "room")` is the same with one worker or sixteen. Every seed ≥ 0 is valid.
    """
    key = tuple(_word(part) for part in path)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def derive(seed: int, *path: str | int) -> int:
    """Give a seed (0 … 2³¹ − 1) for things that take an integer instead of a generator."""
    text = repr((seed, *path)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") & 0x7FFFFFFF


def share(seed: int, *path: str | int) -> float:
    """Give a number in [0, 1) that belongs to `path`: to put a name into a split, say."""
    text = repr((seed, *path)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=7).digest(), "little") / 2.0**56


def _word(part: str | int) -> int:
    tagged = f"{type(part).__name__}:{part}".encode()  # "1" and 1 are two names
    return int.from_bytes(hashlib.blake2b(tagged, digest_size=8).digest(), "little")
