"""Stage `test`: stream everything held out through the detector, measure its speed, decide whether it may be exported."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from wakegen import profiles
from wakegen.bench.evaluate import Evaluation, evaluate
from wakegen.bench.gate import GateResult, Limits, check, passed
from wakegen.bench.items import EvalItem, Scorer
from wakegen.bench.latency import Latency, measure_in_child
from wakegen.bench.pitch import f0_bin
from wakegen.bench.probes import Probe
from wakegen.bench.result import ModelFacts, Training, report_document
from wakegen.config.presets import BACKBONES
from wakegen.core.errors import BadInput
from wakegen.core.events import Notice
from wakegen.core.files import sha256_file, write_bytes, write_json
from wakegen.core.version import VERSION
from wakegen.dataset.plan import PROBE
from wakegen.dataset.recordings import RECORDINGS
from wakegen.dataset.speak import RECORDING
from wakegen.dataset.store import DONE, SCENE, SPEECH, Clip, read_clip
from wakegen.features import weights
from wakegen.features.embed import ONNXRUNTIME
from wakegen.model import OperatingPoint, Sidecar
from wakegen.pipeline import bank_windows, train
from wakegen.pipeline.heads import SMOOTHING_STEPS
from wakegen.pipeline.project import Project
from wakegen.runtime import Detector

T = TypeVar("T")

NAME = "test"
REPORT_JSON = "report.json"
_LATENCY_S = 40.0
_PROBE_CLIPS = 200
_STYLES = {"": "none", "text": "as written", "blurred": "blurred sounds", "klatt": "Klatt synthesis"}
_CORPUS = {
    "sentence": "speech",
    "word": "words",
    "noise": "noise",
    "user": "your recordings",
    "near_word": "near",
    "swap": "near",
}


class Tested(Scorer, Protocol):
    """What can be tested: a detector here, or one on a device."""

    @property
    def debounce_steps(self) -> int:
        """Steps from one event to the earliest next."""
        ...


def run(project: Project, *, redo: bool = False) -> dict[str, Any]:
    """Evaluate the trained head, write report.json, and export the detector if it meets its limits."""
    candidate = train.candidate_path(project)
    if not (candidate.exists() and train.calibration_path(project).exists()):
        raise BadInput(
            f"The trained head is gone from {candidate.parent}.",
            hint=f"Train it again: wakegen train --project {project.folder}",
        )
    evaluation = project.settings.evaluation
    facts = (sha256_file(candidate), repr(evaluation), project.settings.export.allow_poor)
    redo = redo or not (project.folder / REPORT_JSON).exists() or _lost(project)
    return project.stage(NAME, "Test the detector", *facts, redo=redo, work=lambda: _work(project, candidate))


def _lost(project: Project) -> bool:
    """Tell whether the detector was exported and has been removed since."""
    done = project.store.stage(NAME)
    files = (project.model_path, project.model_path.with_suffix(".json"))
    return done is not None and bool(json.loads(done[1])["model"]) and not all(path.exists() for path in files)


def _work(project: Project, candidate: Path) -> dict[str, Any]:
    calibration = json.loads(train.calibration_path(project).read_text(encoding="utf-8"))
    sidecar = _sidecar(project, calibration)
    sidecar.save(candidate)
    detector = Detector(candidate, runtime=ONNXRUNTIME)
    evaluation = evaluate_with(project, detector, threshold=detector.sidecar.threshold)
    latency = measure_in_child(candidate, seconds=_LATENCY_S)
    gates = check(_limits(project), evaluation, latency, model_bytes=candidate.stat().st_size)
    document = _document(project, candidate, sidecar, evaluation, latency, gates)
    write_json(project.folder / REPORT_JSON, document)
    fine = passed(gates)
    exported = _export(project, candidate, sidecar, evaluation, gates, fine)
    return {
        "line": f"recall {evaluation.recall.text()}; false accepts {evaluation.false_accepts.text()}",
        "passed": fine,
        "failures": [f"{gate.name}: {gate.text}" for gate in gates if not gate.ok],
        "model": str(exported.relative_to(project.folder)) if exported else None,  # the folder may be moved
    }


def evaluate_with(
    project: Project,
    detector: Tested,
    *,
    threshold: float,
    clips: int | None = None,
    hours: float | None = None,
    way: Callable[[EvalItem], EvalItem] = lambda item: item,
) -> Evaluation:
    """Stream everything that the project holds out through a detector, and count; of the phrase and of all else less, if so asked.

    With a limit the probes are left out: they need all of it. `way` says how a piece of sound gets to the detector.
    """
    store = project.store
    positives = list(store.clips(stage=SCENE, state=DONE, label="positive", split=("test", RECORDINGS)))
    raw = list(store.clips(stage=SPEECH, state=DONE, label="positive", split=RECORDINGS))
    negatives = list(store.clips(stage=SCENE, state=DONE, label=("negative", "noise"), split="test"))
    dry = {clip.id: str(clip.sha256) for clip in store.clips(stage=SPEECH, state=DONE)}
    return evaluate(
        detector,
        [*(_positive(project, clip, dry) for clip in positives), *(_as_recorded(project, clip) for clip in raw)][
            :clips
        ],
        [_negative(project, clip) for clip in _for(negatives, hours)],
        threshold=threshold,
        debounce_steps=detector.debounce_steps,
        probes=[] if clips is not None or hours is not None else list(_probes(project)),
        seed=project.settings.seed,
        on_event=project.on_event,
    )


def _for(clips: Sequence[Clip], hours: float | None) -> Sequence[Clip]:
    """Give about so many hours of clips."""
    total = sum(clip.seconds or 0.0 for clip in clips) / 3600
    return clips if hours is None or total <= hours else spread(clips, round(len(clips) * hours / total))


def spread(items: Sequence[T], most: int | None) -> Sequence[T]:
    """Give at most so many, evenly out of all: neighbours resemble each other."""
    if most is None or most >= len(items):
        return items
    return [items[i * len(items) // most] for i in range(most)]


def _positive(project: Project, clip: Clip, dry: Mapping[int, str]) -> EvalItem:
    source = dry.get(clip.parent or 0)
    groups = {
        "engine": f"{RECORDING}, in scenes" if clip.engine == RECORDING else clip.engine,
        "voice": clip.speaker,
        "gender": clip.gender or "unknown",
        "style": _STYLES.get(clip.accent, "foreign accent"),
        "scene": _scene_name(clip.scene),
    }
    if source is not None:
        groups["f0_bin"] = f0_bin(_load(project.folder, source)) or "unvoiced"
    span = (clip.span_start_s or 0.0, clip.span_end_s or 0.0)
    return EvalItem(str(clip.id), partial(_load, project.folder, str(clip.sha256)), "positive", span, groups)


def _as_recorded(project: Project, clip: Clip) -> EvalItem:
    groups = {"engine": clip.engine, "voice": clip.speaker, "scene": "as recorded"}
    span = (0.0, clip.seconds or 0.0)
    return EvalItem(str(clip.id), partial(_load, project.folder, str(clip.sha256)), "positive", span, groups)


def _negative(project: Project, clip: Clip) -> EvalItem:
    groups = {"kind": _CORPUS.get(clip.kind, clip.kind), "text": clip.text, "voice": clip.voice}
    return EvalItem(str(clip.id), partial(_load, project.folder, str(clip.sha256)), "negative", None, groups)


def _probes(project: Project) -> Iterator[Probe]:
    """Sentences of the test in training voices; the phrase in voices of training against voices it never met."""
    store = project.store
    said = list(store.clips(stage=SCENE, state=DONE, split=PROBE, kind="sentence"))
    yield Probe("training voices, other words", "silence", [_negative(project, clip) for clip in said])
    heard = {
        split: [
            _positive(project, clip, {}) for clip in store.clips(stage=SCENE, state=DONE, label="positive", split=split)
        ]
        for split in ("test", PROBE)
    }
    yield Probe("phrase in unseen voices", "fire", heard["test"][:_PROBE_CLIPS], reference=heard[PROBE])


def _scene_name(scene: Mapping[str, Any]) -> str:
    """Name a scene by what makes it hard: its noise, and whether it has a room."""
    snr = scene.get("snr_db")
    loud = (
        "no noise" if snr is None else "noise < 5 dB" if snr < 5 else "noise 5–15 dB" if snr < 15 else "noise > 15 dB"
    )
    return f"{loud}, {'in a room' if scene.get('rir') is not None else 'close'}"


def _limits(project: Project) -> Limits:
    wanted, limits = project.settings.evaluation, profiles.load(project.settings.device).limits
    return Limits(
        min_recall=wanted.min_recall,
        max_fa_per_hour=wanted.max_fa_per_hour,
        max_p99_ms=wanted.max_p99_ms,
        max_rss_mb=wanted.max_rss_mb,
        max_model_kb=limits.max_model_kb,
        max_step_ms=limits.max_step_ms,
    )


def _sidecar(project: Project, calibration: Mapping[str, Any]) -> Sidecar:
    store, settings = project.store, project.settings
    licences = licences_of(project)
    return Sidecar(
        phrase=settings.phrase,
        threshold=0.5,
        backbone=weights.identity(BACKBONES[project.trained_backbone]),
        smoothing=SMOOTHING_STEPS,
        operating_points=tuple(
            OperatingPoint(
                fa_per_hour=point["fa_per_hour"],
                threshold=round(point["threshold"], 6),
                recall=point["recall"],
                n_positive=calibration["n_positive"],
                hours=calibration["hours"],
                name=point["name"],
                events=point["events"],
            )
            for point in calibration["points"]
        ),
        trained_on={
            "clips": store.count(stage=SCENE, state=DONE, split="train"),
            "engines": store.tally("engine", stage=SPEECH, state=DONE, split="train"),
            "bank": sorted(json.loads(store.meta("bank") or "{}")),
            "dataset": _dataset(project),
        },
        licences=licences,
        commercial_use=json.loads(store.meta("commercial") or "true"),
        seed=settings.seed,
        wakegen=VERSION,
    )


def licences_of(project: Project) -> tuple[str, ...]:
    """Give the licences of all that was trained with."""
    spoken = project.store.tally("licence", stage=SPEECH, state=DONE, split="train")
    return tuple(sorted({*filter(None, spoken), *bank_windows.licences(project)}))


def _document(
    project: Project,
    candidate: Path,
    sidecar: Sidecar,
    evaluation: Evaluation,
    latency: Latency,
    gates: tuple[GateResult, ...],
) -> dict[str, Any]:
    store, settings = project.store, project.settings
    voices = store.tally("speaker", stage=SPEECH, state=DONE, split="train")
    return report_document(
        phrase=settings.phrase,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        wakegen=VERSION,
        model=ModelFacts(
            file=project.model_path.name,
            sha256=sha256_file(candidate),
            bytes=candidate.stat().st_size,
            threshold=sidecar.threshold,
            smoothing=sidecar.smoothing,
            debounce_s=sidecar.debounce_s,
        ),
        device=settings.device,
        language=store.meta("language"),
        evaluation=evaluation,
        latency=latency,
        gates=gates,
        training=Training(
            clips=sidecar.trained_on["clips"],
            engines=sidecar.trained_on["engines"],
            voices=len(voices),
            licences=sidecar.licences,
            commercial_use=sidecar.commercial_use,
            dataset=sidecar.trained_on["dataset"],
            notes=_notes(project),
        ),
        evaluated_on=_evaluated_on(project),
        warnings=_warnings(project),
    )


def _notes(project: Project) -> list[str]:
    store = project.store
    rejected = store.count(stage=SPEECH, state="rejected") + store.count(stage=SCENE, state="rejected")
    failed = store.count(stage=SPEECH, state="failed")
    return [
        *json.loads(store.meta("notices") or "[]"),
        f"{failed} texts could not be spoken and {rejected} clips were set aside by the gate.",
    ]


def _evaluated_on(project: Project) -> list[str]:
    store = project.store
    speakers = {
        split: set(store.tally("speaker", stage=SPEECH, state=DONE, split=split)) for split in ("train", "test")
    }
    engines = ", ".join(store.tally("engine", stage=SPEECH, state=DONE, split="test"))
    known = len(speakers["test"] & speakers["train"])
    folders = project.settings.folders
    yours = " and in yours, which training may have had too" if folders.rir or folders.noise else ""
    had = f"of which training had {known} too, and texts" if known else "and texts"
    found = [
        f"{len(speakers['test'])} synthetic voices ({engines}) {had} that training did not have, in rooms and noises of their own{yours}."
    ]
    own = store.count(stage=SPEECH, state=DONE, split=RECORDINGS)
    if own:
        found.append(f"{own} recordings of your own, as recorded and in scenes.")
    return found


def _warnings(project: Project) -> list[str]:
    store = project.store
    found = _about_the_device(project.settings.device)
    if not store.count(stage=SPEECH, state=DONE, split=RECORDINGS):
        found.append(
            "No recording of a real person was tested; synthetic voices tell only roughly how people fare. Give some with --recordings."
        )
    if len(store.tally("engine", stage=SPEECH, state=DONE, label="positive", split="train")) < 2:
        found.append(
            "One engine spoke all of the training clips; a second kind of voice would make it hear more people."
        )
    return found


def _about_the_device(device: str) -> list[str]:
    """Say what the times and the file do not tell about the device, when this machine is another."""
    if profiles.load(device).transport.kind == "serial":
        return [
            f"{device} is a microcontroller: this is the float detector for PCs and Raspberry Pis, which does not run there. "
            "`wakegen export MODEL --to wgm` makes one in integers that does. Rooms, microphone and noise are the device's; "
            "the times are this machine's."
        ]
    if platform.machine() not in ("aarch64", "armv7l", "arm64"):
        return [f"Times and memory are this machine's, not those of {device}: run `wakegen bench --local` there."]
    return []


def _export(
    project: Project,
    candidate: Path,
    sidecar: Sidecar,
    evaluation: Evaluation,
    gates: tuple[GateResult, ...],
    fine: bool,
) -> Path | None:
    """Write the detector and its sidecar, unless it misses its limits and nobody allowed that."""
    if not fine and not project.settings.export.allow_poor:
        for path in (project.model_path, project.model_path.with_suffix(".json")):
            path.unlink(missing_ok=True)
        project.on_event(
            Notice("warning", "The detector misses its limits and was not exported; --allow-poor exports it anyway.")
        )
        return None
    failures = [f"{gate.name}: {gate.text}" for gate in gates if not gate.ok]
    write_bytes(project.model_path, candidate.read_bytes())
    replace(sidecar, evaluated_on=_summary(evaluation), gate={"passed": fine, "failures": failures}).save(
        project.model_path
    )
    return project.model_path


def _summary(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "recall": evaluation.recall.to_json(),
        "false_accepts": evaluation.false_accepts.to_json(),
        "real_recordings": any(
            row.value == RECORDING for table in evaluation.groups if table.key == "engine" for row in table.rows
        ),
    }


def _dataset(project: Project) -> str:
    summary = project.store.stage(train.NAME)
    return str(json.loads(summary[1])["dataset"]) if summary else ""


def _load(folder: Path, sha256: str) -> NDArray[np.int16]:
    return read_clip(folder, sha256)
