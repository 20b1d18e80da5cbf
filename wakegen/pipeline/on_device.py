"""`wakegen bench`: a detector measured where it will run, and a session that tells what was found.

The device is reached over a transport, takes the model, and hears: noise for its times, then what the detector's project
holds out, or recordings that are named. What it made of them is compared with this machine's own detector, clip by clip.
"""

from __future__ import annotations

import hashlib
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from wakegen import profiles
from wakegen.bench import on_device as figures
from wakegen.bench import session as sessions
from wakegen.bench.evaluate import Evaluation, evaluate
from wakegen.bench.folders import items_of
from wakegen.bench.gate import Limits, check, device_limits, sidecar_gates
from wakegen.bench.items import RATE_HZ, EvalItem
from wakegen.bench.latency import Latency, wandering_noise
from wakegen.bench.reached import ReachedDevice
from wakegen.bench.remote import RemoteDetector
from wakegen.bench.result import ModelFacts, report_document
from wakegen.bench.through_air import ThroughAir
from wakegen.core.errors import BadInput
from wakegen.core.events import Notice, OnEvent, Progress, StageDone, StageStarted, ignore
from wakegen.core.version import VERSION
from wakegen.devices.bundle import bundle
from wakegen.devices.facts import Value
from wakegen.devices.transports import table
from wakegen.devices.transports.base import Target
from wakegen.pipeline import evaluate as tests
from wakegen.pipeline.project import Project, opened, read_settings
from wakegen.report.html import write
from wakegen.runtime import Detector
from wakegen.runtime.integer import IntegerDetector

Way = Callable[[EvalItem], EvalItem]  # how a piece of sound gets to the device

STAND_INS = ("loopback", "qemu")  # programs that stand for a device
_PIECE_S = 20.0
_AS_IT_IS = "Heard on the device, sample by sample as the test material is kept here; not through its microphone."
_THROUGH_AIR = "Played by a loudspeaker, recorded by the device's own microphone, heard by the device."


@dataclass(frozen=True, slots=True)
class Asked:
    """What to measure, where, and what it must reach."""

    models: tuple[Path, ...]  # the first is measured; the others are loaded beside it
    target: Target
    device: str | None = None  # profile
    seconds: float = 20.0  # of noise, for the times
    clips: int | None = None  # of the phrase; None: all
    hours: float | None = None  # of everything else; None: all
    audio: tuple[Path, ...] = ()  # recordings, instead of the project's own
    realtime: bool = False
    mic: bool = False  # what is played here, as the device's own microphone hears it
    limits: Limits = field(default_factory=lambda: Limits(no_shortcut=False))
    command: str = ""  # that repeats it


@dataclass(frozen=True, slots=True)
class _Model:
    """A detector as a file, as what a device takes, and as it runs here."""

    path: Path
    data: bytes
    reference: Detector | IntegerDetector

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def bench_on_device(
    asked: Asked, *, project: Project | None = None, on_event: OnEvent = ignore
) -> tuple[Path, dict[str, Any]]:
    """Measure, and give the session's folder and its results.

    An earlier measurement of the same that broke off is gone on with. The project of the model is opened for its test
    material, unless it is open already and given.

    Raises
    ------
    BadInput : the model, the recordings or the profile cannot be used, or the device is another than the profile says.
    DeviceError : the device cannot be reached, was lost for good, or does not compute what this machine computes.
    """
    started = time.monotonic()
    context = _context(asked)
    session = sessions.begin(_home(asked.models[0]), asked.device or asked.target.transport, context)
    if session.continued:
        on_event(Notice("info", f"Going on with {session.folder}, which broke off after {session.kept.count()} clips."))

    def log(level: int, text: str) -> None:
        session.log(level, text)
        if level >= 30:
            on_event(Notice("warning", text))

    with ExitStack() as stack:
        stack.callback(session.close)
        stack.callback(session.drop_if_empty)
        device = stack.enter_context(
            ReachedDevice(
                lambda: table.connect(_with_baud(asked)),
                trace=session.trace,
                on_log=log,
                realtime=asked.realtime,
                same=lambda info: _same_device(asked, info),
            )
        )
        models = [_model(path, str(device.info.get("formats", "wgm"))) for path in asked.models]
        measured = _measure(asked, device, models, session, project, on_event)
    measured["line"] = _line(device, measured.pop("sent_bytes"), measured.pop("heard_s"), time.monotonic() - started)
    document = _document(asked, models[0], device.info, measured)
    write(document, session.folder / sessions.REPORT)
    return session.finish(document), document


