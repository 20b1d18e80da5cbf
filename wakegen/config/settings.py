"""Everything a run can be told, as frozen data. Each field carries its own doc line and bounds.

The loader, the checker, `wakegen config show`, the written wakegen.yaml and the reference page all read these fields:
a new key is one line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wakegen.config.presets import BACKBONES, DEFAULT_BACKBONE, PRESETS, TRAIN
from wakegen.core.names import slug

AUTO = "auto"  # the name that stands for all engines that can be used


def key(
    default: Any,
    doc: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    data: bool = True,
) -> Any:
    """Declare a configuration key. `data` says whether it decides which clips a project holds."""
    return field(default=default, metadata={"doc": doc, "low": low, "high": high, "choices": choices, "data": data})


@dataclass(frozen=True, slots=True)
class Project:
    """What the project is called."""

    name: str | None = key(None, "Name of the detector and its files; null: made from the phrase.", data=False)
    version: str = key("1.0.0", "The user's own version of the project.", data=False)


@dataclass(frozen=True, slots=True)
class Variation:
    """How far the spoken clips differ from one another. Ranges are [lowest, highest]."""

    rate: tuple[float, float] = key((0.55, 1.5), "Speaking rate against the voice's own.", low=0.4, high=2.5)
    pitch: tuple[float, float] = key((-5.0, 5.0), "Pitch shift, semitones.", low=-12, high=12)
    pitch_range: tuple[float, float] = key((0.2, 1.8), "Liveliness of the melody; 0 is monotone.", low=0, high=2)
    warp: tuple[float, float] = key(
        (-3.0, 3.0), "Length of the vocal tract (formants and pitch), semitones.", low=-6, high=6
    )
    emphasis: bool = key(True, "Stress one word or another.")
    pauses: tuple[float, float] = key((0.0, 0.25), "Pause between words, seconds.", low=0, high=0.5)
    accents: float = key(0.35, "Share of the phrase spoken by voices of other languages.", low=0, high=1)
    spelling: bool = key(True, "Spelling variants and near pronunciations of the phrase.")


@dataclass(frozen=True, slots=True)
class Negatives:
    """How many clips that are not the phrase; the preset says how many unless a number stands here."""

    confusables: int = key(1600, "Texts that sound like the phrase.", low=0, high=1_000_000)
    sentences: int = key(1500, "Fluent sentences by the voices that speak the phrase.", low=0, high=1_000_000)
    words: int = key(2700, "Utterances of one to three words.", low=0, high=1_000_000)
    noise: int = key(200, "Recordings of eight seconds without speech.", low=0, high=1_000_000)
    bank_hours: float = key(
        6.5,
        "Hours of the negative bank, which all phrases share and the first one makes; 0: only that which comes with wakegen.",
        low=0,
        high=100,
        data=False,
    )


@dataclass(frozen=True, slots=True)
class Generation:
    """What is spoken, how often and how."""

    wake_words: tuple[str, ...] = key((), "The phrases; each gets a detector of its own.")
    count: int = key(3500, "Clips of the phrase, before scenes.", low=1, high=1_000_000)
    output_dir: Path | None = key(None, "The project folder; null: output/NAME.", data=False)  # noqa: RUF009
    engine_cpu_s: float = key(
        200.0,
        "CPU seconds that `auto` grants each engine; what it cannot say in them, the embedded voice says.",
        low=0,
        high=1_000_000,
    )
    language: str = key("en", "Language of the phrase (BCP 47, as `wakegen voices list` shows it).")
    variation: Variation = field(default_factory=Variation)
    negatives: Negatives = field(default_factory=Negatives)


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """One engine, which of its voices, and its share of the clips."""

    type: str = key(
        AUTO, "Name of the engine (`wakegen engines` lists them); auto: all that can be used, in good shares."
    )
    voices: tuple[str, ...] = key((), "Voices by name; empty: all that fit the language.")
    weight: float = key(1.0, "Share of the clips, relative to the other engines.", low=0.0001, high=1_000_000)


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How clips are put into rooms and noise."""

    enabled: bool = key(True, "Put clips into scenes at all.")
    profiles: tuple[str, ...] = key((), "Environments by name; empty: those of the device.")
    augmented_per_original: int = key(2, "Scenes per clip.", low=1, high=100)


@dataclass(frozen=True, slots=True)
class Export:
    """What comes out, and when it may."""

    format: str = key("openwakeword", "Form of the detector.", data=False)
    split_ratio: tuple[float, float, float] = key(
        (0.8, 0.1, 0.1), "Shares of train, validation and test.", low=0, high=1
    )
    allow_poor: bool = key(False, "Export a detector that misses its limits (its sidecar says so).", data=False)


