# Everything a person or CI runs, by name. `make` alone lists the targets.

PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python

# The profile is the committed one, not one of the home folder.
export DBT_PROFILES_DIR := $(CURDIR)
export DBT_SEND_ANONYMOUS_USAGE_STATS := false

# The recipe reads these from the environment: no value reaches make's eyes.
export INPUT AS_OF BASE HEAD OUTPUT PORT CUSTOMERS REPEATS

# An installation is done when a stamp with the checksum of its requirements
# exists: a branch switch alone reinstalls nothing, a changed pin does.
checksum = $(shell cksum < $(1) | tr ' ' '-')
RUNTIME := $(VENV)/.requirements-$(call checksum,requirements.txt)
BI := $(VENV)/.requirements-bi-$(call checksum,requirements-bi.txt)
SPARK := $(VENV)/.requirements-spark-$(call checksum,requirements-spark.txt)
POSTGRES := $(VENV)/.requirements-postgres-$(call checksum,requirements-postgres.txt)
DEV := $(VENV)/.requirements-dev-$(call checksum,requirements-dev.txt)

# Engines that need a server; parity is with DuckDB, and one of them at a time.
POSTGRES_TESTS := $(addprefix tests/python/,test_postgres*.py test_load.py \
    test_other_warehouses.py test_macros_on_engines.py test_typed_tables.py \
    test_parity.py) \
    -k "not spark"
SPARK_TESTS := $(addprefix tests/python/,test_spark*.py \
    test_macros_on_engines.py test_typed_tables.py test_parity.py) \
    -k "not [postgresql and not on_postgresql"

SQL := $(wildcard models tests/singular analyses snapshots)
LOCK := uv pip compile pyproject.toml --quiet --universal \
    --python-version 3.11 --fork-strategy fewest --no-strip-extras \
    --generate-hashes --no-emit-index-url --no-header --no-annotate $(UPGRADE)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help bench build dashboards serve report docs diff test test-postgres check \
    mutations torture lint format demo lock licences clean \
    setup setup-bi setup-postgres setup-spark setup-dev test-spark

help: ## list the targets
	@echo "make <target>:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' \
	    Makefile

# Only what was given becomes an option.
build: setup ## build and publish the demo, or INPUT=folder AS_OF=YYYY-MM-DD
	@$(PY) -m perennial build $${INPUT:+--input "$$INPUT"} \
	    $${AS_OF:+--as-of "$$AS_OF"}

diff: setup ## tell what changed in public numbers since BASE=commit (HEAD=)
	@$(PY) -m perennial diff $${HEAD:+--head "$$HEAD"} \
	    $${OUTPUT:+--output "$$OUTPUT"} -- \
	    "$${BASE:?name the commit to compare with: make diff BASE=main}"

docs: setup-bi ## write the docs, all of them, to site/docs
	@$(PY) -m perennial docs

report: setup-bi ## write the reports of reports/ to site/reports
	@$(PY) -m perennial report

dashboards: setup-bi ## draw what is published: site/dashboards/index.html
	@$(PY) -m perennial dashboards

serve: setup-bi ## serve the dashboards on this machine, always fresh (PORT=8710)
	@$(PY) -m perennial serve $${PORT:+--port "$$PORT"}

mutations: setup-dev ## break the models on purpose and see which test notices
	$(PY) tests/mutations.py

torture: setup-dev ## kill, crowd and starve builds (ONLY=kills|steps|readers|starve)
	$(PY) tests/torture.py $(ONLY)

# Most of the time is builds, one core each; a file stays with one worker, and
# so do the builds that its tests share.
test: lint ## everything that CI runs: lint, then the tests
	$(PY) -m pytest --numprocesses $(WORKERS) --dist loadfile

test-postgres: setup-dev ## only the tests of PostgreSQL, on a server of their own
	$(PY) -m pytest $(POSTGRES_TESTS)

test-spark: setup-dev ## only the tests of Spark, on a cluster of their own
	PERENNIAL_TEST_ALL_DAYS=1 $(PY) -m pytest $(SPARK_TESTS)

check: test ## the same as test

lint: setup-dev ## check the style of SQL, Python and YAML
	@$(if $(SQL),$(call sqlfluff,lint))
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m yamllint --strict .

