"""Projects small enough for tests: the `fake` engine, a few dozen clips, a bank of a few rooms."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np

import wakegen
from wakegen import profiles
from wakegen.audio.io import read_flac
from wakegen.config import Settings
from wakegen.pipeline.simulate import _BANK_SEED
from wakegen.scenes import Bank, Sizes
from wakegen.scenes.bank import bank_key

PHRASE = "hey katya"
OPTIONS: dict[str, Any] = {
    "generation.wake_words": [PHRASE],
    "generation.count": 24,
    "generation.negatives.confusables": 12,
    "generation.negatives.sentences": 10,
    "generation.negatives.words": 10,
    "generation.negatives.noise": 4,
    "generation.negatives.bank_hours": 0,
    "evaluation.val_hours": 0.01,
    "evaluation.test_hours": 0.01,
    "engines": ["fake"],
    "train.steps": 20,
    "train.heads": 1,
    "export.allow_poor": True,
    "limits.jobs": 1,
    "device": "rpi4",
}


def settings(folder: Path, **more: Any) -> Settings:
    """Give settings of a small project; `more` has keys with `__` for dots."""
    given = {name.replace("__", "."): value for name, value in more.items()}
    options = OPTIONS | {"generation.output_dir": folder} | given
    return wakegen.load_settings(options=options, env={}, user_file=Path("/nonexistent"))


def arguments(folder: Path, **more: Any) -> list[str]:
    """Give the command line that means the same as `settings`."""
    given = OPTIONS | {name.replace("__", "."): value for name, value in more.items()}
    words = given.pop("generation.wake_words")
    engines, device = given.pop("engines"), given.pop("device")
    sets = [part for name, value in given.items() for part in ("--set", f"{name}={json.dumps(value)}")]
    return ["make", *words, "--engine", ",".join(engines), "--device", device, "--out", str(folder), *sets]


def small_bank(cache: Path, device: str = "rpi4") -> None:
    """Put a bank of a few rooms where `simulate` looks for the one it would make."""
    profile = profiles.load(device)
    folder = cache / "banks" / bank_key(profile, _BANK_SEED)
    if not (folder / "bank.json").exists():
        Bank.build(profile, _BANK_SEED, sizes=Sizes(rirs=6, noises=8, tones=2)).save(folder)


def content(folder: Path) -> dict[str, Any]:
    """Give everything that must not depend on how a run went: rows, the hashes of clips, the model's bytes."""
    with sqlite3.connect(f"file:{folder / 'wakegen.db'}?mode=ro", uri=True) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(clips)") if row[1] != "created"]
        rows = database.execute(f"SELECT {', '.join(columns)} FROM clips ORDER BY id").fetchall()
    database.close()
    candidate = folder / ".cache" / "candidate.onnx"
    model = hashlib.sha256(candidate.read_bytes()).hexdigest() if candidate.exists() else None
    return {"rows": [dict(zip(columns, row, strict=True)) for row in rows], "model": model}


def check_files(folder: Path) -> None:
    """Every done row's file is there and holds the samples that name it; nothing else lies about."""
    named = {row["sha256"] for row in content(folder)["rows"] if row["state"] == "done"}
    rejected = {row["sha256"] for row in content(folder)["rows"] if row["state"] == "rejected"}
    there = {path.stem: path for path in folder.glob("audio/*/*.flac")}
    assert named <= there.keys() <= named | rejected
    for sha256, path in there.items():
        samples = read_flac(path)
        assert samples.dtype == np.int16
        assert hashlib.sha256(samples.tobytes()).hexdigest() == sha256
    assert not list(folder.rglob(".tmp-*"))
