"""Level 6: a measurement as a page, a table or a line. Draws what report.json holds and computes nothing."""