format: setup-dev ## let the formatters rewrite SQL and Python
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	@$(if $(SQL),$(call sqlfluff,fix))

bench: setup-dev ## measure speed and memory (CUSTOMERS="10000 100000", REPEATS=3)
	@$(PY) benchmarks/speed.py --repeats "$${REPEATS:-3}" \
	    --customers $${CUSTOMERS:-10000 100000 1000000}

demo: setup ## write the demo's input files again
	$(PY) -m perennial demo

# The dev pins come first: the other files are subsets of them, to the version.
lock: ## remake requirements*.txt from pyproject.toml (UPGRADE=--upgrade)
	@command -v uv >/dev/null || { \
	    echo "make lock needs uv: $(PYTHON) -m pip install uv" >&2; exit 1; }
	$(LOCK) --extra bench --extra bi --extra dev --extra postgres \
	    --extra spark --output-file requirements-dev.txt
	@set -e; for extra in bi postgres spark; do $(LOCK) --extra $$extra \
	    --constraint requirements-dev.txt \
	    --output-file requirements-$$extra.txt; done
	$(LOCK) --constraint requirements-dev.txt --output-file requirements.txt

licences: setup-dev ## write docs/licences.md from the installed packages
	$(PY) tests/licences.py

clean: ## remove what builds and tests leave behind; .venv and warehouse stay
	rm -rf target logs dbt_packages build site *.egg-info
	rm -rf .pytest_cache .ruff_cache .hypothesis
	find . -name .venv -prune -o -name __pycache__ -type d -prune \
	    -exec rm -rf {} +

setup: $(RUNTIME) ## only make .venv and install what running needs
setup-bi: $(BI) ## only make .venv and install what dashboards, reports, docs need
setup-postgres: $(POSTGRES) ## only make .venv and install what PostgreSQL needs
setup-spark: $(SPARK) ## only make .venv and install what Spark needs
setup-dev: $(DEV) ## only make .venv and install what testing needs

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "perennial needs Python 3.11 or newer and found:" \
	        "$$($(PYTHON) --version 2>&1)." \
	        "Name another: make PYTHON=python3.13 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "$(PYTHON) cannot make virtual environments here:" \
	        "on Debian and Ubuntu install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

# A .venv whose Python is gone (moved, upgraded away) is made anew.
ifneq ($(shell $(PY) -c 'print("runs")' 2>/dev/null),runs)
.PHONY: $(VENV)/.made
endif

$(RUNTIME): $(VENV)/.made
	@rm -f $(VENV)/.requirements-*
	$(call pip_install,requirements.txt)
	@touch $@

$(BI): $(VENV)/.made
	@rm -f $(VENV)/.requirements-*
	$(call pip_install,requirements-bi.txt)
	@touch $(RUNTIME) $@

$(POSTGRES): $(VENV)/.made
	@rm -f $(VENV)/.requirements-*
	$(call pip_install,requirements-postgres.txt)
	@touch $(RUNTIME) $@

$(SPARK): $(VENV)/.made
	@rm -f $(VENV)/.requirements-*
	$(call pip_install,requirements-spark.txt)
	@touch $(RUNTIME) $@

$(DEV): $(VENV)/.made
	@rm -f $(VENV)/.requirements-*
	$(call pip_install,requirements-dev.txt)
	@touch $(RUNTIME) $(BI) $(POSTGRES) $(SPARK) $@

define pip_install
$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes \
    --requirement $(1)
endef

# The dbt templater compiles the project: in a work file and a target folder of
# its own, so that linting neither waits for a build nor disturbs one.
define sqlfluff
set -e; work=$$(mktemp -d); trap 'rm -rf "$$work"' EXIT; \
export PERENNIAL_WORK_FILE="$$work/lint.duckdb"; \
export PERENNIAL_HISTORY_FILE="$$work/history.duckdb"; \
export DBT_TARGET_PATH="$$work/target" DBT_LOG_PATH="$$work/logs"; \
echo "sqlfluff $(1) $(SQL)"; \
$(PY) -m sqlfluff $(1) --disable-progress-bar $(SQL)
endef
