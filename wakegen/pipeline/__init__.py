"""Level 7: the stages of a project, each redone on demand, and `make`, which is all of them in order."""
