"""A detector as one file for an agent: a ZIP of model.onnx and model.json, the same bytes each time."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from wakegen.core.errors import BadInput

MODEL, SIDECAR = "model.onnx", "model.json"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def bundle(model: Path) -> bytes:
    """Pack NAME.onnx and the NAME.json beside it.

    Raises
    ------
    BadInput : one of them is missing.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name, path in ((MODEL, model), (SIDECAR, model.with_suffix(".json"))):
            try:
                data = path.read_bytes()
            except OSError as error:
                what = "is missing" if not path.exists() else f"cannot be read: {error.strerror}"
                raise BadInput(f"{path} {what}.", hint="Give a NAME.onnx with its NAME.json beside it.") from error
            file.writestr(zipfile.ZipInfo(name, _LONG_AGO), data, zipfile.ZIP_DEFLATED)
    return made.getvalue()
