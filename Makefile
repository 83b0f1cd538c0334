# Two commands matter: `make demo` and `make test`. Both work on a fresh machine with Python 3.11 or newer, make and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed-dev
BENCH_STAMP := $(VENV)/.installed-bench
DEMO_DIR ?= impasto-demo
SCALE_DIR ?= impasto-scale-demo
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help demo scale-demo test quick durability lint format bench docs lock clean

help: ## Show this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: $(STAMP) ## Walk the whole journey on real input; the pictures land in impasto-demo/exports.
	$(BIN)/impasto demo --dir $(DEMO_DIR)

scale-demo: $(STAMP) ## Walk the way beyond one machine, on a PostgreSQL and an S3-speaking server of its own.
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql; } || true
	PYTHONPATH=. $(BIN)/python docs/examples/scaling/scale_demo.py --dir $(SCALE_DIR)

test: $(STAMP) ## Run all tests.
	$(BIN)/python -m pytest -n 2

quick: $(STAMP) ## Run all tests but the slow ones.
	$(BIN)/python -m pytest -n 2 -m "not slow"

durability: $(STAMP) ## Crash, kill and damage ledgers for ten minutes instead of half a one.
	IMPASTO_DURABILITY=full $(BIN)/python -m pytest tests/durability tests/conformance

lint: $(STAMP) ## Check style, types and the direction of imports.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## Format the code.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(BENCH_STAMP) ## Measure against peers.
	$(BIN)/impasto bench compositing --quick

docs: $(STAMP) ## Regenerate what documents take from code: schema, tables, help texts.
	$(BIN)/python -m docs.generate

lock: $(STAMP) ## Resolve versions anew and pin them with hashes.
	$(PIP) uv
	$(BIN)/uv pip compile $(LOCK_FLAGS) pyproject.toml --all-extras --upgrade -o locks/all.txt
	$(BIN)/uv pip compile $(LOCK_FLAGS) pyproject.toml --extra demo --extra server --extra video --extra fonts --extra hyphens --extra print --extra scale --extra dev -c locks/all.txt -o locks/dev.txt

LOCK_FLAGS := --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links

clean: ## Remove the virtual environment and the demo.
	rm -rf $(VENV) $(DEMO_DIR) $(SCALE_DIR)

$(STAMP): locks/dev.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing from locks/dev.txt (once; about half a minute)"
	@$(PIP) --require-hashes -r locks/dev.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(BENCH_STAMP): $(STAMP) locks/all.txt
	@$(PIP) --require-hashes -r locks/all.txt
	@touch $@
