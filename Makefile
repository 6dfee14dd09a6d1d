# One door: make setup, check, test, demo, bench. CI uses the same.
# Needs Python 3.11 or newer and nothing else; everything lands in .venv and .local.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
# The lock is complete, so pip resolves nothing: every file is checked against its hash.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps

.PHONY: help setup setup-test demo demo-ci dev check test test-slow mutants docs pictures locks sbom bench clean

help:
	@echo "make demo    set up, and run the whole night against a sandbox; then serve the UI (ARGS='--port 3001')"
	@echo "make test    set up, and run every check and test but the long proofs"
	@echo "make test-slow  the long proofs: whole nights, kills, fleets, browsers (minutes)"
	@echo "make dev     serve the Dagster UI, the daemon and the portal for what is registered"
	@echo "make check   lint, format, layers and types alone"
	@echo "make mutants how many small faults the tests notice (an hour; ARGS='*guards*' for some)"
	@echo "make docs    write the generated pages of docs/ anew, and build the site (site/)"
	@echo "make pictures have the browser tests make the pictures of docs/ anew"
	@echo "make locks   write the locks anew for pyproject.toml (needs uv; ARGS=--upgrade for the newest)"
	@echo "make sbom    the bill of materials of the lock, as CycloneDX (sbom.cdx.json; needs uv)"
	@echo "make bench   the benchmarks of benchmarks/ (minutes; needs their own packages)"
	@echo "make clean   remove .venv (your data in .local stay)"

setup: $(VENV)/installed
setup-test: $(VENV)/installed-test

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer was found" >&2; \
		echo "  hint: install it (Debian: apt install python3 python3-venv; macOS: brew install python)," \
		"or name it: make demo PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "error: $(PYTHON) could not make a virtual environment" >&2; \
		test -w . || { echo "  hint: this folder is not yours to write in; clone into one that is" >&2; exit 1; }; \
		command -v $(PYTHON) >/dev/null || { echo "  hint: there is no $(PYTHON); name another: make demo PYTHON=/path/to/python3" >&2; exit 1; }; \
		echo "  hint: on Debian: apt install python3-venv" >&2; exit 1; }

$(VENV)/installed: $(BIN)/python requirements.lock requirements-build.lock pyproject.toml
	@echo "setting up $(VENV) from requirements.lock (a minute or two the first time)"
	@$(INSTALL) --require-hashes -r requirements.lock || { \
		echo "  hint: see that this machine reaches its package index (network, proxy), then again" >&2; exit 1; }
	@$(INSTALL) --require-hashes -r requirements-build.lock
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@

$(VENV)/installed-test: $(VENV)/installed requirements-test.lock
	@echo "adding the test tools from requirements-test.lock"
	@$(INSTALL) --require-hashes -r requirements-test.lock
	@touch $@

demo: setup
	@$(BIN)/samegoal-sync demo $(ARGS)

# The same, ending after the summary: for CI and for a quick look.
demo-ci: setup
	@$(BIN)/samegoal-sync demo --once $(ARGS)

dev: setup
	@$(BIN)/samegoal-sync dev $(ARGS)

check: setup-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

test: check
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow" $(ARGS)

# Apart, so that the answer to a change comes in minutes. CI runs both.
test-slow: setup-test
	$(BIN)/python -m pytest -n auto --dist loadfile -m slow $(ARGS)

# Small faults, one at a time, in the modules that must not be wrong: does a test notice?
mutants: setup-test
	$(BIN)/python -m samegoal_sync_tests.mutation_score $(ARGS)

docs: setup-test
	$(BIN)/python -m samegoal_sync.generated_docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

# What is locked stays, unless ARGS say otherwise: --upgrade, --upgrade-package NAME.
locks:
	scripts/renew_locks $(ARGS)

sbom:
	@scripts/write_sbom

# Looked at by a person before they are committed.
pictures: setup-test
	SAMEGOAL_SYNC_PICTURES=$(CURDIR)/docs/pictures $(BIN)/python -m pytest -m browser

bench: setup-test
	@$(INSTALL) --require-hashes -r requirements-bench.lock
	@for one in benchmarks/*.py; do echo "== $$one"; $(BIN)/python $$one || exit 1; done

clean:
	rm -rf $(VENV)
