"""Level 8: parse, call `wakegen.*`, print. One file a command; the table in `app.py` lists them."""

from __future__ import annotations


def main() -> None:
    """Run the command line and leave with its exit code."""
    import sys

    from wakegen.cli.guard import run

    sys.exit(run(sys.argv[1:]))
