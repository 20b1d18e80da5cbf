"""Runs one benchmark and prints its figures."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time

from benchmarks.machine import describe

TABLE = {
    "make": "From a phrase to a measured detector: times, recall on real recordings, false accepts, sizes.",
    "voices": "Recall with every engine that is here, twenty other phrases, what validation is worth, each engine's speed.",
    "generate": "Clips per minute of the embedded voice, alone and with scenes and storage.",
    "backbone": "The backbone and a detector's step against openwakeword and livekit: time, equality, memory.",
    "devices": "Sound to a device and scores back: through serial, socket and SSH, over a noisy line, in QEMU.",
    "features": "Embeddings of many clips against openwakeword's AudioFeatures.",
    "train": "CPU seconds and megabytes of the trainer.",
    "step": "One 80 ms step of a detector against openwakeword.Model.predict.",
}


def main(arguments: list[str] | None = None) -> int:
    """Parse, run, print."""
    table = "\n".join(f"  {name:10} {text}" for name, text in TABLE.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog=table,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=["list", *TABLE], metavar="NAME", help="a benchmark, or `list`")
    parser.add_argument("--quick", action="store_true", help="a small version of the same, within 50 s")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--seeds", type=int, help="seeds per phrase (make, voices; default 3)")
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=["times", "recall", "tuning", "engines"],
        help="only these parts (make, voices, backbone)",
    )
    parser.add_argument("--work", help="folder for what is built; kept, so that a second run goes on")
    parser.add_argument("--data", help="folder of real recordings with a manifest.csv")
    options = parser.parse_args(arguments)
    if options.name == "list":
        for name, text in TABLE.items():
            print(f"{name:10} {text}")
        return 0
    started = time.time()
    figures = importlib.import_module(f"benchmarks.{options.name}").run(options)
    result = {
        "benchmark": options.name,
        "quick": options.quick,
        **figures,
        "seconds": round(time.time() - started, 1),
        "machine": describe(),
    }
    print(json.dumps(result, indent=2, ensure_ascii=False) if options.json else _table(result))
    return 0


def _table(result: dict[str, object]) -> str:
    width = max(map(len, result))
    return "\n".join(f"{key:{width}}  {value}" for key, value in result.items())


if __name__ == "__main__":
    sys.exit(main())
