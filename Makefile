# Every command of the project. `make` or `make help` lists them.
PYTHON ?= python3
EXAMPLE ?= maze-20x20
PORT ?= 8000
WEB ?= 1
WORKERS ?= 1
BIN := .venv/bin
MARK := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help setup run production-local check test bench migrations schemas clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(MARK) ## create .venv, install everything, compile the kernels; instant when done before
	@$(BIN)/python -m processing.core.warm

$(MARK): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=…")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(MARK)

run: setup ## start the server, evolve an example, show its champion (EXAMPLE=maze-5x5, PORT=8000)
	@$(BIN)/python manage.py compile examples/$(EXAMPLE).json
	@$(BIN)/python manage.py up --port $(PORT) --submit examples/$(EXAMPLE).json

production-local: setup ## PostgreSQL, Redis, web, workers and beat on this machine (WEB=2 WORKERS=3 PORT=8000)
	@$(BIN)/python -m api.production --web $(WEB) --workers $(WORKERS) --port $(PORT)

check: setup ## ruff, mypy, import-linter and the unit tests
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests --ignore=tests/integration -q -n auto --dist loadfile

test: check ## everything: make check and the tests with real processes
	$(BIN)/python tests/integration/provide.py
	$(BIN)/python -m tests.on_postgresql tests/api tests/database tests/processing -q -n auto --dist loadfile
	$(BIN)/python -m pytest tests/integration -q

bench: setup ## measure; JSON lines (SUITE=name for one suite)
	@$(BIN)/python -m benchmarks $(SUITE)

migrations: setup ## write migrations for changed models
	$(BIN)/python manage.py makemigrations database

schemas: setup ## print the GraphQL and JSON schemas that are kept in the repository
	$(BIN)/python manage.py graphql_schema --schema api.graphql.schema.schema --out api/schema.graphql
	$(BIN)/python -m staging.schema > examples/work-item.schema.json

clean: ## remove the virtual environment and everything that servers on this machine stored, databases included
	@test ! -e var/production -o ! -x $(BIN)/python || $(BIN)/python -m api.production --remove
	rm -rf .venv var
