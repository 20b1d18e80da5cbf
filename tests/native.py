"""For tests of the C engine, which is there where a C compiler was."""

from __future__ import annotations

import pytest

from wakegen.features import native

needs_c = pytest.mark.skipif(not native.is_there(), reason="the C engine was not built: no C compiler")
ENGINES = ["onnxruntime", pytest.param("c", marks=needs_c)]
