# `make demo` and `make test` need nothing but python3 (3.11 or newer) and a network the first time.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
INSTALL := $(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt
# Bars in the terminal that runs the demo; workers for the tests. Neither changes a result.
WORKERS ?= 2

.PHONY: help demo test quick check reference native clean

help:
	@echo "make demo       a detector for \"hey katya\" and its report, in output/hey_katya"
	@echo "make test       the whole test suite, with coverage"
	@echo "make quick      the tests that take less than a few seconds each"
	@echo "make check      style, types, docs"
	@echo "make reference  write docs/reference anew"
	@echo "make native     the C engine anew (a C compiler; without one wakegen runs on onnxruntime)"
	@echo "make clean      remove .venv and caches"

demo: $(VENV)/.wakegen
	$(VENV)/bin/wakegen make "hey katya" --preset quick --device rpi4 --out output/hey_katya
	@echo "The report: output/hey_katya/report.html"

test: $(VENV)/.wakegen-dev
	@$(RUN) -m tests.needs
	$(RUN) -m pytest -q -n $(WORKERS) --dist loadgroup --cov=wakegen --cov-report=term:skip-covered --cov-fail-under=85
	@$(RUN) -m tests.needs

quick: $(VENV)/.wakegen-dev
	$(RUN) -m pytest -q -n $(WORKERS) -m "not slow and not browser"

check: $(VENV)/.wakegen-dev
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) docs/build_reference.py --check
	$(RUN) -m pytest -q tests/house -m "not slow"

native: $(VENV)/.wakegen-dev
	$(RUN) firmware_harness/build.py

reference: $(VENV)/.wakegen-dev
	$(RUN) docs/build_reference.py

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*

# A stamp says that the environment holds what these two files ask for.
$(VENV)/.wakegen: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) -e .
	@touch $@

$(VENV)/.wakegen-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) -e ".[dev,voices]"
	@touch $@ $(VENV)/.wakegen

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "wakegen needs Python 3.11 or newer. Name one: make PYTHON=python3.11 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "Python's venv is missing. On Debian: apt install python3-venv"; exit 1; }
