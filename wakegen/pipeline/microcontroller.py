"""A project's detector for microcontrollers: a small head, trained on what the integer backbone hears, in one .wgm.

The head is trained anew, on the project's clips and the rows of the negative bank, rounded to the integers' codes: one that was trained on the float embedding is too large, and a head
belongs to the numbers it was trained on. Its threshold is set on the project's held-out streams, its recall and false
accepts are counted on the project's test, by the engine that the microcontroller runs.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from wakegen import profiles
from wakegen.bench.evaluate import Evaluation
from wakegen.core.events import Notice
from wakegen.core.files import write_bytes
from wakegen.core.seeds import derive, stream
from wakegen.core.version import VERSION
from wakegen.export.wgm import IntegerHead, detector_file, integer_head
from wakegen.features.c_library import is_there, library
from wakegen.features.embed import INT8
from wakegen.model.wgm import to_bytes
from wakegen.pipeline import evaluate, train
from wakegen.pipeline.heads import SMOOTHING_STEPS
from wakegen.pipeline.project import Project
from wakegen.runtime.integer import IntegerDetector
from wakegen.train.calibrate import Calibration, Point, calibrate, score_of
from wakegen.train.material import Material
from wakegen.train.trainer import train_small

NAME = "microcontroller"
DEBOUNCE_S = 2.0
_CALIBRATION_WINDOWS = 20_000


def run(project: Project) -> dict[str, Any]:
    """Make the detector that the device's profile asks for beside the project's own; {} where it asks for none."""
    wanted = profiles.load(project.settings.device).detector
    if wanted.format != "wgm":
        return {}
    if not is_there():
        project.on_event(Notice("warning", "No detector in integers: the C engine, which tests it, was not built."))
        return {}
    path = project.model_path.with_suffix(".wgm")
    facts = (*train.facts_of(project), wanted.backbone)

    def work() -> dict[str, Any]:
        told = export_wgm(project, path, backbone=wanted.backbone)
        return {"line": f"{path.name}, {told['bytes'] / 1000:.0f} kB: {told['text']}", **told}

    return project.stage(NAME, "Make the detector in integers", *facts, redo=not path.exists(), work=work)


def export_wgm(project: Project, path: Path, *, backbone: str | None = None) -> dict[str, Any]:
    """Train, quantise, calibrate, write NAME.wgm, and test it; give what is told of it.

    Its backbone ("full" or "nano") is that of the project's detector if none is named.

    Raises
    ------
    BadInput : the project holds no clips to train on.
    NotInstalled : the C engine, which tests the result, was not built.
    """
    project = project.on_backbone(backbone or project.trained_backbone)
    library()  # what tests the result must be there before an hour of work
    with project.executor() as executor:
        material = train.gather(project, executor, runtime=INT8)
        held_out = train.listen(project, executor, runtime=INT8)
    member = train_small(material, recipe=train.recipe_of(project), seed=derive(project.settings.seed, "small head"))
    head = integer_head(member, _some(material, project.settings.seed), variant=project.variant)
    calibration = calibrate(
        head,
        held_out.streams,
        held_out.phrases,
        smoothing=SMOOTHING_STEPS,
        target_fa_per_hour=project.settings.evaluation.target_fa_per_hour,
    )
    evaluation = _write(project, path, head, calibration)
    return _told(path, head, calibration, evaluation)


def _some(material: Material, seed: int) -> Any:
    """Give windows of all groups: they show how large activations get."""
    starts = np.concatenate([material.positive.starts, material.near.starts, material.general.starts])
    rng = stream(seed, "small head", "ranges")
    return material.windows(np.sort(rng.choice(starts, min(len(starts), _CALIBRATION_WINDOWS), replace=False)))


def _write(project: Project, path: Path, head: IntegerHead, calibration: Calibration) -> Evaluation:
    """Test the detector, and write it with what the test found."""
    meta: dict[str, Any] = {
        "phrase": project.settings.phrase,
        "wakegen": VERSION,
        "seed": project.settings.seed,
        "licences": list(evaluate.licences_of(project)),
        "operating_points": [_point(point) for point in calibration.points],
    }

    def made() -> bytes:
        return to_bytes(
            detector_file(head, logit=calibration.logit, smoothing=SMOOTHING_STEPS, debounce_s=DEBOUNCE_S, meta=meta)
        )

    with TemporaryDirectory(prefix="wakegen-") as folder:
        tried = Path(folder) / path.name
        tried.write_bytes(made())
        detector = IntegerDetector(tried)
        evaluation = evaluate.evaluate_with(project, detector, threshold=detector.sidecar.threshold)
    meta["evaluated_on"] = {
        "recall": evaluation.recall.to_json(),
        "false_accepts": evaluation.false_accepts.to_json(),
    }
    write_bytes(path, made())
    return evaluation


def _point(point: Point) -> dict[str, Any]:
    """An operating point as the file tells it: the head is not shifted, so scores are those of the logits themselves."""
    return {
        "name": point.name,
        "fa_per_hour": point.fa_per_hour,
        "threshold": float(score_of(point.logit)),
        "events": point.events,
        "recall": point.recall,
        "estimated": point.estimated,
    }


def _told(path: Path, head: IntegerHead, calibration: Calibration, evaluation: Evaluation) -> dict[str, Any]:
    return {
        "file": str(path),
        "format": "wgm",
        "bytes": path.stat().st_size,
        "head_bytes": sum(layer.weights.nbytes + layer.bias.nbytes for layer in head.layers),
        "calibration": calibration.to_json(),
        "recall": evaluation.recall.to_json(),
        "false_accepts": evaluation.false_accepts.to_json(),
        "text": f"recall {evaluation.recall.text()}; false accepts {evaluation.false_accepts.text()}",
    }
