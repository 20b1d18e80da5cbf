"""Level 3: a detector that runs: sound in, scores out."""

from wakegen.runtime.detector import Detector, Score

__all__ = ["Detector", "Score"]
