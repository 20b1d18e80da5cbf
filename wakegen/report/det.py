"""The trade-off plot: misses against false accepts per hour, both logarithmic, with room for zero on both sides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from wakegen.report.svg import WIDTH, Axis, figure, label, line, polyline, rect
from wakegen.report.words import brief

_HEIGHT, _LEFT, _RIGHT, _TOP, _BASE = 300.0, 48.0, WIDTH - 10, 12.0, 248.0
_ZERO = 26.0  # room for the place where a logarithm has none


def det_plot(evaluation: dict[str, Any]) -> str:
    """Draw the pooled curve, one thin line for each corpus, and the operating points; "" when there is nothing to draw."""
    curve = evaluation["curve"]
    pairs = _pairs(curve)
    if not pairs:
        return ""
    across, up = _axes(evaluation)
    resolved = 3 / curve["hours"]
    parts = _untold(across, resolved) + _grid(across, up)
    for part in evaluation["curves"].values():
        parts.append(polyline(_places(_pairs(part), across, up), "corpus"))
    parts.append(polyline(_places(pairs, across, up), "curve"))
    parts += [line(_x(x, across) - 3, _y(y, up), _x(x, across) + 4, _y(y, up), "curve") for x, y in pairs if x == 0]
    for row, point in enumerate(p for p in evaluation["operating_points"] if p["recall"]["total"]):
        parts.append(_point(point, across, up, row))
    names = [f"{p['name']}: {p['text']}" for p in evaluation["operating_points"]]
    return figure("Misses against false accepts per hour", " ".join(names), _HEIGHT, parts, css="plot det")


def _axes(evaluation: dict[str, Any]) -> tuple[Axis, Axis]:
    curves = [evaluation["curve"], *evaluation["curves"].values()]
    rates = [x for curve in curves for x, _ in _pairs(curve) if x > 0] or [1.0]
    misses = [y for curve in curves for _, y in _pairs(curve) if y > 0] or [0.1]
    low = min(0.1, 10 ** math.floor(math.log10(min(rates))))
    high = 30.0 if max(rates) > 10 else 10.0  # what wakes more often is of no use to anybody
    floor = min(0.1, 10 ** math.floor(math.log10(min(misses))))
    return Axis(low, high, _LEFT + _ZERO, _RIGHT, log=True), Axis(floor, 1.0, _BASE - _ZERO, _TOP, log=True)


def _grid(across: Axis, up: Axis) -> list[str]:
    parts = [line(_LEFT, _BASE, _RIGHT, _BASE, "axis"), line(_LEFT, _TOP, _LEFT, _BASE, "axis")]
    for value in _decades(across):
        parts.append(line(across.at(value), _TOP, across.at(value), _BASE, "grid"))
        parts.append(label(across.at(value), _BASE + 13, brief(value)))
    for value in sorted({*_decades(up), 0.5, 0.2, 0.05}):
        if up.low <= value <= 1:
            parts.append(line(_LEFT, up.at(value), _RIGHT, up.at(value), "grid"))
            parts.append(label(_LEFT - 5, up.at(value) + 3, f"{100 * value:g} %", anchor="end"))
    parts += [label(_LEFT + 4, _BASE + 13, "0"), label(_LEFT - 5, _BASE + 3, "0", anchor="end")]
    parts.append(label((_LEFT + _RIGHT) / 2, _BASE + 29, "false accepts per hour", css="name"))
    parts.append(
        f'<g transform="rotate(-90 9 {(_TOP + _BASE) / 2:g})">{label(9, (_TOP + _BASE) / 2, "missed phrases", css="name")}</g>'
    )
    return parts


def _untold(across: Axis, resolved: float) -> list[str]:
    """Shade the rates that so few hours cannot show, whatever was counted."""
    if resolved <= across.low:
        return []
    end = across.at(resolved)
    text = (
        [label(_LEFT + 4, _BASE - 5, "too few hours to tell", anchor="start", css="note")] if end - _LEFT > 95 else []
    )
    return [rect(_LEFT, _TOP, end - _LEFT, _BASE - _TOP, "untold"), *text]


def _point(point: dict[str, Any], across: Axis, up: Axis, row: int) -> str:
    # An estimated threshold is one where the rate asked for is expected, though the hours held no such event.
    x = _x(point["target_fa_per_hour"] if point["estimated"] else point["false_accepts"]["per_hour"] or 0.0, across)
    y = _y(1 - (point["recall"]["rate"] or 0.0), up)
    css = "point" if point["resolved"] and point["usable"] else "point open"
    # Two points can share a place where few hours were heard, and the third lies down to the right of the second: so
    # the second's name stands below it, to the left.
    below = row == 1
    leftward = x > _RIGHT - 70 or (below and x > _LEFT + 70)
    place = (x - 8 if leftward else x + 8, min(max(y + (15 if below else -7), _TOP + 8), _BASE - 8))
    name = label(*place, point["name"], anchor="end" if leftward else "start", css="pointname")
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" class="{css}"/>{name}'


def _pairs(curve: dict[str, Any]) -> list[tuple[float, float]]:
    return [(x, y) for x, y in zip(curve["fa_per_hour"], curve["miss_rate"], strict=True) if y is not None]


def _places(pairs: Sequence[tuple[float, float]], across: Axis, up: Axis) -> list[tuple[float, float]]:
    """Draw no further than the axis, and no line to zero: what lies between is not known."""
    return [(_x(x, across), _y(y, up)) for x, y in pairs if 0 < x <= across.high]


def _x(value: float, across: Axis) -> float:
    return across.at(value) if value > 0 else _LEFT + 4


def _y(value: float, up: Axis) -> float:
    return up.at(value) if value > 0 else _BASE - 3


def _decades(axis: Axis) -> list[float]:
    return [float(10.0**e) for e in range(round(math.log10(axis.low)), math.floor(math.log10(axis.high)) + 1)]