@dataclass(frozen=True, slots=True)
class Train:
    """How the heads are trained, and on what."""

    preset: str = key("standard", "Effort by name.", choices=tuple(TRAIN), data=False)
    heads: int = key(
        3, "Heads with different seeds, averaged inside the one exported graph.", low=1, high=20, data=False
    )
    steps: int = key(700, "Steps of training per head.", low=1, high=100_000, data=False)
    backbone: str = key(
        DEFAULT_BACKBONE,
        "What turns sound into what the heads see: the network that all runtimes have, or one a quarter of its size.",
        choices=tuple(BACKBONES),
        data=False,
    )


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How much continuous audio the detector is judged on, and what it must reach to be exported."""

    val_hours: float = key(2.0, "Hours that set the threshold.", low=0.01, high=1000)
    test_hours: float = key(1.0, "Hours that count false accepts.", low=0.01, high=1000)
    target_fa_per_hour: float = key(
        0.5,
        "False accepts per hour that the threshold aims at.",
        low=0,
        high=1000,
        data=False,
    )
    min_recall: float = key(0.5, "Recall below which nothing is exported.", low=0, high=1, data=False)
    max_fa_per_hour: float = key(
        4.0, "False accepts per hour above which nothing is exported.", low=0, high=100_000, data=False
    )
    max_p99_ms: float | None = key(
        None, "Slowest 80 ms step (99th percentile), ms; null: the device's own limit.", low=0, high=10_000, data=False
    )
    max_rss_mb: float | None = key(
        None, "Most memory while running, MB; null: no limit.", low=1, high=1_000_000, data=False
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use. Nothing here changes a single clip."""

    jobs: int | None = key(None, "Processes that work at once; null: one per processor.", low=1, high=4096, data=False)
    retries: int = key(2, "New tries for a clip that an engine failed on.", low=0, high=100, data=False)


@dataclass(frozen=True, slots=True)
class Folders:
    """The user's own sounds. Relative paths count from the file that names them."""

    negatives: tuple[Path, ...] = key((), "Recordings without the phrase, for training.")
    noise: tuple[Path, ...] = key((), "Background noise, for scenes.")
    rir: tuple[Path, ...] = key((), "Room impulse responses, for scenes.")
    recordings: tuple[Path, ...] = key((), "The phrase as people really say it, for evaluation only.")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run, with where each value came from."""

    project: Project = field(default_factory=Project)
    generation: Generation = field(default_factory=Generation)
    engines: tuple[EngineChoice, ...] = key((EngineChoice(),), "Who speaks; `providers` means the same.")
    augmentation: Augmentation = field(default_factory=Augmentation)
    export: Export = field(default_factory=Export)
    train: Train = field(default_factory=Train)
    evaluation: Evaluation = field(default_factory=Evaluation)
    limits: Limits = field(default_factory=Limits)
    folders: Folders = field(default_factory=Folders)
    preset: str = key("standard", "Sizes by name.", choices=tuple(PRESETS), data=False)
    device: str = key("rpi4", "The device the detector is for: a profile's name or file.")
    seed: int = key(1, "Everything random follows from it.", low=0, high=2**31 - 1)
    strict: bool = key(False, "What is not available is an error, not a warning.", data=False)
    origins: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    notices: tuple[str, ...] = field(default=(), compare=False)  # what was asked for and is not available

    @property
    def phrase(self) -> str:
        """The phrase of a run that has one ("" where none was given)."""
        return self.generation.wake_words[0] if self.generation.wake_words else ""

    @property
    def automatic(self) -> bool:
        """Whether the engines are chosen by what is there."""
        return any(choice.type == AUTO for choice in self.engines)

    @property
    def name(self) -> str:
        """The detector's name, safe as a file name."""
        return slug(self.project.name or self.phrase)

    @property
    def project_dir(self) -> Path:
        """The project folder."""
        return self.generation.output_dir or Path("output") / self.name

    def per_phrase(self) -> tuple[Settings, ...]:
        """Give one settings object per phrase: several phrases have one folder each below the output folder."""
        words = self.generation.wake_words
        if len(words) < 2:
            return (self,)
        parent = self.generation.output_dir or Path("output")
        return tuple(
            replace(
                self,
                project=replace(self.project, name=slug(word)),
                generation=replace(self.generation, wake_words=(word,), output_dir=parent / slug(word)),
            )
            for word in words
        )
