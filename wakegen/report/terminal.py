"""The short form for a terminal: what to think of it, the points, the corpora, the cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wakegen.report import words

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

_STYLES = {"good": "bold green", "usable": "bold yellow", "poor": "bold red", "undecided": "bold"}


def summary(document: dict[str, Any]) -> RenderableType:
    """Give a report document as something that `rich` prints; the caller owns the console."""
    from rich.console import Group
    from rich.text import Text

    verdict, evaluation, latency = document["verdict"], document["evaluation"], document["latency"]
    title = Text.assemble(
        ("“" + document["phrase"] + "”: ", "bold"), (verdict["title"], _STYLES.get(verdict["level"], "bold"))
    )
    parts: list[RenderableType] = [title, *(Text(f"  • {sentence}") for sentence in verdict["sentences"])]
    if evaluation:
        parts += [Text(), _points(evaluation), _corpora(evaluation)]
    if latency:
        parts += [Text(), Text(_cost(latency))]
    parts += [Text(f"Note: {warning}", style="yellow") for warning in document["warnings"]]
    return Group(*parts)


def _points(evaluation: dict[str, Any]) -> Table:
    table = _table("Point", "Threshold", "Heard", "False accepts")
    for point in evaluation["operating_points"]:
        mark = " (estimated)" if point["estimated"] else ""
        name = f"{point['name']}, {point['target_fa_per_hour']:g} per hour"
        table.add_row(name, f"{point['threshold']:.3f}{mark}", _heard(point["recall"]), point["false_accepts"]["text"])
    table.add_row(
        "as shipped",
        f"{evaluation['threshold']:.3f}",
        _heard(evaluation["recall"]),
        evaluation["false_accepts"]["text"],
    )
    return table


def _corpora(evaluation: dict[str, Any]) -> Table:
    table = _table("Sound", "Recordings", "False accepts")
    for row in evaluation["corpora"]:
        table.add_row(_plain(row["kind"]), str(row["items"]), row["false_accepts"]["text"])
    return table


def _cost(latency: dict[str, Any]) -> str:
    step = latency["step"]
    told = (
        f"One step of 80 ms takes {words.ms(step['p50_ms'])} (p50), {words.ms(step['p99_ms'])} (p99), n {step['n']}; "
        f"{words.number(latency['cpu_s_per_hour'])} s of processor per hour; memory {words.size(latency['peak_rss_bytes'])}; "
        f"on {latency['machine']['cpu']}."
    )
    if latency["estimated"]:
        told = f"Estimated ({latency['estimated']}): {told}"
    return f"{told} Disturbed: {'; '.join(latency['reasons'])}." if latency["disturbed"] else told


def _heard(rate: dict[str, Any]) -> str:
    return f"{words.percent(rate['rate'])} ({words.count(rate)})" if rate["total"] else words.DASH


def _plain(text: str) -> str:
    """Keep square brackets of data from being read as mark-up."""
    from rich.markup import escape

    return escape(text)


def _table(*columns: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column)
    return table


def text_summary(document: dict[str, Any], *, width: int = 100) -> str:
    """Give `summary` as plain text."""
    from io import StringIO

    from rich.console import Console

    console = Console(file=StringIO(), width=width, no_color=True, highlight=False)
    console.print(summary(document))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().rstrip()
