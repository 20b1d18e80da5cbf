"""wakegen: from a phrase and a device to a measured wake-word detector."""

__version__ = "0.1.0"
