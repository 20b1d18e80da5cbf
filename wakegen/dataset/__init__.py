"""Level 3: the plan of a dataset, the store that holds it, and the work that fills it."""
