"""A session on the machine this runs on: time and memory of a detector, kept under sessions/."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wakegen import profiles
from wakegen.bench.gate import GateResult, Limits, check, passed
from wakegen.bench.latency import Latency, measure_in_child
from wakegen.core.errors import BadInput
from wakegen.core.files import sha256_file, write_json
from wakegen.core.names import slug
from wakegen.core.version import VERSION
from wakegen.model import Sidecar
from wakegen.pipeline.project import Project

SESSION_FORMAT = "wakegen-session/1"


def bench_stage(project: Project) -> dict[str, Any]:
    """Benchmark the project's own detector.

    Raises
    ------
    BadInput : the detector has not been exported.
    """
    model, wanted = project.model_path, project.settings.evaluation
    if not model.exists():
        raise BadInput(f"There is no detector at {model}.", hint="Run `wakegen test`; a poor one needs --allow-poor.")
    latency = measure_in_child(model)
    limits = Limits(
        max_p99_ms=wanted.max_p99_ms,
        max_rss_mb=wanted.max_rss_mb,
        no_shortcut=False,
        **device_limits(project.settings.device),
    )
    gates = check(limits, None, latency, model_bytes=model.stat().st_size)
    gates += sidecar_gates(
        model,
        min_recall=_asked(project, "min_recall", wanted.min_recall),
        max_fa_per_hour=_asked(project, "max_fa_per_hour", wanted.max_fa_per_hour),
    )
    session = write_session(model, project.settings.device, latency, gates)
    step = latency.step
    return {
        "line": f"p50 {step.p50_ms:.2f} ms, p99 {step.p99_ms:.2f} ms per 80 ms step; {session}",
        "passed": passed(gates),
        "session": str(session),
        "latency": latency.to_json(),
        "limits": [gate.to_json() for gate in gates],
    }


def _asked(project: Project, name: str, limit: float) -> float | None:
    """Give a limit that was named for this run; those of the project are `test`'s to hold."""
    origin = project.settings.origins.get(f"evaluation.{name}", "")
    return limit if origin.startswith("command line") else None


def device_limits(device: str | None) -> dict[str, float | None]:
    """Give the limits of a device profile that a model can be held against."""
    if device is None:
        return {}
    limits = profiles.load(device).limits
    return {"max_model_kb": limits.max_model_kb, "max_step_ms": limits.max_step_ms}


def sidecar_gates(model: Path, *, min_recall: float | None, max_fa_per_hour: float | None) -> tuple[GateResult, ...]:
    """Hold a detector's own evaluation against limits.

    Raises
    ------
    BadInput : a limit was given, and the sidecar holds no evaluation.
    """
    wanted = (
        ("min_recall", "recall", "rate", min_recall),
        ("max_fa_per_hour", "false_accepts", "per_hour", max_fa_per_hour),
    )
    found = []
    for name, figure, key, limit in wanted:
        if limit is None:
            continue
        known = Sidecar.load(model).evaluated_on.get(figure)
        if not known or known.get(key) is None:
            raise BadInput(
                f"{model.with_suffix('.json')} holds no {figure}.", hint="Run `wakegen test` on its project."
            )
        value = float(known[key])
        fine = value >= limit if name == "min_recall" else value <= limit
        text = known.get("text") or f"{known['hits']} of {known['total']}"
        found.append(GateResult(name, limit, value, fine, fine, f"{text} (as evaluated when it was made)"))
    return tuple(found)


def write_session(model: Path, device: str, latency: Latency, gates: tuple[GateResult, ...]) -> Path:
    """Write sessions/<time>-<device>/results.json, in the project of the model or beside it."""
    home = model.parent.parent if model.parent.name == "models" else model.parent
    now = datetime.now(UTC)
    folder = home / "sessions" / f"{now:%Y%m%dT%H%M%S}-{slug(device)}"
    write_json(
        folder / "results.json",
        {
            "format": SESSION_FORMAT,
            "wakegen": VERSION,
            "created": now.isoformat(timespec="seconds"),
            "device": device,
            "model": {"file": model.name, "sha256": sha256_file(model), "bytes": model.stat().st_size},
            "latency": latency.to_json(),
            "limits": [gate.to_json() for gate in gates],
            "limits_met": passed(gates) if gates else None,
        },
    )
    return folder
