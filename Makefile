# One word per chore; CI runs the same words. Everything a word needs is set up by itself.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PY := .venv/bin/python
STAMP := .venv/.stamp
JOBS ?= 3

.PHONY: help setup check test test-all test-airflows chaos fuzz demo airflow screenshots docs bench schemas lock clean

help: ## what there is
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' Makefile

setup: $(STAMP) ## create .venv with the locked versions

$(STAMP): requirements/dev.lock setup.cfg pyproject.toml scripts/setup.sh
	@bash scripts/setup.sh
	@touch $@

check: $(STAMP) ## lint, types, import rules, generated files
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PY) scripts/build_schemas.py --check
	$(PY) scripts/build_docs.py --check
	$(PY) scripts/build_meltano.py --check

test: $(STAMP) ## the tests, without the slow ones
	@bash scripts/setup_peers.sh
	$(PY) -m pytest -n $(JOBS) --dist loadfile -m "not slow"

test-all: $(STAMP) ## all tests, the slow ones too
	@bash scripts/setup_peers.sh browser
	$(PY) -m pytest

test-airflows: $(STAMP) ## the provider's tests under each Airflow of requirements/airflow
	@bash scripts/test_airflows.sh

chaos: $(STAMP) ## every command under every fault, at random moments: SEED=7 repeats a run
	@bash scripts/setup_peers.sh
	$(PY) -m tests.chaos --jobs 4 $(if $(SEED),--seed $(SEED))

fuzz: $(STAMP) ## changed inputs into every reader: MINUTES=5 for all, SEED=7 repeats a run, TARGET=config for one
	$(PY) -m tests.fuzz --minutes $(or $(MINUTES),5) $(if $(SEED),--seed $(SEED)) $(if $(TARGET),--target $(TARGET))

demo: $(STAMP) ## real retail data from a local Talon.One into DuckDB
	$(PY) scripts/demo.py

airflow: $(STAMP) ## a local Talon.One and a real Airflow with the example DAGs, until Ctrl-C
	$(PY) scripts/airflow_live.py

screenshots: $(STAMP) ## the pictures of docs/images, from a real Airflow in a real browser
	@bash scripts/setup_peers.sh browser
	KEEP_SCREENSHOTS=1 $(PY) -m pytest tests/provider/test_airflow_pages.py

bench: $(STAMP) ## rows and requests a second, beside a plain requests loop
	$(PY) benchmarks/run.py

docs: $(STAMP) ## regenerate the tables in docs/ and meltano.yml
	$(PY) scripts/build_docs.py
	$(PY) scripts/build_meltano.py

schemas: $(STAMP) ## rebuild the shipped schemas from schemas/source
	$(PY) scripts/build_schemas.py

lock: ## compile the locked versions anew
	bash scripts/lock.sh

clean: ## remove what the words made
	rm -rf .venv .venvs .cache .airflow demo-output build *.egg-info .mypy_cache .ruff_cache .import_linter_cache
