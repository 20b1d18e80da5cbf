"""Level 3: a detector that runs: sound in, scores out."""

from wakegen.runtime.detector import Detector, Detectors
from wakegen.runtime.scorer import Score

__all__ = ["Detector", "Detectors", "Score"]
