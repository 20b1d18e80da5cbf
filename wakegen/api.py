"""What the command line does, as calls. Names are public through `import wakegen`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wakegen.bench.gate import MLPERF_TINY, Limits
from wakegen.config import Settings
from wakegen.core.errors import BadInput, WakegenError
from wakegen.core.events import Notice, OnEvent, ignore
from wakegen.devices.transports.base import Target
from wakegen.engines import roll, table
from wakegen.engines.base import Answer, Voice
from wakegen.export.table import export_file, find_format
from wakegen.pipeline import add, before_after, evaluate, gate, generate, microcontroller, report, simulate, train
from wakegen.pipeline.bench import bench_stage
from wakegen.pipeline.check import Checked, check_phrase
from wakegen.pipeline.estimate import PlanSummary, plan_project
from wakegen.pipeline.on_device import Asked, bench_on_device
from wakegen.pipeline.project import DATABASE_NAME, Project, opened, read_settings
from wakegen.report.session import text as session_text
from wakegen.report.terminal import text_summary
from wakegen.voices.pull import pull
from wakegen.voices.result import PullResult

__all__ = [
    "Checked",
    "EngineInfo",
    "MakeResult",
    "PlanSummary",
    "Project",
    "bench_device",
    "check_phrase",
    "export_detector",
    "list_engines",
    "list_voices",
    "make",
    "plan_project",
    "pull_voices",
    "run_stage",
]

STAGES = ("generate", "simulate", "gate", "train", "test", "bench", "report")
GATE_NOT_MET = 6


@dataclass(frozen=True, slots=True)
class StageResult:
    """What a stage came to."""

    stage: str
    folder: Path
    summary: dict[str, Any]
    exit_code: int = 0

    def to_json(self) -> dict[str, Any]:
        """Give all of it as JSON knows it."""
        return {"stage": self.stage, "folder": str(self.folder), **self.summary}

    def to_text(self) -> str:
        """Give what a person wants to read first."""
        compared = self.summary.get("before_after")
        table = f"\n\n{before_after.to_text(compared)}" if compared else ""
        then = f"\n\nTest and export it: wakegen test --project {self.folder}" if self.stage == train.NAME else ""
        return f"{self.stage}: {self.summary['line']}{table}{then}"


@dataclass(frozen=True, slots=True)
class MakeResult:
    """What `make` came to: the report document, and where things are."""

    folder: Path
    model: Path | None  # None: the detector missed its limits and was not exported
    document: dict[str, Any] = field(repr=False)
    stages: dict[str, Any] = field(repr=False)
    exit_code: int = 0

    def to_json(self) -> dict[str, Any]:
        """Give the report, what each stage came to, and where things are."""
        return {
            "folder": str(self.folder),
            "model": str(self.model) if self.model else None,
            "report_html": str(self.folder / report.REPORT_HTML),
            "report_json": str(self.folder / evaluate.REPORT_JSON),
            "stages": self.stages,
            "report": _without_sound(self.document),
        }

    def _small(self) -> str:
        """Tell of the detector in integers, where the device has one."""
        told = self.stages.get(microcontroller.NAME)
        return f"In integers: {told['file']}, {told['bytes'] / 1000:.0f} kB; {told['text']}\n" if told else ""

    def to_text(self) -> str:
        """Give the report's summary and where things are."""
        model = str(self.model) if self.model else "not exported: it misses its limits (--allow-poor exports it anyway)"
        return f"{text_summary(self.document)}\n\nDetector: {model}\n{self._small()}Report:   {self.folder / report.REPORT_HTML}"


def make(settings: Settings, *, on_event: OnEvent = ignore) -> MakeResult:
    """Make a detector for one phrase: generate, simulate, gate, train, test, report. Goes on where a run stopped.

    Raises
    ------
    WakegenError : see `wakegen.core.errors`.
    """
    with opened(settings, on_event=on_event) as project:
        add.go_on(project)
        stages = {
            "generate": generate.run(project),
            "gate_speech": gate.speech(project),
            "simulate": simulate.run(project),
            "gate_scenes": gate.scenes(project),
            "train": train.run(project),
            "test": evaluate.run(project),
            "report": report.run(project),
        }
        document = report.read_document(project.folder)
        tested = stages["test"]
        model = project.model_path if tested["model"] else None  # the folder may have moved since the stage was done
        if model and (small := microcontroller.run(project)):
            stages[microcontroller.NAME] = small
    return MakeResult(settings.project_dir, model, document, stages, 0 if tested["passed"] or model else GATE_NOT_MET)


