"""What an engine cannot speak another says, once, and the run says so."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.small import check_files, settings
from wakegen.core.errors import EngineError
from wakegen.core.events import Notice
from wakegen.dataset.store import DONE, FAILED, SPEECH
from wakegen.engines.fake import Fake
from wakegen.pipeline import evaluate, generate
from wakegen.pipeline.project import opened

pytestmark = pytest.mark.xdist_group("project")


@pytest.fixture
def broken(monkeypatch):
    """Break the engine for tests, wherever it speaks."""

    def fail(self, request):
        raise EngineError("fake is broken today.", hint="Wait.")

    monkeypatch.setattr(Fake, "synthesize", fail)


def made(folder, *, engines, redo=False):
    said: list[str] = []
    wanted = settings(folder, engines=engines, generation__count=30, limits__retries=0)
    with opened(wanted, on_event=lambda e: said.append(e.message) if isinstance(e, Notice) else None) as project:
        summary = generate.run(project, redo=redo)
        rows = list(project.store.clips(stage=SPEECH))
        notes = evaluate._notes(project)
        planned = json.loads(project.store.meta("planned"))
    return summary, rows, said, notes, planned


def test_the_share_of_a_broken_engine_goes_to_the_others_and_the_report_says_so(broken, tmp_path):
    _, rows, said, notes, planned = made(tmp_path / "p", engines=["fake", "espeak"])
    failed = [row for row in rows if row.state == FAILED]
    done = [row for row in rows if row.state == DONE]
    assert {row.engine for row in failed} == {"fake"}
    assert {row.engine for row in done} == {"espeak"}
    assert planned == max(row.id for row in rows)
    kinds = Counter((row.kind, row.split) for row in rows if row.id <= planned - len(failed))
    again = Counter((row.kind, row.split) for row in rows if row.id > planned - len(failed))
    assert again == Counter((row.kind, row.split) for row in failed)
    assert sum(kinds.values()) == len(rows) - len(failed)
    text = f"fake could not speak {len(failed)} clips; other engines spoke in its place."
    assert text in said
    assert text in notes
    check_files(tmp_path / "p")


def test_what_was_replaced_is_neither_tried_nor_replaced_again(broken, tmp_path):
    first = made(tmp_path / "p", engines=["fake", "espeak"])[1]
    second = made(tmp_path / "p", engines=["fake", "espeak"], redo=True)[1]
    assert [(row.id, row.state) for row in second] == [(row.id, row.state) for row in first]


def test_where_there_is_no_other_engine_nothing_stands_in(broken, tmp_path):
    with pytest.raises(EngineError, match="No clip of the phrase could be spoken: fake is broken today"):
        made(tmp_path / "p", engines=["fake"])
