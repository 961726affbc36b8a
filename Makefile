# Every target sets up .venv by itself: a bare clone, Python 3.11+ and make are enough.
PYTHON   ?= python3
BIN      := .venv/bin
PACKAGES := simulator algorithms topologies problems scenarios benchmarks
PYTEST   := $(BIN)/python -m pytest -q -n 2 --dist loadfile

# One thread per process: results do not depend on the number of cores, and processes do not fight.
export OPENBLAS_NUM_THREADS = 1
# A checkout with a shared data folder beside it uses that folder.
ifneq ($(wildcard ../shared/data),)
export BILEVELSIM_DATA ?= $(abspath ../shared/data)
endif

.DEFAULT_GOAL := help
.PHONY: help demo test test-full lint bench table docs clean

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /|/' | awk -F'|' '{printf "make %-10s %s\n", $$1, $$2}'

demo: .venv/installed  ## four algorithms, a few slow workers, real data: a table, and results/demo/report.html
	$(BIN)/bilevelsim run demo --out results/demo

test: .venv/installed  ## all tests but the slow ones
	$(PYTEST) -m "not slow"

test-full: .venv/installed  ## all tests
	$(PYTEST)

lint: .venv/installed  ## style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/mypy $(PACKAGES)
	$(BIN)/lint-imports

bench: .venv/installed  ## speed as ratios against floors and plain loops
	$(BIN)/python -m benchmarks

table: .venv/installed  ## every algorithm under five conditions: docs/studies/every_algorithm.md
	$(BIN)/python docs/studies/every_algorithm.py run

docs: .venv/installed  ## the documentation site in docs/_build/html; a warning is an error
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html

clean:  ## remove what the targets made
	rm -rf .venv results build docs/_build docs/reference/algorithms docs/reference/problems *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/installed: setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("bilevelsim needs Python 3.11 or later; name one with make PYTHON=...") if sys.version_info < (3, 11) else 0'
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q -e '.[dev]'
	@touch $@
