# One target per chore; CI runs the same targets. Each target installs what it needs.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PY := .venv/bin/python
STAMP := .venv/.stamp
DEMO_STAMP := .venvs/demo/.stamp
SITE_STAMP := .venvs/site/.stamp
JOBS ?= 3
# A database waits for the disk after every commit: the files of tests are in memory where there is room for them.
MEMORY := $(shell df -BG --output=avail /dev/shm 2>/dev/null | awk 'NR == 2 && $$1 + 0 >= 8 {print "/dev/shm"}')
# Some machines set this. Every process of tests and demo would then compile all of its modules again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup check test test-all test-airflows test-pythons chaos fuzz demo airflow screenshots docs site bench bench-quick schemas lock clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' Makefile

setup: $(STAMP) ## create .venv with the locked versions

$(STAMP): requirements/dev.lock setup.cfg pyproject.toml scripts/setup.sh scripts/setup_uv.sh
	@bash scripts/setup.sh
	@touch $@

$(DEMO_STAMP): requirements/demo.lock setup.cfg pyproject.toml scripts/setup_demo.sh scripts/setup_uv.sh
	@bash scripts/setup_demo.sh
	@touch $@

check: $(STAMP) ## check lint, types, import rules and generated files
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PY) scripts/build_schemas.py --check
	$(PY) scripts/build_views.py --check
	$(PY) scripts/draw_lineage.py --check
	$(PY) scripts/build_docs.py --check
	$(PY) scripts/build_meltano.py --check

$(SITE_STAMP): requirements/site.lock setup.cfg scripts/setup_venv.sh scripts/setup_uv.sh
	@bash scripts/setup_uv.sh
	@bash scripts/setup_venv.sh site requirements/site.lock

test: $(STAMP) ## run the tests, except the slow ones
	@bash scripts/setup_peers.sh
	$(if $(MEMORY),TMPDIR=$(MEMORY)) $(PY) -m pytest -n $(JOBS) --dist loadfile -m "not slow"

test-all: $(STAMP) ## run all tests
	@bash scripts/setup_peers.sh all
	$(PY) -m pytest --hypothesis-profile=other

test-airflows: $(STAMP) ## run the tests of the provider with each Airflow of requirements/airflow
	@bash scripts/test_airflows.sh

test-pythons: $(STAMP) ## build the distributions, and install them with all extras on each Python that is here
	@bash scripts/setup_peers.sh lint
	$(PY) -m pytest tests/project/test_distributions.py

chaos: $(STAMP) ## run every command under every fault at random moments; SEED=7 repeats a run
	@bash scripts/setup_peers.sh
	$(PY) -m tests.chaos --jobs 4 $(if $(SEED),--seed $(SEED))

fuzz: $(STAMP) ## feed mutated inputs to every reader; MINUTES=5 for all, SEED=7 repeats a run, TARGET=config for one
	$(PY) -m tests.fuzz --minutes $(or $(MINUTES),5) $(if $(SEED),--seed $(SEED)) $(if $(TARGET),--target $(TARGET))

demo: $(DEMO_STAMP) ## load retail data from a local Talon.One into DuckDB
	.venvs/demo/bin/talon-one demo

airflow: $(STAMP) ## start a local Talon.One and an Airflow with the example DAGs; Ctrl-C stops them
	$(PY) scripts/airflow_live.py

screenshots: $(STAMP) ## take the pictures of docs/images in a real Airflow and a real browser
	@bash scripts/setup_peers.sh all
	KEEP_SCREENSHOTS=1 $(PY) -m pytest tests/provider/test_airflow_pages.py

bench: $(STAMP) ## measure speed beside other programs, into docs/reference/performance.md; ROWS=tap_a,push for some rows
	@bash scripts/setup_bench.sh
	$(PY) benchmarks/run.py $(if $(ROWS),--rows $(ROWS))

bench-quick: $(STAMP) ## measure a tenth of it once, without the other programs, and write nothing
	@bash scripts/setup_bench.sh loop limit mock
	$(PY) benchmarks/run.py --quick $(if $(ROWS),--rows $(ROWS))

docs: $(STAMP) ## regenerate the tables in docs/, schemas/editor, the views of the dbt package and meltano.yml
	$(PY) scripts/build_views.py
	$(PY) scripts/draw_lineage.py
	$(PY) scripts/build_docs.py
	$(PY) scripts/build_meltano.py

site: $(SITE_STAMP) ## build the documentation as a website, into build/site; SERVE=1 serves it and follows changes
	.venvs/site/bin/mkdocs $(if $(SERVE),serve,build) --strict

schemas: $(STAMP) ## rebuild the shipped schemas from schemas/source
	$(PY) scripts/build_schemas.py

lock: ## compile new locked versions
	bash scripts/lock.sh

clean: ## remove everything that the targets created
	rm -rf .venv .venvs .cache .airflow demo-output build *.egg-info .mypy_cache .ruff_cache .import_linter_cache
