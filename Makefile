# make run: a trading desk at work, on a machine with nothing but Python and make. make help lists the rest.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run test test-fast proofs bench lint format screenshots clean

PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
FRONTEND := node_modules/.installed
# where it is set, every one of the hundred processes of a test run would compile all of our code anew
unexport PYTHONDONTWRITEBYTECODE
PIP := $(BIN)/python -m pip --disable-pip-version-check install -qq --require-hashes

help:
	@echo "make run          install what is missing and start at http://127.0.0.1:$(PORT) (PORT=9000 for another port)"
	@echo "make setup        install what developing needs, and nothing else"
	@echo "make test         the whole suite: SQLite, PostgreSQL and Redis, real servers, Chromium, and the proofs"
	@echo "make test-fast    the part that needs no browser and no service"
	@echo "make proofs       only the proofs: kill -9 and other accidents, some eight minutes, on databases of their own"
	@echo "make bench        measure, each figure beside its limit, and write docs/benchmarks.md (ONLY=core,reads for single rows)"
	@echo "make lint         format, lint, types, import direction"
	@echo "make format       put the code into shape"
	@echo "make screenshots  take pictures of every page, and those of the documents anew (PRICES='a.csv b.csv': of your own prices, replayed)"
	@echo "make clean        remove what was installed and built (never var/, where the data is)"

setup: $(DEV) $(FRONTEND)

run: $(RUNTIME) $(FRONTEND)
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py load_instruments
	@exec $(BIN)/python manage.py serve --demo --port $(PORT)

test: setup
	$(BIN)/python -m tests.support.suite

test-fast: setup
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not process and not browser and not postgres and not redis and not slow and not crash"

proofs: setup
	$(BIN)/python -m pytest -m crash

bench: setup
	$(BIN)/python -m bench --only "$(ONLY)"

lint: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(DEV)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

screenshots: setup
	$(BIN)/python -m scripts.screenshots $(if $(PRICES),--prices $(PRICES),--keep)

clean:
	rm -rf $(VENV) node_modules staticfiles .mypy_cache .pytest_cache .ruff_cache .hypothesis

# each step is done again only when the lock file that it follows has changed
$(VENV)/.created:
	@scripts/make_venv.sh $(VENV)
	@touch $@

$(RUNTIME): requirements.lock | $(VENV)/.created
	@echo "Installing the Python packages"
	@$(PIP) -r requirements.lock
	@touch $@

# the development packages hold the others too
$(DEV): requirements-dev.lock requirements.lock | $(VENV)/.created
	@echo "Installing the Python packages for development"
	@$(PIP) -r requirements-dev.lock
	@touch $@ $(RUNTIME)

$(FRONTEND): package-lock.json package.json requirements-node.lock | $(VENV)/.created
	@scripts/install_frontend.sh $(VENV)
	@touch $@
