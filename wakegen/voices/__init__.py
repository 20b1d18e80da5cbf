"""The voice catalogue: files that can be pulled, where they come from, and whose voice under which licence they are."""
