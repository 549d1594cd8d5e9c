# Every command of the project. `make` or `make help` lists them.
PYTHON ?= python3
EXAMPLE ?= maze-20x20
PORT ?= 8000
WEB ?= 1
WORKERS ?= 1
BIN := .venv/bin
MARK := .venv/.ready
# PyTorch is installed, for networks that are trained. TORCH_INDEX=URL names a further package index for it.
TRAINS := .venv/.trains
PYTEST := -q -n auto --dist loadfile
TOYS := EXTENSION_MODULES=tests.toys.tables
# Parts of the checks, two at a time; what each prints comes when it has ended. Only real processes have deadlines, so all other tests
# run at lower priority.
TOGETHER = $(MAKE) --no-print-directory --jobs=2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
NICE := nice -n 5
# The tests start hundreds of processes, each of which would compile all of our modules anew.
unexport PYTHONDONTWRITEBYTECODE

# The Python that .venv is of (nothing where it does not run), and the one that is wanted: PYTHON where it was given, else any.
WHICH := import sys; print(sys.version.split()[0], "in", sys.base_prefix)
FOUND := $(shell $(BIN)/python -c 'import pip; $(WHICH)' 2>/dev/null)
WANTED := $(if $(filter file,$(origin PYTHON)),$(FOUND),$(shell $(PYTHON) -c '$(WHICH)' 2>/dev/null))

.DEFAULT_GOAL := help
.PHONY: help setup setup-train new-venv run production-local check test bench migrations schemas clean
.PHONY: kernels types rules provided units toys postgresql postgresql-toys integration

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: kernels ## create .venv, install everything, compile the kernels; instant when done before

setup-train: $(TRAINS) kernels ## PyTorch on top of it, where networks are trained (TORCH_INDEX=URL)

ifneq ($(FOUND),$(or $(WANTED),none))
$(MARK): new-venv
endif

$(MARK): requirements.txt requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(MARK)

$(TRAINS): $(MARK) requirements-train.txt
	@echo "Fetches $$(grep -v '^#' requirements-train.txt) and what it needs: 200 MB and more, or gigabytes where pip finds a build for GPUs; see README.md, \"Training networks\"."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -r requirements-train.txt
	@touch $(TRAINS)

new-venv:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11, 3.12 or 3.13 is needed; set PYTHON=…")'
	@test ! -e .venv || echo "Makes .venv anew: $(if $(FOUND),it is of Python $(FOUND); PYTHON is $(WANTED),its Python does not run)."
	rm -rf .venv
	$(PYTHON) -m venv .venv

run: setup ## start the server, evolve an example, show its champion (EXAMPLE=maze-5x5, PORT=8000)
	@for each in $$($(BIN)/python manage.py needs examples/$(EXAMPLE).json); do $(MAKE) --no-print-directory $$each; done
	@$(BIN)/python manage.py compile examples/$(EXAMPLE).json
	@$(BIN)/python manage.py up --port $(PORT) --submit examples/$(EXAMPLE).json

production-local: setup ## PostgreSQL, Redis, web, workers and beat on this machine (WEB=2 WORKERS=3 PORT=8000)
	@$(BIN)/python -m api.production --web $(WEB) --workers $(WORKERS) --port $(PORT)

check: $(MARK) ## ruff, mypy, import-linter and the unit tests
	@$(TOGETHER) kernels types rules
	@$(MAKE) --no-print-directory units
	@$(MAKE) --no-print-directory toys

test: $(MARK) ## everything: make check and the tests with real processes
	@$(TOGETHER) $(TRAINS) types provided kernels rules
	@echo "The tests with real processes run beside all others; what each part prints follows when it has ended."
	@$(TOGETHER) integration units postgresql toys postgresql-toys

kernels: $(MARK)
	@$(BIN)/python -m processing.core.search.warm

types:
	$(BIN)/mypy

provided:
	$(BIN)/python tests/integration/provide.py

rules:
	$(BIN)/ruff check .
	$(BIN)/lint-imports

units:
	$(NICE) $(BIN)/python -m pytest tests --ignore=tests/integration $(PYTEST)

toys:
	$(TOYS) $(NICE) $(BIN)/python -m pytest tests/toys tests/contracts -k "toy or bits" $(PYTEST)

postgresql:
	$(NICE) $(BIN)/python -m tests.on_postgresql tests/api tests/database tests/processing $(PYTEST)

postgresql-toys:
	$(TOYS) $(NICE) $(BIN)/python -m tests.on_postgresql tests/toys -q

integration:
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
