import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from wakegen.metrics.detection import ScoredPhrase, det_curve
from wakegen.report import svg, words
from wakegen.report.det import det_plot


def test_an_axis_puts_values_in_their_places():
    assert svg.Axis(0, 10, 100, 200).at(5) == 150
    assert svg.Axis(0.1, 10, 0, 100, log=True).at(1) == pytest.approx(50)
    assert svg.Axis(0, 1, 0, 100).at(7) == 100
    assert svg.Axis(1, 1, 5, 9).at(1) == 5


@pytest.mark.parametrize(
    ("low", "high", "ticks"), [(0, 4, [0, 1, 2, 3, 4]), (-160, 960, [0, 500]), (0, 0.03, [0, 0.01, 0.02, 0.03])]
)
def test_ticks_are_round(low, high, ticks):
    assert svg._ticks(low, high) == pytest.approx(ticks)


def test_drawings_are_xml_whatever_they_are_told():
    excerpt = {"scores": [0.1, 0.9], "step_s": 0.08, "threshold": 0.5, "span_s": [0.0, 0.1], "id": '<&"'}
    for drawing in (
        svg.trace(excerpt, title='<b>&"', description="<"),
        svg.trace({**excerpt, "scores": [], "span_s": None}, title="", description=""),
        svg.bars([0, 1, 2], [0, 3], marks=[("<p50>", 1.0), ("far", 99.0)], title="t", description="d", unit="ms"),
        svg.share_bar({"hits": 0, "total": 0, "rate": None, "low": 0.0, "high": 1.0}),
        svg.hour_bar({"low": 0.0, "per_hour": None, "high": None}, top=10),
    ):
        ElementTree.fromstring(drawing)


def test_the_trade_off_draws_every_point_inside_its_frame():
    rng = np.random.default_rng(0)
    phrases = [ScoredPhrase(rng.random(60).astype(np.float32), (1.6, 2.4)) for _ in range(50)]
    stream = rng.random(45_000).astype(np.float32) ** 8
    curve = det_curve(phrases, [stream], 1.0).to_json()
    rate, hours = {"total": 50, "rate": 0.9}, {"per_hour": 0.0}
    point = {
        "name": "strict",
        "text": "",
        "target_fa_per_hour": 0.1,
        "recall": rate,
        "false_accepts": hours,
        "resolved": False,
        "usable": True,
        "estimated": True,
    }
    drawing = det_plot({"curve": curve, "curves": {"speech": curve}, "operating_points": [point]})
    tree = ElementTree.fromstring(drawing)
    for circle in tree.iter("circle"):
        assert 0 < float(circle.get("cx")) < 360
        assert 0 < float(circle.get("cy")) < 300
    assert det_plot({"curve": det_curve([], [], 0.0).to_json(), "curves": {}, "operating_points": []}) == ""


@pytest.mark.parametrize(
    ("value", "text"), [(0.9387, "93.9 %"), (1.0, "100 %"), (0.9, "90 %"), (None, "–"), (0.0, "0 %")]
)
def test_percent(value, text):
    assert words.percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.01234, "0.012"), (1.234, "1.23"), (12.34, "12.3"), (12345.6, "12,346"), (None, "–"), (80.0, "80")],
)
def test_number(value, text):
    assert words.number(value) == text
