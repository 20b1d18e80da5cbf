"""A gate for voice activity: where nobody speaks, no detector is asked. Silero's network (MIT), from openwakeword."""

from __future__ import annotations

from collections import deque
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import NotInstalled
from wakegen.features.weights import published_file

I16 = NDArray[np.int16]
_SHA256 = "a35ebf52fd3ce5f1469b2a36158dba761bc47b973ea3382b3186ca15b1f5af28"
_CHUNK = 640  # 40 ms: two in a step
_STATE = (2, 1, 64)
# The network answers while somebody speaks, a detector at the end of the phrase or a little later.
_HELD_STEPS = 10


class Gate:
    """Open from the step that somebody speaks in until 0.72 s after the last."""

    def __init__(self, threshold: float) -> None:
        """Open the network.

        Raises
        ------
        NotInstalled : openwakeword 0.4.0 or onnxruntime is missing.
        """
        if find_spec("onnxruntime") is None:
            raise NotInstalled("The gate for voice activity needs onnxruntime.", hint="pip install onnxruntime")
        import onnxruntime

        path = published_file("silero_vad.onnx", _SHA256, "network for voice activity")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._threshold = threshold
        self.reset()

    def reset(self) -> None:
        """Forget all sound heard."""
        self._h, self._c = np.zeros(_STATE, np.float32), np.zeros(_STATE, np.float32)
        self._recent: deque[float] = deque(maxlen=_HELD_STEPS)

    def step(self, samples: I16) -> bool:
        """Take 1,280 samples; tell whether somebody speaks or just has."""
        voiced = [self._voiced(samples[at : at + _CHUNK]) for at in range(0, len(samples), _CHUNK)]
        self._recent.append(max(voiced))
        return max(self._recent) >= self._threshold

    def _voiced(self, chunk: I16) -> float:
        sound = (chunk.astype(np.float32) / 32768)[None]
        rate = np.array(16_000, np.int64)
        given = {"input": sound, "sr": rate, "h": self._h, "c": self._c}
        score, self._h, self._c = self._session.run(None, given)
        return float(np.asarray(score).reshape(-1)[0])
