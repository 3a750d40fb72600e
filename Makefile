# Everything a person needs is a target here; `make` alone lists them.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.stamp
DEVSTAMP := $(VENV)/.devstamp
PORT ?= 8000
DEMO_DIR ?= var/demo
export PORT DEMO_DIR

.PHONY: help setup demo demo-reset test crash bench mutants screenshots lint
help:
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort

$(STAMP): requirements/run.lock pyproject.toml
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install -q --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/run.lock
	@$(VENV)/bin/python -m compileall -q mfadesk
	@printf '%s\n' "$(CURDIR)" > "$$($(VENV)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/mfadesk.pth"
	@printf '#!%s\nfrom mfadesk.cli.main import main\nmain()\n' "$(CURDIR)/$(VENV)/bin/python" > $(VENV)/bin/mfadesk && chmod +x $(VENV)/bin/mfadesk
	@touch $@

$(DEVSTAMP): requirements/dev.lock $(STAMP)
	@$(VENV)/bin/python -m pip install -q --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/dev.lock
	@touch $@

setup: $(STAMP) ## set up from the lock file (idempotent)

demo: $(STAMP) ## start the desk with an example organisation
	@$(VENV)/bin/mfadesk demo

demo-reset: $(STAMP) ## forget the demo's state and start over
	@$(VENV)/bin/mfadesk demo --reset-only

test: $(DEVSTAMP) ## run every test that this machine can run
	@$(VENV)/bin/python tests/run.py

crash: $(DEVSTAMP) ## kill the desk at every commit and around every provider call: both databases, lab and privacyIDEA
	@$(VENV)/bin/python -m tests.crash.harness --out bench/results/crash-sqlite.json
	@$(VENV)/bin/python -m tests.crash.harness --database postgresql --out bench/results/crash-postgresql.json
	@$(VENV)/bin/python -m tests.crash.harness --provider privacyidea --out bench/results/crash-privacyidea.json
	@$(VENV)/bin/python -m tests.crash.summary bench/results/crash-*.json

lint: $(DEVSTAMP) ## style, types and floors
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/lint-imports && $(VENV)/bin/mypy

bench: $(DEVSTAMP) ## measure the ratios side by side, and write bench/results
	@$(VENV)/bin/python -m bench

mutants: $(DEVSTAMP) ## break every shipped runbook by machine and see what the prover says
	@$(VENV)/bin/python -m bench.mutants

screenshots: $(DEVSTAMP) ## take the README's pictures
	@$(VENV)/bin/python docs/screenshots.py
