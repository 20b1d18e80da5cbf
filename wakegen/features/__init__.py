"""Level 2: from samples to speech embeddings, the same numbers in training and at run time."""

from wakegen.features.embed import EMBEDDING_SIZE, WINDOW_FRAMES, Embedder
from wakegen.features.mel import STEP_SAMPLES

__all__ = ["EMBEDDING_SIZE", "STEP_SAMPLES", "WINDOW_FRAMES", "Embedder"]
