"""Makes the speech embedding in 8-bit integers anew: `python models/int8/make.py` writes weights.npz and ranges.json."""

from __future__ import annotations

from pathlib import Path

from quantising import make

from wakegen.features import weights

if __name__ == "__main__":
    make(weights.read(), Path(__file__).parent)
