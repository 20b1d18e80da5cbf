"""The exported graph says what the head says, in every runtime that reads opset 13."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import onnxruntime
import pytest

from tests.heads import head, member
from wakegen.core.errors import WakegenError
from wakegen.core.seeds import stream
from wakegen.export import export_head, onnx_bytes, onnx_head
from wakegen.model.head import Head

WINDOWS = stream(1, "windows").normal(0, 15, (40, 16, 96)).astype(np.float32)


def scores_of(data: bytes) -> np.ndarray:
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.array([session.run(None, {name: window[None]})[0][0, 0] for window in WINDOWS])


@pytest.mark.parametrize("members", [1, 2, 3, 5])
def test_the_graph_scores_as_the_head_does(members):
    one = head(members)
    wanted = 1 / (1 + np.exp(-one.logit(WINDOWS).astype(np.float64)))
    assert wanted.std() > 0.05, "a head that says one thing always would prove nothing"
    np.testing.assert_allclose(scores_of(onnx_bytes(one)), wanted, atol=1e-5)


def test_input_and_output_are_what_openwakeword_reads():
    session = onnxruntime.InferenceSession(onnx_bytes(head()), providers=["CPUExecutionProvider"])
    (given,), (found,) = session.get_inputs(), session.get_outputs()
    assert (given.shape, given.type) == ([1, 16, 96], "tensor(float)")
    assert (found.shape, found.type) == ([1, 1], "tensor(float)")
    assert session.run(None, {given.name: WINDOWS[:1]})[0].shape == (1, 1)


def test_it_is_written_for_old_runtimes():
    import onnx

    model = onnx.load_from_string(onnx_bytes(head()))
    assert model.ir_version == 7
    assert [(item.domain, item.version) for item in model.opset_import] == [("", 13)]


def test_the_same_head_gives_the_same_bytes_in_another_process_too():
    code = "import hashlib; from tests.heads import head; from wakegen.export import onnx_bytes;"
    said = subprocess.run(
        [sys.executable, "-c", f"{code} print(hashlib.sha256(onnx_bytes(head())).hexdigest())"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.strip() == hashlib.sha256(onnx_bytes(head())).hexdigest()
    assert onnx_bytes(head(shift=-0.31)) != onnx_bytes(head())


def test_a_shift_moves_the_operating_point_to_one_half():
    one = member(0)
    at = float(one.logit(WINDOWS[:1])[0])
    assert scores_of(onnx_bytes(Head((one,), -at)))[0] == pytest.approx(0.5, abs=1e-5)


def test_certain_answers_stay_between_0_and_1():
    scores = scores_of(onnx_bytes(Head((member(0, strength=1000),))))
    assert np.isfinite(scores).all()
    assert scores.min() >= 0
    assert scores.max() <= 1


def test_a_graph_that_scores_otherwise_is_not_written(tmp_path, monkeypatch):
    other = onnx_bytes(head(1))
    monkeypatch.setattr(onnx_head, "onnx_bytes", lambda _: other)
    with pytest.raises(WakegenError, match="scores differently"):
        export_head(head(2), tmp_path / "x.onnx")
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_small():
    assert len(onnx_bytes(head(3))) < 300_000
