"""Level 2: rooms, noise, microphones: from dry speech to what a device would hear."""

from __future__ import annotations

from wakegen.scenes.bank import Bank, Sizes
from wakegen.scenes.render import Rendered, render
from wakegen.scenes.scene import ROLES, Recipe, Scene, draw

__all__ = ["ROLES", "Bank", "Recipe", "Rendered", "Scene", "Sizes", "draw", "render"]
