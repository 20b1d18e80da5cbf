"""The stage `bench` of a project: its own detector, measured on this machine."""

from __future__ import annotations

from typing import Any

from wakegen.bench.gate import Limits
from wakegen.core.errors import BadInput
from wakegen.devices.transports.base import Target
from wakegen.pipeline.on_device import Asked, bench_on_device
from wakegen.pipeline.project import Project
from wakegen.report.session import text


def bench_stage(project: Project) -> dict[str, Any]:
    """Benchmark the project's own detector on this machine.

    Raises
    ------
    BadInput : the detector has not been exported.
    """
    model, wanted = project.model_path, project.settings.evaluation
    if not model.exists():
        raise BadInput(f"There is no detector at {model}.", hint="Run `wakegen test`; a poor one needs --allow-poor.")
    limits = Limits(
        min_recall=_asked(project, "min_recall", wanted.min_recall),
        max_fa_per_hour=_asked(project, "max_fa_per_hour", wanted.max_fa_per_hour),
        max_p99_ms=wanted.max_p99_ms,
        max_rss_mb=wanted.max_rss_mb,
        no_shortcut=False,
    )
    asked = Asked((model,), Target("local"), limits=limits, command=f"wakegen bench --local --project {project.folder}")
    session, document = bench_on_device(asked, project=project, on_event=project.on_event)
    return {
        "line": f"{text(document)}; {session}",
        "passed": document["limits_met"] is not False,
        "session": str(session),
        "latency": document["latency"],
        "limits": document["limits"],
    }


def _asked(project: Project, name: str, limit: float | None) -> float | None:
    """Give a limit that was named for this run; those of the project are `test`'s to hold."""
    origin = project.settings.origins.get(f"evaluation.{name}", "")
    return limit if origin.startswith("command line") else None
