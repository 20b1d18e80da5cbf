"""Level 0: errors, seeds, events, files, processes. Only stdlib and numpy are imported here."""
