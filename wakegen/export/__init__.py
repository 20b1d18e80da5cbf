"""Level 4: a `Head` becomes files that other programs run."""

from wakegen.export.onnx_head import export_head, onnx_bytes

__all__ = ["export_head", "onnx_bytes"]
