"""`python -m wakegen` is the same as `wakegen`."""

from wakegen.cli import main

main()
