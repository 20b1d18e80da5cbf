"""Level 2: what turns text into speech. One file and one row of `table.py` an engine."""
