"""Run as `python -m wakegen.bench.child MODEL`: measures one detector in a process of its own, prints JSON."""

from __future__ import annotations

import argparse
import json
import sys
from functools import reduce
from importlib import import_module
from pathlib import Path

from wakegen.bench.items import Stepper
from wakegen.bench.latency import LOADER, measure_latency, model_bytes


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; the exit code is 0 or, with one line on stderr, 1."""
    parser = argparse.ArgumentParser(prog="python -m wakegen.bench.child")
    parser.add_argument("model", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--loader", default=LOADER)
    options = parser.parse_args(arguments)
    try:
        latency = measure_latency(
            lambda: _load(options.loader, options.model),
            seconds=options.seconds,
            model_bytes=model_bytes(options.model),
        )
    except Exception as error:
        # The parent shows this line; a traceback would bury it.
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    json.dump(latency.to_json(), sys.stdout)
    return 0


def _load(loader: str, model: Path) -> Stepper:
    module, _, path = loader.partition(":")
    detector: Stepper = reduce(getattr, path.split("."), import_module(module))(model)  # type: ignore[operator]
    return detector


if __name__ == "__main__":
    sys.exit(main())