def _measure(
    asked: Asked,
    device: ReachedDevice,
    models: Sequence[_Model],
    session: sessions.Session,
    project: Project | None,
    on_event: OnEvent,
) -> dict[str, Any]:
    before = device.stats()
    began = time.monotonic()
    on_event(StageStarted("load", "Loading the model"))
    loaded = device.load([model.data for model in models])
    on_event(StageDone("load", f"{len(models[0].data) / 1e3:.0f} kB", time.monotonic() - began))
    names = "+".join(model.sha256 for model in models)
    remotes = [
        RemoteDetector(device, model.reference, loaded[place], session.kept, models=names, place=place)
        for place, model in enumerate(models)
    ]
    _time(remotes, asked.seconds, on_event)
    way = ThroughAir(device).item if asked.mic else _as_it_is
    evaluation = _evaluate(asked, models[0], remotes[0], project, way, on_event)
    after = device.stats()
    latency = figures.latency_of(
        remotes[0].ticks,
        _with_clock(asked, device.info),
        loaded[0],
        before=before,
        after=after,
        model_bytes=len(models[0].data),
        estimated=_estimated(asked, device.info),
    )
    return {
        "latency": latency,
        "evaluation": evaluation,
        "parity": [asdict(remote.parity) for remote in remotes],
        "steps": latency.step.n + latency.warm_up_steps,
        "late_steps": figures.late_steps(remotes[0].ticks, _with_clock(asked, device.info)),
        "memory": figures.memory_of(loaded[0], after, model_bytes=len(models[0].data)),
        "throttled": figures.throttling(after),
        "before": before,
        "after": after,
        "heard_s": remotes[0].heard_s,
        "sent_bytes": sum(len(model.data) for model in models) + round(2 * RATE_HZ * remotes[0].heard_s),
    }


def _time(remotes: Sequence[RemoteDetector], seconds: float, on_event: OnEvent) -> None:
    """Let the device hear noise whose level wanders; every detector on it must make of it what it makes here."""
    on_event(StageStarted("time", "Timing steps"))
    began, noise = time.monotonic(), wandering_noise()
    repeated = np.tile(noise, max(1, round(seconds * RATE_HZ / len(noise)) + 1))[: max(1, round(seconds * RATE_HZ))]
    for at in range(0, len(repeated), round(_PIECE_S * RATE_HZ)):
        for remote in remotes:
            remote.raw_scores(repeated[at : at + round(_PIECE_S * RATE_HZ)])
        on_event(Progress("time", "noise"))
    on_event(StageDone("time", f"{seconds:g} s of noise", time.monotonic() - began))


def _evaluate(
    asked: Asked, model: _Model, remote: RemoteDetector, project: Project | None, way: Way, on_event: OnEvent
) -> Evaluation | None:
    """Let the device hear what was named, or what the project holds out; None where there is neither."""
    if asked.clips == 0 and asked.hours == 0:
        return None
    if asked.audio:
        items = [item for folder in asked.audio for item in items_of(folder, on_event=on_event)]
        return evaluate(
            remote,
            [way(item) for item in tests.spread([one for one in items if one.label == "positive"], asked.clips)],
            [way(item) for item in items if item.label == "negative"],
            threshold=remote.threshold,
            debounce_steps=remote.debounce_steps,
            on_event=on_event,
        )
    if project is not None:
        return _held_out(asked, project, remote, way)
    folder = project_of(model.path)
    if folder is None:
        on_event(Notice("info", "The model lies in no project and no --audio was named: hearing is not judged."))
        return None
    with opened(read_settings(folder), on_event=on_event) as found:
        return _held_out(asked, found, remote, way)


def _as_it_is(item: EvalItem) -> EvalItem:
    return item


def _held_out(asked: Asked, project: Project, remote: RemoteDetector, way: Way) -> Evaluation:
    if asked.device and profiles.load(asked.device).name != profiles.load(project.settings.device).name:
        project.on_event(
            Notice("warning", f"The project's rooms and microphone are those of {project.settings.device}.")
        )
    return tests.evaluate_with(
        project, remote, threshold=remote.threshold, clips=asked.clips, hours=asked.hours, way=way
    )


def _document(asked: Asked, model: _Model, info: Mapping[str, Value], measured: dict[str, Any]) -> dict[str, Any]:
    """Put together what report.json has, and what only a device can say."""
    evaluation: Evaluation | None = measured.pop("evaluation")
    latency: Latency = measured.pop("latency")
    wanted = replace(asked.limits, **device_limits(asked.device))  # type: ignore[arg-type]
    if asked.target.transport in STAND_INS:
        wanted = replace(wanted, max_step_ms=None)  # the device's own times are not known
    stands_in = evaluation is None and model.path.suffix == ".onnx"  # the sidecar's own evaluation
    gates = check(_of_cost(wanted) if stands_in else wanted, evaluation, latency, model_bytes=len(model.data))
    if stands_in:
        limits = asked.limits
        gates += sidecar_gates(model.path, min_recall=limits.min_recall, max_fa_per_hour=limits.max_fa_per_hour)
    sidecar = model.reference.sidecar
    parity = measured.pop("parity")
    return report_document(
        phrase=sidecar.phrase,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        wakegen=VERSION,
        model=ModelFacts(
            file=model.path.name,
            sha256=hashlib.sha256(model.path.read_bytes()).hexdigest(),
            bytes=model.path.stat().st_size,
            threshold=sidecar.threshold,
            smoothing=sidecar.smoothing,
            debounce_s=sidecar.debounce_s,
        ),
        device=asked.device or str(info.get("chip", asked.target.transport)),
        evaluation=evaluation,
        latency=latency,
        gates=gates,
        evaluated_on=[_THROUGH_AIR if asked.mic else _AS_IT_IS],
        warnings=list(_warnings(asked, info, latency)),
        session={
            **measured,
            "address": asked.target.title,
            "info": info,
            "parity": parity[0],
            "others": parity[1:],
            "command": asked.command,
            "realtime": asked.realtime,
        },
    )


