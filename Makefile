# Every target makes the environment that it needs: Python 3.11 or newer is all that must be there.

PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,\
	$(if $(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo yes),$(name))))
BIN := .venv/bin

.PHONY: help demo test lint bench crash picture lock clean

help:  ## Show what there is
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: .venv/ready  ## Play the whole bot between a Slack and a Samora of its own
	@$(BIN)/samora-bot sandbox

test: .venv/ready  ## Run every test, in parallel, with coverage
	@$(BIN)/python -m pytest -n auto --cov --cov-report=term:skip-covered
	@$(BIN)/coverage report --include='bot/core/*' --fail-under=100

lint: .venv/ready  ## Check format, style, types, and the direction of imports
	@$(BIN)/ruff format --check bot tests
	@$(BIN)/ruff check bot tests
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: .venv/ready  ## Measure acks, claims, polling and delivery, each beside a baseline
	@status=0; for name in ack claims polling delivery; do $(BIN)/python -m tests.bench.$$name || status=1; done; exit $$status

crash: .venv/ready  ## Follow 200 calls while processes are killed and Slack fails (a quarter of an hour; SEED=…)
	@$(BIN)/python -m tests.proof.long $(SEED)

picture: .venv/ready  ## Draw the README's picture anew
	@$(BIN)/samora-bot sandbox --picture docs/demo.svg

LOCKING := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
lock: .venv/ready  ## Lock the dependencies anew, with hashes
	@$(BIN)/python -m venv .venv/lock && .venv/lock/bin/pip install --quiet uv
	@.venv/lock/bin/uv pip compile $(LOCKING) pyproject.toml -o requirements.lock
	@.venv/lock/bin/uv pip compile $(LOCKING) pyproject.toml --extra sandbox --extra dev -o requirements-dev.lock

clean:  ## Remove what was made
	rm -rf .venv dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage*

# Installs exactly what is locked, and nothing that is not.
.venv/ready: requirements-dev.lock pyproject.toml | .venv/bin/python
	@echo "Installing what is needed, once …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/it."; exit 1; }
	@$(PYTHON) -m venv .venv
