"""The exported file as it is, scoring many windows at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wakegen.model import Sidecar
from wakegen.runtime import Detector

F32 = NDArray[np.float32]


class Exported:
    """NAME.onnx with its first axis made free in memory; every weight and operator is the file's own."""

    def __init__(self, model: Path) -> None:
        import onnx
        import onnxruntime

        self.path, self.sidecar = model, Sidecar.load(model)
        graph = onnx.load(str(model))
        for value in (*graph.graph.input, *graph.graph.output):
            value.type.tensor_type.shape.dim[0].dim_param = "n"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        providers = ["CPUExecutionProvider"]
        self._session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=providers)
        self._input = self._session.get_inputs()[0].name

    @property
    def threshold_logit(self) -> float:
        """The default threshold as a logit."""
        return float(np.log(self.sidecar.threshold) - np.log1p(-self.sidecar.threshold))

    def logit(self, windows: F32) -> F32:
        """Score windows [n, 16, 96] → logits [n]; a score of exactly 0 or 1 is infinite."""
        score = np.asarray(self._session.run(None, {self._input: windows})[0], np.float64).reshape(-1)
        with np.errstate(divide="ignore"):
            return (np.log(score) - np.log1p(-score)).astype(np.float32)

    def worst_difference(self, samples: NDArray[np.int16], smoothed: F32) -> float:
        """Give how far smoothed logits of a recording lie from what the detector itself gives, as scores."""
        ours = 1 / (1 + np.exp(-smoothed[24:].astype(np.float64)))
        return float(np.abs(Detector(self.path).scores(samples)[24:] - ours).max(initial=0.0))
