"""Embeddings of whole recordings, as a device computes them step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wakegen.features import backbone
from wakegen.features.mel import BANDS, FIRST_STEP_FRAMES, STEP_FRAMES, STEP_SAMPLES, stream_mel

if TYPE_CHECKING:
    import onnxruntime

EMBEDDING_SIZE = backbone.SIZE
WINDOW_FRAMES = 16  # embeddings that a head sees: 1.98 s of sound

# A step's embedding ends with that step's frames. 76 frames are complete after the 10th step (5 + 9 × 8 = 77);
# its window starts at frame 1, and so does every later one at 8k + 1.
FIRST_EMBEDDING_STEP = 9
FIRST_SCORE_STEP = FIRST_EMBEDDING_STEP + WINDOW_FRAMES - 1  # 24: all 16 embeddings hold real sound
_SKIPPED_FRAMES = FIRST_STEP_FRAMES + FIRST_EMBEDDING_STEP * STEP_FRAMES - backbone.RECEPTIVE_FRAMES  # 1


class Embedder:
    """Holds one session of the backbone. Not for sharing between processes."""

    def __init__(self, *, threads: int = 1) -> None:
        self._session: onnxruntime.InferenceSession = backbone.load_session(threads=threads)

    def embed(self, samples: NDArray[np.int16]) -> NDArray[np.float32]:
        """Embed one recording.

        Parameters
        ----------
        samples : int16, shape (n,), 16 kHz

        Returns
        -------
        float32, shape (max(0, n // 1280 − 9), 96). Row i belongs to step i + 9: it ends at sample
        1280 (i + 10) less the 128 that no frame holds yet.
        """
        return self.embed_all([samples])[0]

    def embed_all(self, recordings: Sequence[NDArray[np.int16]]) -> list[NDArray[np.float32]]:
        """Embed recordings; those of equal length go through the network together. Same values as one by one."""
        results: list[NDArray[np.float32]] = [np.zeros((0, EMBEDDING_SIZE), np.float32)] * len(recordings)
        by_steps: dict[int, list[int]] = {}
        for index, samples in enumerate(recordings):
            by_steps.setdefault(len(samples) // STEP_SAMPLES, []).append(index)
        for steps, indices in by_steps.items():
            if steps <= FIRST_EMBEDDING_STEP:
                continue
            for at in range(0, len(indices), 8):  # eight at a time stay in cache
                part = indices[at : at + 8]
                mel = np.stack([stream_mel(recordings[i]) for i in part])
                for i, rows in zip(part, self.from_mel(mel[:, _SKIPPED_FRAMES:]), strict=True):
                    results[i] = rows
        return results

    def from_mel(self, mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embed mel frames [n, T ≥ 76, 32] → [n, (T − 76) // 8 + 1, 96]."""
        assert mel.shape[2] == BANDS
        embedding: NDArray[np.float32] = self._session.run(None, {"mel": mel})[0]
        return embedding


def windows(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give every head input of a stream: [k, 96] → view [max(0, k − 15), 16, 96]; row i is step i + 24."""
    if len(embeddings) < WINDOW_FRAMES:
        return np.zeros((0, WINDOW_FRAMES, EMBEDDING_SIZE), np.float32)
    return np.lib.stride_tricks.sliding_window_view(embeddings, WINDOW_FRAMES, axis=0).transpose(0, 2, 1)
