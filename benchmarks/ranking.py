"""How well validation ranks heads: each head alone, by held-out synthetic voices and by recordings of people.

Only reported. Nothing is chosen by it: the recordings are for evaluation.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import realdata, recall
from benchmarks.judging import PHRASES, Effort
from benchmarks.longform import longform
from wakegen.core.events import ignore
from wakegen.core.executor import default_jobs
from wakegen.core.names import slug
from wakegen.model.head import Head
from wakegen.model.members import load_members
from wakegen.pipeline import heads, train
from wakegen.pipeline.project import opened, read_settings

_FEWEST = 4  # heads below which a correlation says nothing


def run(options: argparse.Namespace, effort: Effort, work: Path) -> dict[str, Any]:
    """Score every head of the detectors in `work`; give Spearman's rank correlation over all, and within phrases."""
    rows = [
        row
        for phrase in effort.phrases
        for seed in range(1, effort.seeds + 1)
        for row in _rows(phrase, seed, effort, work, options)
    ]
    if len(rows) < _FEWEST:
        reason = f"{len(rows)} heads: fewer than {_FEWEST} have no order to speak of"
        return {"reasons": {"rank_correlation": reason}, "rank_heads": len(rows)}
    within = [_spearman([row for row in rows if row["phrase"] == phrase]) for phrase in effort.phrases]
    return {
        "rank_correlation": _spearman(rows),
        "rank_correlation_within_phrases": [value for value in within if value is not None],
        "rank_heads": len(rows),
        "rank_rows": rows,
    }


def _rows(phrase: str, seed: int, effort: Effort, work: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    folder = realdata.find(options.data)
    assert folder is not None
    cache = work / "embedded"
    limits = {"limit": effort.recordings, "negative_files": effort.negative_files}
    data = recall.real_set(folder, slug(phrase), cache=cache, **limits)
    read = longform(effort.longform_hours, PHRASES, seed=seed, jobs=default_jobs(), folder=cache, reader=effort.reader)
    place = work / f"{slug(phrase)}-{seed}"
    with opened(read_settings(place), on_event=ignore) as project, project.executor() as executor:
        held_out = train.listen(project, executor)
        members = load_members(train.members_path(project))
    found = []
    for number, member in enumerate(members):
        head = Head((member,))
        judged = recall.judge_head(head, data, read, smoothing=heads.SMOOTHING_STEPS)
        real = [judged.percent(f"{name}_longform") for name in recall.CONDITIONS]
        others = held_out.by_others() or list(held_out.phrases)
        valued = {"others": others, "all": list(held_out.phrases)}
        scores = {name: round(100 * float(heads.hits(head, held_out, part).mean()), 2) for name, part in valued.items()}
        found.append({"phrase": phrase, "seed": seed, "head": number, "real": round(float(np.mean(real)), 2), **scores})
    return found


def _spearman(rows: list[dict[str, Any]]) -> float | None:
    if len(rows) < _FEWEST:
        return None
    from scipy.stats import spearmanr

    return round(float(spearmanr([row["others"] for row in rows], [row["real"] for row in rows]).statistic), 3)
