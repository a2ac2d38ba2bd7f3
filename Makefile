# drivewm: `make demo` and `make test` work in a clean clone with Python 3.11 or 3.12 and pip.
#
#   PYTHON=...          the interpreter that makes the virtual environment (default: from PATH)
#   TORCH_PIP_ARGS=...  extra pip arguments for the torch step, e.g. to choose a CPU or CUDA build
#   DEMO_OUT=...        where the demo writes (default: runs/demo)
#   PYTEST_ARGS=...     extra pytest arguments

PYTHON ?= $(shell for p in python3 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null \
	&& echo $$p && break; done)
TORCH_PIP_ARGS ?=
DEMO_OUT ?= runs/demo
PYTEST_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt

.PHONY: help install demo test test-all lint typecheck clean
.DEFAULT_GOAL := help

help:
	@echo "make demo       install, then the whole line on a synthetic fleet (about 13 min on 2 cores)"
	@echo "make install    a virtual environment in $(VENV) with the exact versions (1 to 3 min)"
	@echo "make test       install, then every test but the slow ones (about 13 min on 2 cores)"
	@echo "make test-all   make test with the slow ones, which run the demo small and every draw (half an hour)"
	@echo "make lint       ruff: rules and formatting (seconds)"
	@echo "make typecheck  mypy on the installed tree (under a minute)"
	@echo "make clean      removes $(VENV), build/ and caches; keeps runs/"

install: $(STAMP)

$(STAMP): pyproject.toml setup.py constraints.txt
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "drivewm needs Python 3.11 or 3.12; '$(PYTHON)' is no command, and python3 on PATH is:"; \
	  python3 --version 2>&1 || true; \
	  echo "Install one, or name it: make $(firstword $(MAKECMDGOALS)) PYTHON=/path/to/python3.11"; \
	  exit 1; }
	@"$(PYTHON)" -c 'import sys; v = sys.version_info; sys.exit(None if (3, 11) <= v < (3, 13) else \
	  "drivewm needs Python 3.11 or 3.12; %s is %d.%d. Name another: PYTHON=python3.11" \
	  % (sys.executable, v[0], v[1]))'
	@echo "== Installing into $(VENV) with $$("$(PYTHON)" --version): 1 to 3 minutes, longer when pip"
	@echo "   has to download a CUDA build of torch (about 3 GB)"
	@rm -rf $(VENV) build
	@"$(PYTHON)" -m venv $(VENV) || { \
	  echo "No virtual environment: install Python's venv module (Debian: python3-venv)."; exit 1; }
	@echo "-- 1/2 torch"
	@$(PIP) setuptools wheel
	@$(PIP) $(TORCH_PIP_ARGS) torch
	@echo "-- 2/2 drivewm and everything else"
	@$(PIP) --no-build-isolation -e '.[dev]'
	@touch $(STAMP)

demo: $(STAMP)
	@echo "== Demo: synth, ingest, train, forecast, score, report into $(DEMO_OUT)"
	@echo "   (about 13 minutes on 2 cores, of which 2 compile kernels; interrupted, the same command goes on)"
	@$(BIN)/drivewm demo -o $(DEMO_OUT)

test: $(STAMP)
	@echo "== Tests without the slow ones (about 12 minutes on 2 cores, kernels compiled anew)"
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow" $(PYTEST_ARGS)

test-all: $(STAMP)
	@echo "== All tests (half an hour on 2 cores)"
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST_ARGS)

lint: $(STAMP)
	@echo "== Lint: ruff check and ruff format (seconds)"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

# The installed tree is checked, because eval/ and its neighbours only get their import names there.
typecheck: $(STAMP)
	@echo "== Type check of the installed tree (under a minute)"
	@rm -rf build
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps \
	  --no-build-isolation --target build/typecheck .
	@MYPYPATH=build/typecheck $(BIN)/mypy --explicit-package-bases build/typecheck/drivewm

clean:
	@echo "== Removing $(VENV), build/ and caches; runs/ stays"
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