def _of_cost(limits: Limits) -> Limits:
    """Leave out what only an evaluation tells: a sidecar's own stands in for it."""
    return replace(limits, min_recall=None, max_fa_per_hour=None)


def _warnings(asked: Asked, info: Mapping[str, Value], latency: Latency) -> Iterator[str]:
    if asked.target.transport in STAND_INS:
        yield f"{info.get('chip', 'A program')} stood for the device: what was heard is exact, times are not the device's."
    if latency.machine.os and asked.target.transport == "local":
        yield f"Host and detector shared this machine ({platform.node()}), so that times may be longer than alone."


def _line(device: ReachedDevice, needed: int, heard_s: float, took_s: float) -> dict[str, Any]:
    counts = device.counts()
    return {
        **counts,
        "reconnected": device.reconnected,
        "took_s": round(took_s, 3),
        "heard_s": round(heard_s, 3),
        "x_realtime": heard_s / took_s,
        "overhead_pct": 100 * (counts["bytes_out"] - needed) / needed if needed else 0.0,
    }


def _context(asked: Asked) -> dict[str, Any]:
    """Give all that a result depends on."""
    return {
        "wakegen": VERSION,
        "models": [hashlib.sha256(_bytes(path)).hexdigest() for path in asked.models],
        "target": asked.target.title,
        "device": asked.device,
        "asked": [
            asked.seconds,
            asked.clips,
            asked.hours,
            asked.realtime,
            [str(path.resolve()) for path in asked.audio],
        ],
    }


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"There is no model at {path}." if not path.exists() else f"{path} cannot be read: {error}.",
            hint="Give the path of a NAME.onnx or NAME.wgm that wakegen made.",
        ) from error


def _model(path: Path, formats: str) -> _Model:
    """Take the file that the device can run: a .onnx stands for the .wgm beside it."""
    if path.suffix == ".onnx" and "onnx" not in formats.split():
        integers = path.with_suffix(".wgm")
        if not integers.is_file():
            raise BadInput(
                f"This device runs detectors in integers, and there is no {integers}.",
                hint=f"Make it: wakegen export {path} --to wgm",
            )
        path = integers
    if path.suffix == ".wgm":
        return _Model(path, _bytes(path), IntegerDetector(path))
    return _Model(path, bundle(path), Detector(path))


def _with_baud(asked: Asked) -> Target:
    """Give the target with the speed of its profile, unless one was named."""
    if asked.target.baud or asked.device is None:
        return asked.target
    return replace(asked.target, baud=profiles.load(asked.device).transport.baud or None)


def _same_device(asked: Asked, info: Mapping[str, Value]) -> None:
    """Refuse a device that is another than its profile says."""
    if asked.device is None or asked.target.transport in STAND_INS:
        return
    wanted, found = profiles.load(asked.device).compute.chip, str(info.get("chip", ""))
    if wanted and not f"{found} ".lower().startswith(f"{wanted} ".lower()):  # ESP32-S3 is no ESP32
        raise BadInput(
            f"{asked.device} is a {wanted}, and what answers at {asked.target.title} is: {found or 'unknown'}.",
            hint="Name the profile of that device, or leave out --device to measure it as it is.",
        )


def _with_clock(asked: Asked, info: Mapping[str, Value]) -> Mapping[str, Value]:
    """Give instructions a duration: one cycle each, at the clock of the device that is stood for."""
    if info.get("ticks_are") != "instructions" or asked.device is None:
        return info
    return {**info, "ticks_per_s": round(profiles.load(asked.device).compute.clock_mhz * 1e6)}


def _estimated(asked: Asked, info: Mapping[str, Value]) -> str | None:
    if info.get("ticks_are") != "instructions":
        return None
    clock = int(_with_clock(asked, info).get("ticks_per_s", 0)) / 1e6
    return f"from instructions counted in an emulator, one cycle each at {clock:.0f} MHz; waits for flash come on top"


def _home(model: Path) -> Path:
    return model.parent.parent if model.parent.name == "models" else model.parent


def project_of(model: Path) -> Path | None:
    """Give the project that a detector lies in: PROJECT/models/NAME.onnx; None where it lies in none."""
    folder = model.resolve().parent.parent
    return folder if (folder / "wakegen.db").is_file() else None
