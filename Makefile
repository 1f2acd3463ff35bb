# Two commands do everything: `make demo` runs the main job, `make test` passes the tests.
# Each makes its own virtual environment the first time and installs the built wheel with its extras.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXTRAS := cli,iso18626,sql,testing,bench,dev
# at most four processes, each with whole files, so that what a file sets up is set up once
BUT :=  # of CI: tests that it has run already
PARALLEL := -n auto --maxprocesses 4 --dist loadfile
SOURCES := $(shell find src -type f -not -name '*.pyc') pyproject.toml README.md LICENSE

.DEFAULT_GOAL := help
.PHONY: help demo test check faults year portfolio bench growth bite mutants clauses docs clean

help:
	@echo "make demo     loan desks and a centre at work, from requests to paid fines, into demo-out/"
	@echo "make test     the tests, against the built wheel"
	@echo "make check    linters, types, layers, the docs' examples, branch coverage of the core"
	@echo "make faults   kills, crashes, full disks, mail servers down, clocks that jump: nothing lost or doubled"
	@echo "make year     a year of a service desk, 10,000 tickets on SQLite, checked and added up, into year-out/"
	@echo "make portfolio ten years of warranty deposits, 10,000 buildings, checked to the cent"
	@echo "make bench    measured promises, as ratios of one run, into bench-out/"
	@echo "make growth   the storages' queries on 1,000 to 1,000,000 cases, into docs/storage-speed.md"
	@echo "make bite     for every clause carried: disturb it and see its tests fail"
	@echo "make mutants  put small mistakes into the core, one at a time, and see the tests fail; a sample of 400"
	@echo "make clauses  write down anew which tests stand for which clause"
	@echo "make docs     write the generated tables and diagrams anew"
	@echo "make clean    remove all that was made"

$(VENV)/made: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer is missing: found $$($(PYTHON) --version 2>&1); name one with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "The venv module is missing for $(PYTHON) (on Debian: apt-get install python3-venv)" >&2; exit 1; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@echo "Installing what servflow and its tests need ..."
	@$(BIN)/pip install -qq --disable-pip-version-check -c constraints.txt hatchling \
	  $$($(BIN)/python -c 'import tomllib; p = tomllib.load(open("pyproject.toml", "rb"))["project"]; print(*(repr(r).replace(" ", "") for r in p["dependencies"] + [r for e in "$(EXTRAS)".split(",") for r in p["optional-dependencies"][e]]))' | tr -d "'") || \
	  { echo "Packages are missing: pip could not install them (is a package index reachable?)" >&2; exit 1; }
	@touch $@

$(VENV)/installed: $(VENV)/made $(SOURCES)
	@rm -rf dist build
	@$(BIN)/pip wheel -qq --disable-pip-version-check --no-deps --no-build-isolation -w dist .
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --force-reinstall dist/*.whl
	@touch $@

demo: $(VENV)/installed
	@$(BIN)/python examples/demo.py

test: $(VENV)/installed
	@$(BIN)/python -m pytest $(PARALLEL) $(BUT)

check: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest --doctest-glob='*.md' README.md docs
	$(BIN)/python -m pytest tests/core $(PARALLEL) --cov=servflow.core --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100

bench: $(VENV)/installed
	@mkdir -p bench-out
	@$(BIN)/python bench/clocks.py --json bench-out/clocks.json
	@$(BIN)/python bench/decide.py --json bench-out/decide.json
	@$(BIN)/python bench/deposits.py --json bench-out/deposits.json
	@$(BIN)/python bench/fees.py --json bench-out/fees.json
	@$(BIN)/python bench/storage.py --json bench-out/storage.json

growth: $(VENV)/installed
	@mkdir -p bench-out
	@$(BIN)/python bench/growth.py --write

faults: $(VENV)/installed
	@$(BIN)/python tools/faults

year: $(VENV)/installed
	@$(BIN)/python tools/service_year.py

portfolio: $(VENV)/installed
	@$(BIN)/python tools/deposit_portfolio.py

bite: $(VENV)/installed
	@$(BIN)/python tools/bite.py

mutants: $(VENV)/installed
	@$(BIN)/python tools/mutants $(MUTANTS)

clauses: $(VENV)/made
	@$(BIN)/python tools/clause_tests.py --write

docs: $(VENV)/installed
	@$(BIN)/python tools/generated_docs.py --write

clean:
	@rm -rf $(VENV) dist build demo-out bench-out year-out .coverage .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	@find src tests tools bench examples -name __pycache__ -type d -prune -exec rm -rf {} +
