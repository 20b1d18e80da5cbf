"""Level 1: what a device is. Profiles are YAML data; `load` turns one into a frozen dataclass."""

from __future__ import annotations

from wakegen.profiles.load import folder, load, names, unsourced, user_folder
from wakegen.profiles.schema import Compute, DeviceProfile, FrontEnd, Limits, Microphone, Transport, Use

__all__ = [
    "Compute",
    "DeviceProfile",
    "FrontEnd",
    "Limits",
    "Microphone",
    "Transport",
    "Use",
    "folder",
    "load",
    "names",
    "unsourced",
    "user_folder",
]
