"""The negative bank of a language: built once and found again; one of English comes with wakegen."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.config.presets import BACKBONES
from wakegen.config.settings import Negatives
from wakegen.core.errors import BadInput, EngineError
from wakegen.core.events import Notice, OnEvent, Progress, ignore
from wakegen.core.executor import Processes, Serial, default_jobs
from wakegen.core.executor import executor as make_executor
from wakegen.core.paths import cache_folder, models_folder
from wakegen.core.version import VERSION
from wakegen.dataset import bank as store
from wakegen.dataset.bank import NegativeBank, Segment
from wakegen.dataset.bank_build import RECIPE, Reading, Shard, make_shard
from wakegen.dataset.bank_plan import COPIES, SEED, Readers, plan
from wakegen.dataset.splits import language_of
from wakegen.engines import roll, table
from wakegen.engines.base import Answer
from wakegen.features import weights
from wakegen.features.weights import NO_RELU
from wakegen.pipeline.material import known_engines
from wakegen.pipeline.simulate import scene_bank
from wakegen.text.languages import find_language, native_voices

F32 = NDArray[np.float32]
DEVICE = "rpi4"  # whose rooms and microphone the bank is heard with: one bank serves all devices
_READINGS_PER_SHARD = 24


@dataclass(frozen=True, slots=True)
class BankInfo:
    """A bank, as `wakegen bank info` shows it."""

    path: Path
    language: str
    backbone: str
    hours: float
    hours_by_engine: dict[str, float]
    segments: int
    bytes: int
    licences: dict[str, list[str]]
    exit_code: int = 0

    def to_json(self) -> dict[str, Any]:
        """Give all of it as JSON knows it."""
        return {**asdict(self), "path": str(self.path)}

    @property
    def _of_backbone(self) -> str:
        return "" if self.backbone == "full" else f", backbone {self.backbone}"

    def to_text(self) -> str:
        """Give what a person wants to read first."""
        listed = ", ".join(f"{engine} {hours:.1f} h" for engine, hours in self.hours_by_engine.items())
        return (
            f"{self.language}{self._of_backbone}: {self.hours:.1f} h in {self.segments:,} segments, {self.bytes / 1e6:.0f} MB\n"
            f"  {listed}\n  {self.path}"
        )


def build_bank(
    language: str,
    *,
    hours: float | None = None,
    engines: Sequence[str] = (),
    jobs: int | None = None,
    redo: bool = False,
    backbone: str = "full",
    on_event: OnEvent = ignore,
) -> BankInfo:
    """Build the bank of a language for a backbone ("full" or "nano"), unless it is there.

    Raises
    ------
    BadInput, NotInstalled, EngineError : an engine that was named cannot read the language; and as `build`.
    """
    tag = find_language(language).tag
    wanted = hours or Negatives().bank_hours
    _check_named(engines, tag)
    workers = jobs or default_jobs()
    path = build(
        tag,
        wanted,
        engines=engines,
        executor=lambda: make_executor(workers),
        on_event=on_event,
        redo=redo,
        variant=BACKBONES[backbone],
    )
    return _info(path, store.load(path))


def _check_named(engines: Sequence[str], language: str) -> None:
    for name in engines:
        if not _readers(language, {name: roll.ask(name)}):
            raise BadInput(
                f"The engine '{name}' has no voice for '{language}' that may be used for anything.",
                hint=f"See `wakegen voices list --engine {name}`.",
            )


def list_banks() -> tuple[BankInfo, ...]:
    """Give the banks that are here and can be used: those that were built, by language, then those that ship."""
    languages = sorted({path.name.rpartition("-")[0] for path in folder().glob("*.npz")})
    found = [
        (path, bank)
        for language in languages
        for variant in BACKBONES.values()
        for path, bank in there(language, variant)
    ]
    found += [(path, store.load(path)) for path in shipped_paths()]
    return tuple(_info(path, bank) for path, bank in found)


def _info(path: Path, bank: NegativeBank) -> BankInfo:
    by_engine = {engine: round(hours, 3) for engine, hours in bank.hours_by_engine().items()}
    size = path.stat().st_size
    about = bank.about
    backbone = next((name for name, one in BACKBONES.items() if one == about["backbone"]["variant"]), "")
    return BankInfo(
        path, about["language"], backbone, round(bank.hours, 3), by_engine, len(bank.segments), size, about["licences"]
    )


def folder() -> Path:
    """Where banks are kept."""
    return cache_folder() / "negatives"


def path_of(language: str, readers: Sequence[Readers], readings: Sequence[Reading], variant: str = NO_RELU) -> Path:
    """Give the place of the bank that holds these readings, named by all that it is made from."""
    versions = [(one.engine, one.version) for one in readers]
    key = repr((store.VERSION, weights.identity(variant), versions, readings, RECIPE, DEVICE, COPIES))
    return folder() / f"{language}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"


def is_there(language: str, hours: float, engines: Sequence[str], variant: str = NO_RELU) -> bool:
    """Say whether the bank that `build` would make is there, or cannot be made."""
    try:
        readers = readers_of(language, engines)
        return path_of(language, readers, plan(language, hours, readers), variant).exists()
    except BadInput:
        return True


def build(
    language: str,
    hours: float,
    *,
    engines: Sequence[str] = (),
    executor: Callable[[], Serial | Processes],
    on_event: OnEvent,
    redo: bool = False,
    variant: str = NO_RELU,
) -> Path:
    """Make the bank of a language, unless it is there.

    Parameters
    ----------
    engines : by name; empty: all that can be used and train
    variant : of the backbone

    Raises
    ------
    BadInput : there is no word list for the language, no engine speaks it, or the hours are too few.
    EngineError : nothing could be spoken.
    """
    readers = readers_of(language, engines, on_event)
    readings = plan(language, hours, readers)
    if not readings:
        raise BadInput(f"{hours:g} hours are too few for a bank.", hint="Ask for an hour or more.")
    path = path_of(language, readers, readings, variant)
    if path.exists() and not redo:
        return path
    listed = ", ".join(one.engine for one in readers)
    on_event(
        Notice("info", f"Making the negative bank: {hours:g} h of speech by {listed} (once; all phrases share it).")
    )
    scenes = scene_bank(DEVICE, executor, on_event)
    shards = _shards(readings, scenes, variant)
    rows, segments, failures, first = [], [], Counter[str](), 0
    with executor() as workers:
        for made in workers.map(make_shard, shards):
            rows.append(made.rows)
            segments += [_moved(segment, first) for segment in made.segments]
            failures.update(made.failures)
            first += len(made.rows)
            on_event(
                Progress("bank", "segments", done=_READINGS_PER_SHARD, group_total=len(shards) * _READINGS_PER_SHARD)
            )
    if not segments:
        raise EngineError("No text of the bank could be spoken.", hint="Try `wakegen voices play` with these engines.")
    for engine, count in sorted(failures.items()):
        on_event(Notice("warning", f"{count:,} texts of the bank could not be spoken by {engine}; they are left out."))
    store.save(store.quantised(np.concatenate(rows), segments, _about(language, readers, variant)), path)
    for shard in shards:
        shard.path.unlink(missing_ok=True)
    return path


def readers_of(language: str, engines: Sequence[str] = (), on_event: OnEvent = ignore) -> tuple[Readers, ...]:
    """Give the engines that can read a language for the bank, with the voices of it. Raises BadInput for none."""
    usable = [
        name
        for name, one in known_engines().items()
        if not one.missing and (name in engines or (not engines and one.automatic))
    ]
    answers, broken = roll.ask_all(usable)
    for name, failure in broken.items():
        on_event(Notice("warning", f"The engine {name} is left out: {failure}"))
    found = _readers(language, answers)
    if not found:
        raise BadInput(f"No engine reads '{language}'.", hint="See `wakegen engines` and `wakegen voices list`.")
    return found


def _readers(language: str, answers: Mapping[str, Answer]) -> tuple[Readers, ...]:
    native = frozenset(native_voices(language))
    voices = {
        name: tuple(v for v in answer.voices if language_of(v) in native and not v.toy and v.commercial)
        for name, answer in answers.items()
    }
    return tuple(Readers(name, answers[name].version, mine) for name, mine in voices.items() if mine)


def _shards(readings: Sequence[Reading], scenes: Path, variant: str) -> list[Shard]:
    parts = (readings[at : at + _READINGS_PER_SHARD] for at in range(0, len(readings), _READINGS_PER_SHARD))
    kept = str(folder() / "shards")
    return [Shard(kept, str(scenes), DEVICE, SEED, COPIES, variant, tuple(part)) for part in parts]


def _moved(segment: Segment, by: int) -> Segment:
    return Segment(segment.engine, segment.voice, segment.speaker, segment.text, segment.first + by, segment.count)


def _about(language: str, readers: Sequence[Readers], variant: str = NO_RELU) -> dict[str, Any]:
    licences = {
        one.engine: sorted({voice.licence or table.row(one.engine).licence for voice in one.voices}) for one in readers
    }
    return {
        "language": language,
        "backbone": weights.identity(variant),
        "engines": {one.engine: one.version for one in readers},
        "licences": licences,
        "wakegen": VERSION,
    }


def shipped(language: str, variant: str = NO_RELU) -> NegativeBank | None:
    """Give the bank that comes with wakegen, if one is of this language and backbone."""
    name = language if variant == NO_RELU else f"{language}-{variant}"
    path = next((path for path in shipped_paths() if path.stem == name), None)
    bank = store.load(path) if path else None
    return bank if bank and bank.about["backbone"] == weights.identity(variant) else None


def shipped_paths() -> tuple[Path, ...]:
    """Give the banks that come with wakegen."""
    return tuple(sorted(models_folder("negatives").glob("*.npz")))


def there(language: str, variant: str = NO_RELU) -> Iterator[tuple[Path, NegativeBank]]:
    """Give the banks of a language and of this backbone that can be used, the largest first."""
    found = []
    for path in sorted(folder().glob(f"{language}-*.npz")):
        try:
            bank = store.load(path)
        except BadInput:
            continue
        if bank.about["backbone"] == weights.identity(variant) and bank.about["language"] == language:
            found.append((path, bank))
    yield from sorted(found, key=lambda pair: -pair[1].hours)