def run_stage(
    name: str,
    folder: Path,
    settings: Settings,
    *,
    resume: bool = False,
    add_clips: Path | None = None,
    on_event: OnEvent = ignore,
) -> StageResult:
    """Redo one stage of a project; what it needs from earlier stages must be there.

    Two are for `train` alone: with `resume`, a training that was stopped goes on, and one that has finished is left as
    it is; with `add_clips`, the clips of a folder are added and the trained heads go on from where they are.

    Raises
    ------
    BadInput : no such stage, an earlier stage has not been run, or there are no clips to add.
    """
    if name not in STAGES:
        raise BadInput(f"There is no stage '{name}'.", hint=f"Stages: {', '.join(STAGES)}.")
    if name != "train" and (resume or add_clips):
        raise BadInput(f"The stage '{name}' cannot resume or add clips.", hint="Only 'train' can.")
    placed = replace(settings, generation=replace(settings.generation, output_dir=folder))
    with opened(placed, on_event=on_event) as project:
        if add_clips is not None:
            summary = add.run(project, add_clips)
        else:
            add.go_on(project)
            _require(project, name)
            summary = _train(project, redo=False) if resume else _STAGE_CALLS[name](project)
    failed = name in ("test", "bench") and not summary.get("passed", True)
    return StageResult(name, folder, summary, GATE_NOT_MET if failed else 0)


def _gate(project: Project) -> dict[str, Any]:
    speech, scenes = gate.speech(project, redo=True), gate.scenes(project, redo=True)
    return {"line": f"speech: {speech['line']}; scenes: {scenes['line']}", "speech": speech, "scenes": scenes}


def _train(project: Project, *, redo: bool) -> dict[str, Any]:
    gate.scenes(project)
    return train.run(project, redo=redo)


_STAGE_CALLS: dict[str, Any] = {
    "generate": lambda project: generate.run(project, redo=True),
    "simulate": lambda project: (gate.speech(project), simulate.run(project, redo=True))[1],
    "gate": _gate,
    "train": lambda project: _train(project, redo=True),
    "test": lambda project: evaluate.run(project, redo=True),
    "bench": bench_stage,
    "report": lambda project: report.run(project, redo=True),
}
_NEEDS = {
    "simulate": "generate",
    "gate": "generate",
    "train": "simulate",
    "test": "train",
    "bench": "test",
    "report": "test",
}


def _require(project: Project, name: str) -> None:
    needed = _NEEDS.get(name)
    if needed is not None and project.store.stage(needed) is None:
        raise BadInput(
            f"The stage '{name}' needs '{needed}', which is not finished in {project.folder}.",
            hint=f"Run `wakegen {needed} --project {project.folder}` first, or `wakegen make` for all.",
        )


@dataclass(frozen=True, slots=True)
class BenchResult:
    """What a detector costs, and hears, where it runs."""

    session: Path  # its folder
    document: dict[str, Any]  # results.json

    @property
    def exit_code(self) -> int:
        """0, or 6 when a limit was not met."""
        return GATE_NOT_MET if self.document["limits_met"] is False else 0

    def to_json(self) -> dict[str, Any]:
        """Give results.json, and where it lies."""
        return {**self.document, "folder": str(self.session)}

    def to_text(self) -> str:
        """Give times, what was heard, and the limits."""
        return f"{session_text(self.document)}\nSession: {self.session}"


def bench_device(
    model: Path,
    *,
    target: Target | None = None,
    device: str | None = None,
    beside: Sequence[Path] = (),
    seconds: float = 20.0,
    clips: int | None = None,
    hours: float | None = None,
    audio: Sequence[Path] = (),
    realtime: bool = False,
    mic: bool = False,
    max_p99_ms: float | None = None,
    max_rss_mb: float | None = None,
    min_recall: float | None = None,
    max_fa_per_hour: float | None = None,
    mlperf_tiny: bool = False,
    command: str = "",
    on_event: OnEvent = ignore,
) -> BenchResult:
    """Measure a detector on a device, and keep the session beside the model.

    Parameters
    ----------
    target : how the device is reached; None: this machine itself
    device : profile that the device must be; its limits are held, too
    beside : further detectors, loaded at the same time
    seconds : of noise to hear for the times
    clips, hours : of the phrase and of everything else to hear, at most; None: all that the project holds out
    audio : folders of recordings to hear instead
    realtime : hear no faster than a microphone would
    mic : play the test here, and let the device hear what its own microphone makes of it
    mlperf_tiny : hold the limits of MLPerf Tiny's streaming wake word, too
    command : what repeats it, for the report

    Raises
    ------
    BadInput : the model cannot be used, the device is another than the profile says, or a limit on accuracy was given and
        nothing is there to tell it from.
    DeviceError : the device cannot be reached, was lost, or computes something else than this machine.
    """
    limits = Limits(
        min_recall=min_recall,
        max_fa_per_hour=max_fa_per_hour,
        max_p99_ms=max_p99_ms,
        max_rss_mb=max_rss_mb,
        no_shortcut=False,
        **(MLPERF_TINY if mlperf_tiny else {}),
    )
    asked = Asked(
        (model, *beside),
        target or Target("local"),
        device=device,
        seconds=seconds,
        clips=clips,
        hours=hours,
        audio=tuple(audio),
        realtime=realtime,
        mic=mic,
        limits=limits,
        command=command,
    )
    return BenchResult(*bench_on_device(asked, on_event=on_event))


