"""Level 4: firmware for a board: built, read, written to it, and heard (docs/firmware.md)."""
