"""What a run would do and take, without doing it: the answer to --dry-run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wakegen import profiles
from wakegen.config import Settings
from wakegen.config.presets import BACKBONES, TRAIN
from wakegen.core.executor import default_jobs
from wakegen.dataset.plan import plan_speech
from wakegen.dataset.plan_scenes import NOISE_S, SCARCE, noise_counts
from wakegen.dataset.store import Clip
from wakegen.engines import table
from wakegen.pipeline import banks
from wakegen.pipeline.heads import CHANGES
from wakegen.pipeline.material import Ingredients, gather
from wakegen.text.languages import find_language

# Measured on two cores of a 2.x GHz server (docs/results.md); other machines differ. What speaking takes stands in the
# rows of the engines.
_CLIP_CPU_S = 0.003  # a clip: cut, stored
_SCENE_CPU_S = 0.012  # a scene: rendered, stored
_EMBED_CPU_S = 0.003  # a second of sound
_STEP_CPU_S = 0.03  # a training step
_BANK_CPU_S = 170.0  # an hour of the negative bank
_OVERHEAD_S = 45.0  # start, bank of rooms, evaluation's own start
_TEST_CPU_S = 0.003  # a second of test sound
_BYTES_PER_S = 26_000  # FLAC of noisy sound at 16 kHz
_PHRASE_S, _SENTENCE_S, _WORD_S = 1.0, 4.5, 1.2
_POSITIVE_SCENE_S, _MARGINS_S = 2.5, 1.5


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """A plan in numbers. Times and bytes are estimates."""

    phrase: str
    folder: str
    by_kind: dict[str, dict[str, int]]  # kind → split → clips
    by_engine: dict[str, int]
    by_style: dict[str, int]  # of the phrase: how it is spoken
    voices: int
    speakers: int
    scenes: dict[str, int]  # split → scenes
    seconds: float
    bytes: int
    jobs: int
    notices: tuple[str, ...]
    exit_code: int = 0

    def to_json(self) -> dict[str, Any]:
        """Give all of it as JSON knows it."""
        return {
            "phrase": self.phrase,
            "folder": self.folder,
            "clips": {
                "total": self.clips,
                "by_kind": self.by_kind,
                "by_engine": self.by_engine,
                "by_style": self.by_style,
            },
            "voices": self.voices,
            "speakers": self.speakers,
            "scenes": self.scenes,
            "estimated": {"seconds": round(self.seconds), "bytes": self.bytes, "jobs": self.jobs},
            "notices": list(self.notices),
        }

    @property
    def clips(self) -> int:
        """Clips to speak."""
        return sum(sum(splits.values()) for splits in self.by_kind.values())

    def to_text(self) -> str:
        """Give the plan as people read it."""
        lines = [f'Plan for "{self.phrase}" in {self.folder} (nothing was run)', ""]
        lines += [f"  {'kind':<12}{'train':>8}{'val':>8}{'test':>8}"]
        for kind, splits in self.by_kind.items():
            lines.append(f"  {kind:<12}" + "".join(f"{splits.get(split, 0):>8,}" for split in ("train", "val", "test")))
        lines += ["", f"  {self.clips:,} clips by {self.speakers} speakers ({self.voices:,} voices)"]
        lines += [f"  engines: {_listed(self.by_engine)}", f"  the phrase is spoken as: {_listed(self.by_style)}"]
        lines += [f"  scenes:  {_listed(self.scenes)}", ""]
        minutes = f"{self.seconds / 60:.0f} min" if self.seconds >= 90 else f"{self.seconds:.0f} s"
        lines.append(f"  Estimated: {minutes} with {self.jobs} processes, {self.bytes / 1e6:,.0f} MB on disk")
        return "\n".join([*lines, *(f"  Note: {text}" for text in self.notices)])


def plan_project(settings: Settings) -> PlanSummary:
    """Plan everything for one phrase and count it; nothing is written.

    Raises
    ------
    BadInput, NotInstalled : as `make` would.
    """
    ingredients = gather(settings)
    clips = list(plan_speech(settings, ingredients.phrase, ingredients.speakers, ingredients.texts))
    scenes = _scenes(settings, clips)
    jobs = settings.limits.jobs or default_jobs()
    by_kind: dict[str, dict[str, int]] = {}
    for clip in clips:
        splits = by_kind.setdefault(clip.kind, {})
        splits[clip.split] = splits.get(clip.split, 0) + 1
    return PlanSummary(
        phrase=settings.phrase,
        folder=str(settings.project_dir),
        by_kind=by_kind,
        by_engine=dict(Counter(clip.engine for clip in clips)),
        by_style=dict(Counter(_style(clip) for clip in clips if clip.kind == "phrase")),
        voices=len({clip.voice for clip in clips}),
        speakers=len({clip.speaker for clip in clips}),
        scenes=scenes,
        seconds=_seconds(settings, ingredients, clips, scenes, jobs),
        bytes=_bytes(settings, clips),
        jobs=jobs,
        notices=ingredients.notices,
    )


def _style(clip: Clip) -> str:
    return clip.accent if clip.accent in ("text", "blurred", "klatt") else "foreign accents"


def _scenes(settings: Settings, clips: Sequence[Clip]) -> dict[str, int]:
    counts = Counter(noise_counts(settings))
    for clip in clips:
        counts[clip.split] += _copies(settings, clip)
    return dict(counts)


def _copies(settings: Settings, clip: Clip) -> int:
    return settings.augmentation.augmented_per_original if clip.split == "train" and clip.kind in SCARCE else 1


def _speech_s(clip: Clip) -> float:
    return {"sentence": _SENTENCE_S, "word": _WORD_S}.get(clip.kind, _PHRASE_S)


def _scene_s(clip: Clip) -> float:
    return max(_POSITIVE_SCENE_S, _speech_s(clip) + _MARGINS_S)


def _heard_s(settings: Settings, clips: Sequence[Clip]) -> float:
    noise = sum(noise_counts(settings).values()) * NOISE_S
    return noise + sum(_scene_s(clip) * _copies(settings, clip) for clip in clips)


def _seconds(
    settings: Settings, ingredients: Ingredients, clips: Sequence[Clip], scenes: dict[str, int], jobs: int
) -> float:
    """Give the seconds of a run in which every clip is spoken anew."""
    speaking = sum(_CLIP_CPU_S + table.row(clip.engine).cpu_per_s * _speech_s(clip) for clip in clips)
    making = speaking + sum(scenes.values()) * _SCENE_CPU_S
    integers = profiles.load(settings.device).detector.format == "wgm"  # heard and trained once more, tested once more
    hearing = _heard_s(settings, clips) * _EMBED_CPU_S * (1 + integers)
    tried = len(CHANGES) if TRAIN[settings.train.preset].chooses and ingredients.validators else 0
    training = (settings.train.heads + tried + integers) * settings.train.steps * _STEP_CPU_S
    testing = settings.evaluation.test_hours * 3600 * _TEST_CPU_S * (1 + integers)
    return _OVERHEAD_S + testing + (making + hearing + training + _bank_cpu_s(settings, ingredients)) / jobs


def _bank_cpu_s(settings: Settings, ingredients: Ingredients) -> float:
    hours = settings.generation.negatives.bank_hours
    trainers = sorted(one.choice.type for one in ingredients.speakers if one.trains)
    variant = BACKBONES[settings.train.backbone]
    if not hours or banks.is_there(find_language(ingredients.phrase.language).tag, hours, trainers, variant):
        return 0.0
    return hours * _BANK_CPU_S


def _bytes(settings: Settings, clips: Sequence[Clip]) -> int:
    return round(_BYTES_PER_S * (_heard_s(settings, clips) + 0.6 * sum(map(_speech_s, clips))))


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items(), key=lambda item: -item[1]))
