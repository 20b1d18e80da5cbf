"""Figures by program: `python -m benchmarks list` names them, `python -m benchmarks NAME [--quick] [--json]` runs one."""
