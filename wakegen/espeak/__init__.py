"""Level 1: the embedded espeak-ng, for speech and for phonemes. Importing this room loads no library."""

from wakegen.espeak.client import Espeak

__all__ = ["Espeak"]
