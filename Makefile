# What everyone types. Every target sets up .venv first if it is missing or out of date.

PYTHON ?= python3
PYTEST_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help venv study study-full report test test-all lint types format clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(INSTALLED)  ## set up .venv with the tested versions

study: $(INSTALLED)  ## run the default studies on bundled data and write reports/quick
	$(BIN)/studies run --all --profile quick

study-full: $(INSTALLED)  ## run the studies on full data, all seeds, and write reports (hours)
	$(BIN)/studies run --all --profile full
	$(BIN)/studies run tour

report: $(INSTALLED)  ## make the full reports again from stored results, and the README's table
	$(BIN)/studies report
	$(BIN)/python -m studies.report.front_page README.md reports

test: $(INSTALLED)  ## run the tests, all but the slow ones
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow" $(PYTEST_ARGS)

test-all: $(INSTALLED)  ## run every test
	$(BIN)/python -m pytest -n 2 --dist worksteal $(PYTEST_ARGS)

lint: $(INSTALLED)  ## check style and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(INSTALLED)  ## check types
	$(BIN)/mypy

format: $(INSTALLED)  ## put style and formatting right
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:  ## remove .venv, caches and the quick reports
	rm -rf $(VENV) reports/quick build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find suite studies tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, but '$(PYTHON)' is missing or older;" \
	       "name one with: make $(or $(MAKECMDGOALS),venv) PYTHON=/path/to/python3.11" >&2; \
	  exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet \
	  --constraint constraints.txt --editable '.[dev]'
	@touch $@
