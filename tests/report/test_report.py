import json
import re
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from tests.bench.fakes import Loudness
from tests.report.sample import sample_document
from wakegen.bench.evaluate import evaluate
from wakegen.bench.gate import Limits, check
from wakegen.bench.latency import estimated_for, measure_latency
from wakegen.bench.result import ModelFacts, report_document
from wakegen.core.errors import BadInput
from wakegen.report.html import render, write
from wakegen.report.terminal import summary

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/report.schema.json").read_text(encoding="utf-8"))
VOID = {"meta", "link", "br", "input", "img", "hr", "source"}
EVIL = "<script>alert(1)</script>\"'&{{7*7}}"


@pytest.fixture(scope="module")
def document():
    return sample_document(count=130, minutes=12)


def empty_document(**more):
    facts = {"phrase": "hey", "created": "2026-01-01T00:00:00Z", "wakegen": "0.1.0", "model": ModelFacts("hey.onnx")}
    return report_document(**{**facts, **more})


class Tree(HTMLParser):
    """Fails on tags that do not close in order; gathers ids, attributes and text."""

    def __init__(self, page):
        super().__init__()
        self.open, self.attributes, self.scripts, self.text = [], [], 0, []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.scripts += tag == "script"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def text_of(page):
    return re.sub(r"\s+", " ", " ".join(Tree(page).text))


def test_the_schema_is_one_and_describes_the_document(document):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(json.dumps(document, allow_nan=False)), SCHEMA, jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"evaluation": evaluate(Loudness(), [], [], threshold=0.5)},
        {"latency": measure_latency(Loudness, seconds=0.08, warm_up_steps=0)},
        {"gates": check(Limits(min_recall=0.9, max_fa_per_hour=1, max_p99_ms=5), None, None)},
    ],
    ids=["nothing", "no clips", "latency alone", "limits alone"],
)
def test_with_little_or_nothing_the_page_says_so(more):
    document = json.loads(json.dumps(empty_document(**more), allow_nan=False))
    jsonschema.validate(document, SCHEMA, jsonschema.Draft202012Validator)
    told = text_of(render(document))
    assert "Too little data for a verdict" in told
    if "evaluation" in more:
        assert "no audio to tell from" in told
        assert "nothing is known about false accepts" in told
    if "latency" not in more:
        assert "Speed and memory were not measured." in told


def test_the_page_is_well_formed_and_loads_nothing(document):
    page = render(document)
    tree = Tree(page)
    for tag, name, value in tree.attributes:
        if name in {"src", "href", "data", "poster", "srcset", "action"}:
            assert value.startswith("data:") or value.startswith("#"), (tag, name, value[:60])
    assert not re.search(r"url\(|@import|https?://|\bfetch\(|XMLHttpRequest", page)
    assert "default-src 'none'" in page
    ids = [value for _, name, value in tree.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_everything_has_a_name_for_those_who_cannot_see_it(document):
    page = render(document)
    assert page.count("<table") == page.count("<caption>")
    for drawing in re.findall(r"<svg[^>]*>", page):
        assert "aria-label=" in drawing or 'aria-hidden="true"' in drawing
    assert all("aria-label=" in player for player in re.findall(r"<audio[^>]*>", page))
    assert '<html lang="en">' in page


def test_figures_stand_with_their_counts_and_intervals(document):
    told = text_of(render(document))
    recall = document["evaluation"]["recall"]
    assert f"{recall['hits']} of {recall['total']}" in told
    for row in document["evaluation"]["corpora"]:
        assert row["false_accepts"]["text"] in told
    worst = document["evaluation"]["worst_group"]
    assert worst["value"] in told
    for point in document["evaluation"]["operating_points"]:
        assert point["name"] in told
    assert "estimated" in told
    assert "espeak 2,900" in told
    assert "GPL-3.0-or-later" in told


def test_the_page_can_be_drawn_again_from_the_file(document, tmp_path):
    saved = tmp_path / "report.json"
    saved.write_text(json.dumps(document))
    write(json.loads(saved.read_text()), tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text() == render(document)


def poisoned(value):
    """Put mark-up into every string that is not part of the format, keys of mappings included."""
    if isinstance(value, dict):
        fixed = {"format", "level", "base64", "type", "what", "expect", "verdict"}
        opened = {"engines", "groups", "curves"}
        return {
            k: v
            if k in fixed and isinstance(v, str)
            else {name + EVIL: poisoned(inner) for name, inner in v.items()}
            if k in opened and isinstance(v, dict)
            else poisoned(v)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [poisoned(entry) for entry in value]
    return value + EVIL if isinstance(value, str) else value


def test_no_string_of_the_data_becomes_mark_up(document):
    clean, page = render(document), render(poisoned(document))
    assert Tree(page).scripts == Tree(clean).scripts == 1
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{7*7}}" in page  # data is never a template
    assert not [1 for _, name, _ in Tree(page).attributes if name.startswith("on")]


def test_a_sound_that_is_no_base64_is_refused(document):
    bad = json.loads(json.dumps(document))
    bad["evaluation"]["misses"][0]["audio"]["base64"] = '" onerror="alert(1)'
    with pytest.raises(BadInput):
        render(bad)


def test_another_format_is_bad_input():
    with pytest.raises(BadInput, match="not a wakegen report") as error:
        render({"format": "something/2"})
    assert error.value.hint


def test_estimated_times_are_labelled():
    latency = estimated_for(measure_latency(Loudness, seconds=0.8), factor=3.0, source="this machine")
    assert "These times are estimated" in text_of(render(empty_document(latency=latency)))


@pytest.mark.parametrize("width", [60, 120])
def test_the_terminal_tells_the_same(document, width):
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(summary(document))
    told = console.export_text()
    assert document["verdict"]["title"] in told
    assert "relaxed" in told
    assert "sentences" in told
    console.print(summary(empty_document(phrase="[bold]hey[/bold]")))
    assert "[bold]hey[/bold]" in console.export_text()
