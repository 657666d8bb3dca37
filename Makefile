# Everything a person types. CI (`.ci/run`) calls the same targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
SERVICE_VALUE_REAL_DATA ?= ../shared/data/real
REAL_HOME ?= real-home
SEEDS ?= 20
COMPANIES ?= 400
ASSIGNMENTS ?= 200
TRUTH_HOMES ?= truth-homes
TRUTH_CUSTOMERS ?= 5000
TRUTH_MONTHS ?= 24
# a company bought from once a month, by customers with a card: docs/simulator.md says why
TRUTH_WORLD ?= --set people.card_share=1 --set people.purchases_per_year_mean=12 --set people.segment_cuts=289,489,778,1422 --set service.channel_contrast=3 \
	--set changes.share=0.05 --set changes.months_before_end=3 --set changes.is_between_ends=true --set changes.rate_factor=30
# one subscriber in nine customers: in the companies of `make truth` too few leave to tell how well it is foretold
CHURN_CUSTOMERS ?= 30000
CHURN_SEEDS ?= 3
CHURN_WORLD ?= --set people.card_share=1 --set churn.unresolved_ratio=3 --set churn.dissatisfied_ratio=1.5 --set churn.unused_ratio=3 \
	--set churn.new_ratio=2 --set churn.dearer_plan_ratio=2 --set churn.intent_ratio=4 --set churn.rescue=0.3
# --strict: exit with 1 when a figure is not what is needed
TRUTH_OPTIONS ?=
export SERVICE_VALUE_REAL_DATA

.DEFAULT_GOAL := help
.PHONY: help setup run run-real test test-faults test-real test-browser lint format lock simulate truth truth-churn truth-effect bench docs dev

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(STAMP) ## the environment in .venv, bytecode compiled (made when it is due)

# --no-deps: the lock file is complete, so nothing needs resolving, and every file is checked against its hash
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Python 3.11 to 3.13 is needed, this is " + sys.version.split()[0] + ": make PYTHON=python3.12")'
	@echo "Setting up $(VENV) (once, one to three minutes) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q $(VENV)/lib dagster_project || true
	@$(BIN)/python -m dagster_project.orchestration.dbt
	@touch $@

run: setup ## run the sample company and print its KPI table
	@$(BIN)/service-value run data/sample

run-real: setup ## build the real home in real-home/ from SERVICE_VALUE_REAL_DATA and run it
	@test -d "$(SERVICE_VALUE_REAL_DATA)" || { echo "make run-real needs the real data: set SERVICE_VALUE_REAL_DATA to its folder (now '$(SERVICE_VALUE_REAL_DATA)', which is not there)"; exit 1; }
	@$(BIN)/python tests/real/build_real_home.py "$(SERVICE_VALUE_REAL_DATA)" "$(REAL_HOME)"
	@SERVICE_VALUE_SALT="$${SERVICE_VALUE_SALT:-public data need no secret}" $(BIN)/service-value run "$(REAL_HOME)"

test: setup ## every test that needs no more than this checkout (whole runs under faults: a selection)
	@$(BIN)/python -m dagster_project.orchestration.dbt
	@$(BIN)/python -m pytest -m "not real and not browser and not full" -n 2 --dist loadfile

test-faults: setup ## every whole run under faults: those of CI, and those that it leaves out (a quarter of an hour)
	@$(BIN)/python -m pytest tests/faults -n 2 --dist loadfile

test-real: setup ## tests on the real data (SERVICE_VALUE_REAL_DATA)
	@test -d "$(SERVICE_VALUE_REAL_DATA)" || { echo "make test-real needs the real data: set SERVICE_VALUE_REAL_DATA to its folder (now '$(SERVICE_VALUE_REAL_DATA)', which is not there)"; exit 1; }
	@$(BIN)/python -m pytest -m real

test-browser: setup ## tests of the pages in Chromium
	@test -x /usr/bin/chromium || { echo "make test-browser needs Chromium at /usr/bin/chromium (Debian: apt-get install chromium)"; exit 1; }
	@$(BIN)/python -m pytest -m browser

lint: setup ## ruff, deptry, mypy (strict), sqlfluff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/deptry dagster_project
	@$(BIN)/deptry tests docs --exclude "[.]venv" --ignore DEP002,DEP004
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar dbt/models dbt/tests

format: setup ## let ruff and sqlfluff mend the layout
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/sqlfluff fix --processes 2 --disable-progress-bar dbt/models dbt/tests

simulate: setup ## write a simulated company: make simulate HOME_FOLDER=... CUSTOMERS=2000 MONTHS=18 SEED=1
	@$(BIN)/service-value simulate "$(HOME_FOLDER)" --customers $(or $(CUSTOMERS),2000) --months $(or $(MONTHS),18) --seed $(or $(SEED),1)

truth: setup ## simulate, run and evaluate 20 companies of known truth (half an hour), or fewer: make truth SEEDS=2
	@homes=""; for seed in $$(seq 1 $(SEEDS)); do \
		home="$(TRUTH_HOMES)/seed-$$seed"; \
		rm -rf "$$home"; \
		$(BIN)/service-value simulate "$$home" --customers $(TRUTH_CUSTOMERS) --months $(TRUTH_MONTHS) --seed $$seed $(TRUTH_WORLD) >/dev/null || exit 1; \
		$(BIN)/service-value run "$$home" >"$$home/run.log" 2>&1 || { cat "$$home/run.log"; exit 1; }; \
		echo "seed $$seed: simulated and run"; \
		homes="$$homes $$home"; \
	done; $(BIN)/service-value evaluate $(TRUTH_OPTIONS) $$homes

truth-churn: setup ## the same of three larger companies whose subscribers leave for known reasons (a quarter of an hour)
	@$(MAKE) --no-print-directory truth SEEDS=$(CHURN_SEEDS) TRUTH_CUSTOMERS=$(CHURN_CUSTOMERS) TRUTH_HOMES=$(TRUTH_HOMES)/churn TRUTH_WORLD='$(CHURN_WORLD)' TRUTH_OPTIONS='--only churn $(TRUTH_OPTIONS)'

truth-effect: setup ## incremental re-purchase (and the lift of the loyalty programme) over 400 simulated companies, by numpy and by the project's SQL, and 200 artificial assignments on real tickets (three quarters of an hour); COMPANIES=40: fewer
	@$(BIN)/python -m tests.truth.increments $(COMPANIES)
	@$(BIN)/python -m tests.truth.loyalty $(COMPANIES)
	@$(BIN)/python -m tests.real.artificial_contacts "$(SERVICE_VALUE_REAL_DATA)" $(ASSIGNMENTS)

bench: setup ## cost and quality on large data: linkage of 1 million records, scores of 1 million customers over 24 months, effects on them, recommended products (a quarter of an hour)
	@$(BIN)/python -m tests.bench.linkage
	@$(BIN)/python -m tests.bench.scoring
	@$(BIN)/python -m tests.bench.effects
	@$(BIN)/python -m tests.bench.recommendations

dev: setup ## Dagster's web interface on the sample home
	@$(BIN)/dagster dev -w workspace.yaml

docs: setup ## make the KPI dictionary anew
	@$(BIN)/python docs/make_kpi_dictionary.py

lock: ## pin everything anew in requirements.lock (needs uv)
	@uv pip compile --universal --python-version 3.11 --extra dev --extra browser --generate-hashes --no-strip-extras \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate pyproject.toml -o requirements.lock
