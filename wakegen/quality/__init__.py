"""Level 2: is a clip fit to learn from? A table of checks, a verdict with reasons, and a score for people."""

from __future__ import annotations

from wakegen.quality.gate import CHECKS, Check, Expected, Verdict, gate, measure
from wakegen.quality.score import QualityReport, QualityScorer

__all__ = ["CHECKS", "Check", "Expected", "QualityReport", "QualityScorer", "Verdict", "gate", "measure"]
