"""Level 5: how well a detector hears, how often it errs, how fast it is and on what, as measured facts."""
