"""The public names and calls that need no project."""

from __future__ import annotations

import subprocess
import sys

import pytest

import wakegen
from tests.heads import detector_files
from wakegen.api import MakeResult
from wakegen.core.errors import BadInput
from wakegen.metrics.intervals import wilson


def test_every_public_name_can_be_found():
    for name in wakegen.__all__:
        assert getattr(wakegen, name) is not None
    assert set(wakegen.__all__) <= set(dir(wakegen))
    with pytest.raises(AttributeError, match="no attribute 'maek'"):
        _ = wakegen.maek


def test_importing_the_package_imports_nothing_heavy():
    code = "import sys, wakegen; print([m for m in ('numpy', 'scipy', 'onnxruntime', 'click') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_engines_are_listed_with_what_they_need():
    engines = {engine.name: engine for engine in wakegen.list_engines()}
    assert "fake" not in engines, "it is for tests"
    assert engines["espeak"].available
    assert engines["espeak"].voices > 1000
    assert engines["espeak"].licence == "GPL-3.0-or-later"


def test_voices_are_found_by_language_and_gender():
    english = wakegen.list_voices("espeak", language="en")
    assert {voice.language.split("-")[0] for voice in english} == {"en"}
    women = wakegen.list_voices("espeak", language="EN_us", gender="female")
    assert women
    assert {voice.gender for voice in women} == {"female"}
    assert {voice.language for voice in women} <= {"en-us", "en-us-nyc"}


@pytest.mark.parametrize(("engine", "language", "said"), [("espeak", "klingon", "klingon"), ("espaek", None, "espeak")])
def test_unknown_engines_and_languages_are_refused(engine, language, said):
    with pytest.raises(BadInput) as caught:
        wakegen.list_voices(engine, language=language)
    assert said in f"{caught.value} {caught.value.hint}"


def test_benchmarking_a_detector_anywhere_keeps_a_session_beside_it(tmp_path):
    model = detector_files(tmp_path)
    result = wakegen.bench_device(model, seconds=5.0, max_p99_ms=5000)
    assert result.exit_code == 0
    assert result.session.parent == tmp_path / "sessions"
    assert result.to_json()["limits_met"] is True
    assert "p99" in result.to_text()


def test_a_limit_that_is_missed_is_exit_code_6(tmp_path):
    result = wakegen.bench_device(detector_files(tmp_path), seconds=5.0, max_rss_mb=1)
    assert result.exit_code == 6
    assert "NOT MET" in result.to_text()


def test_a_limit_on_accuracy_needs_an_evaluation(tmp_path):
    with pytest.raises(BadInput, match="holds no recall"):
        wakegen.bench_device(detector_files(tmp_path), seconds=5.0, min_recall=0.5)
    known = detector_files(tmp_path, "known", evaluated_on={"recall": wilson(4, 10).to_json()})
    assert wakegen.bench_device(known, seconds=5.0, min_recall=0.5).exit_code == 6
    assert wakegen.bench_device(known, seconds=5.0, min_recall=0.3).exit_code == 0


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"none\.onnx"):
        wakegen.bench_device(tmp_path / "none.onnx")


def test_a_model_without_its_sidecar_is_refused_before_it_is_measured(tmp_path):
    model = detector_files(tmp_path)
    model.with_suffix(".json").unlink()
    with pytest.raises(BadInput, match=r"\.json is missing"):
        wakegen.bench_device(model)


def test_results_hold_no_sound(tmp_path):
    document = {"excerpts": [{"audio": "AAAA", "score": 0.4}], "sound": "BBBB", "phrase": "x"}
    given = MakeResult(tmp_path, None, document, {}).to_json()
    assert given["report"] == {"excerpts": [{"score": 0.4}], "phrase": "x"}
    assert given["model"] is None
