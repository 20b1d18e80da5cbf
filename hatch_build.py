"""Builds the C engine into the wheel where a C compiler is there; without one the wheel is plain Python."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):
    """What hatchling calls before it makes a wheel, editable ones too."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and say that the wheel belongs to this machine if that worked."""
        made = runpy.run_path(str(Path(self.root) / "firmware_harness" / "build.py"))
        if self.target_name == "wheel" and made["build"]():
            build_data["artifacts"].append("wakegen/_native/*.so")
            build_data |= {"pure_python": False, "infer_tag": True}
            if made["build_device"]():
                build_data["artifacts"].append("wakegen/_native/wakegen-device")