def export_detector(
    model: Path, to: str, *, out: Path | None = None, backbone: str | None = None, on_event: OnEvent = ignore
) -> dict[str, Any]:
    """Write a detector in another format, compare what was written with the original, and say where it is.

    Parameters
    ----------
    to : a name of `export.table.FORMATS`
    out : the file to write; by default beside the detector
    backbone : of a .wgm, whose head is trained anew: "full" or "nano"; by default the detector's own

    Raises
    ------
    BadInput : there is no such format or no such detector, it cannot be used, or it lies in no project where one is needed.
    NotInstalled : what the format needs is missing.
    WakegenError : what was written gives other scores; nothing is left of it.
    """
    row = find_format(to)
    if not model.is_file():
        raise BadInput(f"There is no model at {model}.", hint="Give the path of a NAME.onnx that wakegen exported.")
    path = out or model.with_name(model.stem + row.suffix)
    if path.resolve() == model.resolve():
        raise BadInput(f"{path} is the detector itself.", hint="Give another --out.")
    if row.factory and backbone:
        raise BadInput(
            f"'{to}' keeps the backbone that the detector was trained on.",
            hint="Train it on another: wakegen train --backbone",
        )
    if row.factory:
        export_file(model, row, path)
        return {"file": str(path), "format": to, "bytes": path.stat().st_size}
    with opened(read_settings(_project_of(model)), on_event=on_event) as project:
        add.go_on(project)  # what was being added when a training was stopped
        _require(project, "bench")
        return microcontroller.export_wgm(project, path, backbone=backbone)


def _project_of(model: Path) -> Path:
    """Give the project that a detector lies in: PROJECT/models/NAME.onnx."""
    folder = model.resolve().parent.parent
    if not (folder / DATABASE_NAME).is_file():
        raise BadInput(
            f"{model} lies in no project: a microcontroller's head is trained on the clips of one.",
            hint="Give PROJECT/models/NAME.onnx, as `wakegen make` left it.",
        )
    return folder


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """One engine, as `wakegen engines` lists it."""

    name: str
    available: bool
    broken: str  # why it is here and cannot be used; "" if it can, or is missing
    install: str
    voices: int
    problems: tuple[str, ...]  # "NAME: reason" for each voice that is there and cannot be used
    licence: str
    doc: str


def list_engines() -> tuple[EngineInfo, ...]:
    """Give the engines of this version and whether they can be used now."""
    answers, failures = roll.ask_all(table.discover_available_engines())
    return tuple(_engine_info(table.row(name), answers.get(name), failures.get(name)) for name in table.names())


def _engine_info(row: table.EngineRow, answer: Answer | None, failure: WakegenError | None) -> EngineInfo:
    install = row.install if failure else table.status(row.name).install
    found = answer or Answer("", ())
    broken = str(failure) if failure else ""
    return EngineInfo(
        row.name, answer is not None, broken, install, len(found.voices), found.problems, row.licence, row.doc
    )


def list_voices(
    engine: str | None = None,
    *,
    language: str | None = None,
    gender: str | None = None,
    on_event: OnEvent = ignore,
) -> Sequence[Voice]:
    """Give voices that can speak now, by engine, language ("en" also finds "en-us") and gender.

    Voices that are there and cannot be used, and engines that are broken, are told to `on_event`; an engine that was
    named must work.
    """
    answers, failures = roll.ask_all((engine,) if engine else table.discover_available_engines())
    if engine in failures:
        raise failures[engine]
    for text in (*map(str, failures.values()), *roll.complaints(answers)):
        on_event(Notice("warning", text))
    found = [voice for answer in answers.values() for voice in answer.voices]
    if language is not None:
        wanted = language.lower().replace("_", "-")
        found = [v for v in found if v.language.lower() == wanted or v.language.lower().startswith(f"{wanted}-")]
        if not found:
            raise BadInput(f"No voice speaks '{language}'.", hint="`wakegen voices list` shows all.")
    return [voice for voice in found if gender is None or voice.gender == gender]


def pull_voices(
    words: Sequence[str] = (),
    *,
    engine: str | None = None,
    source_folder: Path | None = None,
    non_commercial: bool = False,
    dry_run: bool = False,
    on_event: OnEvent = ignore,
) -> PullResult:
    """Pull voices by name, by engine, or all whose licences allow commercial use; see `wakegen.voices.pull`.

    Raises
    ------
    BadInput, DeviceError, StorageError, ProjectBusy : see there; BadInput too for an engine whose voices are no files.
    """
    for row in (table.row(name) for name in table.names() if name in (*words, engine)):
        if not row.pulled:
            raise BadInput(f"The voices of {row.name} are not pulled: they come with it.", hint=row.install)
    return pull(
        words,
        engine=engine,
        source_folder=source_folder,
        non_commercial=non_commercial,
        dry_run=dry_run,
        on_event=on_event,
    )


def _without_sound(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out the sound of excerpts: report.json has it."""
    if isinstance(document, dict):
        return {key: _without_sound(value) for key, value in document.items() if key not in ("audio", "sound")}
    return [_without_sound(value) for value in document] if isinstance(document, list) else document
