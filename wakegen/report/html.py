"""report.html: one file that opens anywhere and loads nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from wakegen.core.errors import BadInput
from wakegen.core.files import write_text
from wakegen.report import svg, words
from wakegen.report.det import det_plot

FORMAT = "wakegen-report/1"

_TEMPLATES = Path(__file__).parent / "templates"
_VERDICTS = ("good", "usable", "poor", "undecided")
_UNIT = re.compile(r"(?<=\d) (?=(?:%|ms|s|h|min|kB|KiB|MB|Hz)(?!\w))")
_SOUND_TYPES = ("audio/flac", "audio/wav")


def render(document: dict[str, Any]) -> str:
    """Draw the page of a report document, as `report.json` holds it.

    Every string of the document is escaped; scripts other than the page's own are refused by its policy.

    Raises
    ------
    BadInput : the document is not a report of this format.
    """
    if document.get("format") != FORMAT:
        raise BadInput(
            f"This is not a wakegen report: its format is {document.get('format')!r}, not {FORMAT!r}.",
            hint="Give the report.json that `wakegen make`, `test` or `bench` wrote.",
        )
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        finalize=_glued,
    )
    script = (_TEMPLATES / "report.js").read_text(encoding="utf-8")
    evaluation, latency = document["evaluation"], document["latency"]
    top = _top_rate(evaluation) if evaluation else 1.0
    environment.globals.update(
        doc=document,
        ev=evaluation,
        lat=latency,
        top_rate=top,
        verdict_class=document["verdict"]["level"] if document["verdict"]["level"] in _VERDICTS else "undecided",
        css=Markup((_TEMPLATES / "report.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_hash=f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}",
        percent=words.percent,
        share_range=words.share_range,
        count=words.count,
        number=words.number,
        ms=words.ms,
        size=words.size,
        hours=words.hours,
        per_hour_note=words.per_hour_note,
        group_title=words.group_title,
        limit_value=words.limit_value,
        excerpt_title=words.excerpt_title,
        excerpt_note=words.excerpt_note,
        audio_uri=_audio_uri,
        share_bar=_raw(svg.share_bar),
        hour_bar=_raw(partial(svg.hour_bar, top=top)),
        trace=_raw(_trace),
        shaded=bool(evaluation) and evaluation["curve"]["hours"] < 3 / 0.1,  # the strictest point asks for 0.1 per hour
        det_plot=Markup(det_plot(evaluation)) if evaluation else "",
        fire_plot=Markup(_fire_plot(evaluation["fire_ms"])) if evaluation and evaluation["fire_ms"]["n"] else "",
        latency_plot=Markup(_latency_plot(latency)) if latency else "",
    )
    return environment.get_template("report.html.j2").render()


def write(document: dict[str, Any], path: Path) -> None:
    """Write the page of a report document to a file, whole or not at all."""
    write_text(path, render(document))


def _glued(value: Any) -> Any:
    """Keep a figure and its unit on one line."""
    return _UNIT.sub("\N{NO-BREAK SPACE}", value) if type(value) is str else value


def _raw(draw: Callable[..., str]) -> Callable[..., str]:
    """Let the template put a drawing in as it is: `svg` escapes what it is given."""
    from markupsafe import Markup

    return lambda rate, css="": Markup(draw(rate, css=css))


def _top_rate(evaluation: dict[str, Any]) -> float:
    """Give a round rate at or above every everyday interval, so that all bars share one axis."""
    rates = [row["false_accepts"]["high"] or 1.0 for row in evaluation["corpora"] if not row["adversarial"]]
    return next((float(top) for top in (1, 10, 100, 1000) if top >= max(rates, default=1.0)), 10_000.0)


def _audio_uri(excerpt: dict[str, Any]) -> str:
    audio = excerpt["audio"]
    if audio["type"] not in _SOUND_TYPES or not re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", audio["base64"]):
        raise BadInput("A sound in the report is damaged.", hint="Make the report again.")
    return f"data:{audio['type']};base64,{audio['base64']}"


def _trace(excerpt: dict[str, Any], css: str = "") -> str:
    title = f"Scores of {excerpt['id']}"
    return svg.trace(
        excerpt,
        title=title,
        description=f"Highest {excerpt['peak']:.2f}, threshold {excerpt['threshold']:.2f}.",
        css=css,
    )


def _fire_plot(fire: dict[str, Any]) -> str:
    marks = [("median", fire["p50"]), ("95 %", fire["p95"])]
    if fire["edges_ms"][0] < 0 < fire["edges_ms"][-1] and fire["p50"] > 160:
        marks.insert(0, ("phrase ends", 0.0))
    return svg.bars(
        fire["edges_ms"],
        fire["counts"],
        marks=marks,
        title="Reaction time",
        description=f"Median {fire['p50']:.0f} ms, 95 % within {fire['p95']:.0f} ms.",
        unit="ms after the phrase ends",
    )


def _latency_plot(latency: dict[str, Any]) -> str:
    step = latency["step"]
    return svg.bars(
        latency["histogram_edges_ms"],
        latency["histogram_counts"],
        marks=[("p50", step["p50_ms"]), ("p99", step["p99_ms"])],
        title="Time of one step",
        description=f"Median {step['p50_ms']:.2f} ms, 99 % within {step['p99_ms']:.2f} ms.",
        unit="ms per step of 80 ms",
    )
