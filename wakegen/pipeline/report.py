"""Stage `report`: draw report.html from report.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from wakegen.core.errors import BadInput
from wakegen.core.files import sha256_file
from wakegen.pipeline.evaluate import REPORT_JSON
from wakegen.pipeline.project import Project
from wakegen.report.html import write

NAME = "report"
REPORT_HTML = "report.html"


def run(project: Project, *, redo: bool = False) -> dict[str, Any]:
    """Draw the page."""
    redo = redo or not (project.folder / REPORT_HTML).exists()
    read_document(project.folder)  # raises where it is missing or damaged
    facts = sha256_file(project.folder / REPORT_JSON)
    return project.stage(NAME, "Write the report", facts, redo=redo, work=lambda: _work(project))


def read_document(folder: Path) -> dict[str, Any]:
    """Read report.json.

    Raises
    ------
    BadInput : it is missing or is no JSON.
    """
    path = folder / REPORT_JSON
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read: {error}.", hint=f"Run `wakegen test --project {folder}`.") from error
    return document


def _work(project: Project) -> dict[str, Any]:
    path = project.folder / REPORT_HTML
    write(read_document(project.folder), path)
    return {"line": path.name, "report_html": path.name, "report_json": REPORT_JSON}  # the folder may be moved
