# What a user needs: make run, make test. Python 3.11+, make and a C compiler are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SAMPLES := tests/exports/composed
# The samples end on 2026-10-31; the demonstration stands on a fixed day, so that it gives the
# same result whenever it is run.
SAMPLE_DAY := 2026-11-20
export HOTLINE_HOME ?= $(CURDIR)/var

.PHONY: run test setup check bench fuzz serve train clean

run: setup train  ## nightly and monthly DAG over the sample exports, through Airflow
	@mkdir -p $(HOTLINE_HOME)/inbox
	@cp -np $(SAMPLES)/*.xlsx $(SAMPLES)/*.csv $(HOTLINE_HOME)/inbox/ || true
	@$(BIN)/python dags/run_once.py $(HOTLINE_HOME)/inbox $(SAMPLE_DAY)

test: setup train  ## all tests, and the checks that gate
	@$(MAKE) --no-print-directory check
	$(BIN)/pytest --numprocesses 2 --dist loadfile

check: setup  ## ruff and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

bench: setup train  ## our night against the naive peer
	$(BIN)/hotline bench

fuzz: setup  ## 2,000 mutated exports: each ends with an outcome, every ledger balances
	$(BIN)/python -m pipeline.bench.fuzz $(SAMPLES) tests/intake/samples

serve: setup train  ## the review desk on http://127.0.0.1:8080
	$(BIN)/hotline serve

train: setup  ## builds the classifier once; later runs find it built
	@$(BIN)/hotline train --no-card

setup: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked packages (about 200; one to three minutes) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

clean:  ## forget the environment and the demonstration's data
	rm -rf $(VENV) var
