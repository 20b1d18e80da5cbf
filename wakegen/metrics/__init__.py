"""Level 1: rates with their intervals, the definition of an event, detection curves. Arrays in, numbers out."""
