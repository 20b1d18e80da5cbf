"""Level 1: what a detector is on disk: NAME.onnx and, beside it, NAME.json."""

from wakegen.model.sidecar import FORMAT, OperatingPoint, Sidecar

__all__ = ["FORMAT", "OperatingPoint", "Sidecar"]
