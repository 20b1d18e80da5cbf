"""Plots as SVG text. Colours come from the page's style sheet, so that light, dark and print need one drawing.

The drawings are 360 units wide: a phone shows them at their size, a wide page a little larger, and text stays legible.
Every string that is drawn is escaped here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from wakegen.report.words import brief

WIDTH = 360.0


@dataclass(frozen=True, slots=True)
class Axis:
    """Values to places along one side."""

    low: float
    high: float
    start: float  # place of `low`
    end: float  # place of `high`
    log: bool = False

    def at(self, value: float) -> float:
        """Give the place of a value; values outside land on the ends."""
        low, high, v = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, v = math.log(low), math.log(high), math.log(v)
        return self.start + (self.end - self.start) * ((v - low) / (high - low) if high > low else 0.0)


def figure(title: str, description: str, height: float, parts: Sequence[str], *, css: str = "plot") -> str:
    """Wrap parts into an accessible drawing."""
    return (
        f'<svg class="{css}" viewBox="0 0 {WIDTH:g} {height:g}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>{''.join(parts)}</svg>"
    )


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    """A straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{css}"/>'


def label(x: float, y: float, text: str, *, anchor: str = "middle", css: str = "tick") -> str:
    """A piece of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{css}">{escape(text)}</text>'


def rect(x: float, y: float, width: float, height: float, css: str) -> str:
    """A filled rectangle."""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" class="{css}"/>'


def polyline(points: Sequence[tuple[float, float]], css: str) -> str:
    """A line through points."""
    return f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" class="{css}"/>'


def interval_bar(low: float, value: float | None, high: float | None, *, axis: Axis, css: str) -> str:
    """A figure with its interval as one line of a table: no text, stretched to the cell; `high` None runs off the end."""
    top = axis.high if high is None else high
    parts = [line(0, 8, 100, 8, "rail"), line(axis.at(low), 8, axis.at(top), 8, "span")]
    if value is not None:
        parts.append(line(axis.at(value), 2, axis.at(value), 14, "mark"))
    return (
        f'<svg class="interval {css}" viewBox="0 0 100 16" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        f"{''.join(parts)}</svg>"
    )


def share_bar(rate: dict[str, Any], css: str = "") -> str:
    """The interval of a proportion on 0 … 100 %."""
    return interval_bar(rate["low"], rate["rate"], rate["high"], axis=Axis(0, 1, 0, 100), css=css)


def hour_bar(accepts: dict[str, Any], *, top: float, css: str = "") -> str:
    """The interval of a rate per hour on 0.01 … `top`, logarithmic; zero sits at the left end."""
    axis = Axis(0.01, max(top, 1.0), 0, 100, log=True)
    return interval_bar(
        max(accepts["low"], 0.01),
        accepts["per_hour"] and max(accepts["per_hour"], 0.01),
        accepts["high"],
        axis=axis,
        css=css,
    )


def bars(
    edges: Sequence[float],
    counts: Sequence[int],
    *,
    marks: Sequence[tuple[str, float]],
    title: str,
    description: str,
    unit: str,
) -> str:
    """A histogram with labelled places on its axis (zero, median, 95 %)."""
    height, left, right, top, base = 170.0, 8.0, WIDTH - 8, 34.0, 140.0
    across, up = Axis(edges[0], edges[-1], left, right), Axis(0, max(*counts, 1), base, top)
    parts = [
        rect(across.at(a) + 0.5, up.at(n), across.at(b) - across.at(a) - 1, base - up.at(n), "bar")
        for a, b, n in zip(edges[:-1], edges[1:], counts, strict=True)
        if n
    ]
    parts.append(line(left, base, right, base, "axis"))
    parts += [
        label(across.at(v), base + 13, brief(v), anchor=_anchor(across.at(v))) for v in _ticks(edges[0], edges[-1])
    ]
    parts.append(label(WIDTH / 2, base + 27, unit, css="name"))
    for row, (name, value) in enumerate(marks):
        if edges[0] <= value <= edges[-1]:
            place, y = across.at(value), 10.0 + 11 * (row % 2)
            parts += [
                line(place, y + 3, place, base, "guide"),
                label(place, y, name, anchor=_anchor(place), css="note"),
            ]
    return figure(title, description, height, parts)


def trace(excerpt: dict[str, Any], *, title: str, description: str, css: str = "") -> str:
    """The scores of a few seconds, the threshold, and where the phrase is."""
    scores, step_s, threshold = excerpt["scores"], excerpt["step_s"], excerpt["threshold"]
    height, left, right, top, base = 128.0, 26.0, WIDTH - 6, 8.0, 104.0
    seconds = max(len(scores) * step_s, step_s)
    across, up = Axis(0, seconds, left, right), Axis(0, 1, base, top)
    parts = []
    if excerpt["span_s"]:
        start, end = excerpt["span_s"]
        parts.append(rect(across.at(end), top, across.at(end + 1) - across.at(end), base - top, "grace"))
        parts.append(rect(across.at(start), top, across.at(end) - across.at(start), base - top, "phrase"))
        parts.append(label((across.at(start) + across.at(end)) / 2, top + 9, "phrase", css="note"))
    points = [(across.at((i + 1) * step_s), up.at(score)) for i, score in enumerate(scores)]
    parts += [line(left, up.at(v), right, up.at(v), "grid") for v in (0.5, 1.0)]
    parts += [label(left - 4, up.at(v) + 3, brief(v), anchor="end") for v in (0, 0.5, 1)]
    if points:
        area = [(points[0][0], base), *points, (points[-1][0], base)]
        parts += [polyline(area, "area"), polyline(points, "score")]
    parts += [line(left, up.at(threshold), right, up.at(threshold), "threshold"), line(left, base, right, base, "axis")]
    parts += [label(across.at(v), base + 12, f"{v:g}", anchor=_anchor(across.at(v))) for v in range(int(seconds) + 1)]
    parts.append(label(right, base + 22, "seconds", anchor="end", css="name"))
    cursor = f'<line x1="{left:g}" y1="{top:g}" x2="{left:g}" y2="{base:g}" class="cursor" data-left="{left:g}" data-width="{right - left:g}"/>'
    return figure(title, description, height, [*parts, cursor], css=f"plot {css}".strip())


def _ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round places inside a range: multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / wanted
    if rough <= 0:
        return [low]
    power = 10 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 10) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def _anchor(place: float) -> str:
    return "start" if place < 24 else "end" if place > WIDTH - 24 else "middle"
