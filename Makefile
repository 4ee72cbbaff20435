# Two commands do everything on a machine with Python >= 3.11 and make: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.DEFAULT_GOAL := help
.PHONY: help demo test check bench soak docs format clean

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## */\1\t/' | expand -t 10

demo: $(VENV)/.run  ## a server with scripted customers, and the workstation
	@$(BIN)/agent-tui demo $(ARGS)

test: $(VENV)/.dev  ## every test (those that need a browser or such skip without)
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

check: $(VENV)/.dev  ## style, types, layers, content
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/agent-tui kb lint kb
	$(BIN)/agent-tui macros lint macros
	$(BIN)/agent-tui macros test macros

bench: $(VENV)/.dev  ## the figures in the README; run with nothing else running
	@$(BIN)/python bench/every.py --with-postgres $(ARGS)

soak: $(VENV)/.dev  ## the reliability campaigns at full size (hours), and docs/reliability.md
	$(BIN)/python -m tests.soak $(ARGS)

docs: $(VENV)/.dev  ## write the generated pages again
	$(BIN)/python docs/make.py

format: $(VENV)/.dev  ## format the code
	$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format -q .

clean:  ## remove the virtual environment
	rm -rf $(VENV)

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing into $(VENV) ..."
	@$(PIP) install -c constraints.txt -e '.[server]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing into $(VENV) ..."
	@$(PIP) install -c constraints.txt -e '.[server,dev]'
	@touch $@ $(VENV)/.run
