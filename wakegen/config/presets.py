"""How much of everything a preset means. Rows of numbers: tune them here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preset:
    """The sizes of one run; counts are clips before they are put into scenes."""

    name: str
    positives: int  # the phrase
    confusables: int  # sounds like it, is not it
    sentences: int  # fluent speech by the voices that speak the phrase
    words: int  # one to three words
    noise: int  # eight seconds without speech
    copies: int  # scenes per clip
    engine_cpu_s: float  # that each engine may take
    bank_hours: float  # of the negative bank, made if it is not there; 0: the one that ships
    train: str  # a row of TRAIN
    val_hours: float  # continuous audio that sets the threshold
    test_hours: float  # continuous audio that counts false accepts
    doc: str


@dataclass(frozen=True, slots=True)
class TrainPreset:
    """How long a head is trained, and how many heads are averaged in the exported graph."""

    name: str
    heads: int
    steps: int
    chooses: bool = False  # whether what depends on the phrase is chosen by trying


PRESETS = {
    row.name: row
    for row in (
        Preset("quick", 2000, 600, 700, 900, 120, 2, 40.0, 0.0, "small", 1.0, 0.5, "A first detector within five minutes."),
        Preset("standard", 5500, 1600, 1500, 2700, 200, 2, 250.0, 6.5, "standard", 3.0, 1.0, "What a detector in use should have."),
        Preset("best", 12000, 3000, 3000, 4000, 400, 2, 3000.0, 6.5, "best", 4.0, 2.0, "More data and time for the last points."),
    )
}  # fmt: skip

TRAIN = {
    row.name: row
    for row in (
        TrainPreset("tiny", 1, 200),
        TrainPreset("small", 2, 700),
        TrainPreset("standard", 3, 700, True),
        TrainPreset("best", 5, 900, True),
    )
}


BACKBONES = {"full": "no-relu", "nano": "nano"}  # the variant of `features.weights` for each
DEFAULT_BACKBONE = "full"


def values(name: str, *, count: int | None = None, train: str | None = None) -> dict[str, object]:
    """Give a preset as configuration keys.

    A `count` of the user's own scales the negatives with it; a training preset of the user's own replaces the row's.
    """
    row = PRESETS[name]
    share = 1.0 if count is None else count / row.positives
    effort = TRAIN[train or row.train]
    return {
        "generation.count": row.positives,
        "generation.engine_cpu_s": row.engine_cpu_s,
        "generation.negatives.confusables": _scaled(row.confusables, share),
        "generation.negatives.sentences": _scaled(row.sentences, share),
        "generation.negatives.words": _scaled(row.words, share),
        "generation.negatives.noise": _scaled(row.noise, share),
        "generation.negatives.bank_hours": row.bank_hours,
        "augmentation.augmented_per_original": row.copies,
        "train.preset": effort.name,
        "train.heads": effort.heads,
        "train.steps": effort.steps,
        "evaluation.val_hours": row.val_hours,
        "evaluation.test_hours": row.test_hours,
    }


def _scaled(number: int, share: float) -> int:
    return max(1, round(number * share))
