"""wakegen's own heads without onnxruntime."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.heads import bursts, detector_files, head
from tests.native import needs_c
from wakegen.core.errors import BadInput, NotInstalled
from wakegen.core.seeds import stream
from wakegen.features import weights
from wakegen.model import onnx_tensors
from wakegen.runtime import Detector, heads
from wakegen.runtime.plain_head import PlainHead


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return detector_files(tmp_path_factory.mktemp("plain"))


def test_it_scores_as_the_trained_head(model):
    windows = stream(1, "plain").normal(0, 15, (40, 16, 96)).astype(np.float32)
    made = np.array([PlainHead(model).scores(window)[0] for window in windows])
    np.testing.assert_allclose(made, 1 / (1 + np.exp(-head().logit(windows).astype(np.float64))), atol=1e-5)
    assert np.ptp(made) > 0.1


def test_constants_are_those_that_onnx_reads(model):
    import onnx
    from onnx import numpy_helper

    producer, found = onnx_tensors.read(model.read_bytes(), source="x")
    wanted = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(str(model)).graph.initializer}
    assert producer == "wakegen"
    assert found.keys() == wanted.keys()
    assert all(np.array_equal(found[name], wanted[name]) for name in wanted)


@needs_c
def test_the_c_engine_needs_no_onnxruntime_for_a_head_of_wakegen(model):
    import subprocess
    import sys

    code = (
        "import sys, numpy as np; from wakegen.runtime import Detector\n"
        f"d = Detector({str(model)!r}, runtime='c'); d.push(np.ones(48000, np.int16))\n"
        "print(sorted({'onnx', 'onnxruntime', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
    sound = bursts(5)
    plain, usual = (Detector(model, runtime=engine).raw_scores(sound) for engine in ("c", "onnxruntime"))
    np.testing.assert_allclose(plain, usual, atol=1e-4)


def test_without_onnxruntime_a_foreign_head_says_what_to_install(model, monkeypatch):
    monkeypatch.setattr(heads, "find_spec", lambda name: None)
    assert isinstance(heads.open_head(model), PlainHead)
    with pytest.raises(NotInstalled, match="not made by wakegen") as caught:
        heads.open_head(weights.source_path().with_name("alexa_v0.1.onnx"))
    assert caught.value.hint == "pip install onnxruntime"


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_file_is_refused_or_read_but_never_crashes(model, tmp_path_factory, data):
    good = model.read_bytes()
    changed = bytearray(good[: data.draw(st.integers(0, len(good)))])
    for _ in range(data.draw(st.integers(0, 5)) if changed else 0):
        changed[data.draw(st.integers(0, min(len(changed) - 1, 4000)))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.onnx"
    path.write_bytes(changed)
    with contextlib.suppress(BadInput, NotInstalled):
        assert PlainHead(path).scores(np.zeros((16, 96), np.float32)).shape == (1,)
