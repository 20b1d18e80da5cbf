"""What the output options of any command say, kept for whoever prints."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass


@dataclass(slots=True)
class State:
    """One per run of the program."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    no_color: bool = False

    def color(self) -> bool:
        """Say whether colours may be used on stderr."""
        return not self.no_color and not os.environ.get("NO_COLOR") and sys.stderr.isatty()

    def draws(self) -> bool:
        """Say whether stderr is a terminal that bars can be drawn on."""
        return not self.quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
