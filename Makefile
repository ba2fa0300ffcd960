# Everything one does with this project; `make` alone lists it.
# Needs Python 3.11 or newer and make. PYTHON=... names an interpreter, ARGS=... adds arguments.
.DEFAULT_GOAL := help
.PHONY: help setup demo secrets account ports test test-long check grafana-check schemas reference dashboards pictures faults bench lock clean

BIN := .venv/bin
# Stamps: installing is repeated only when what is installed has changed.
RUNTIME := .venv/.installed-runtime
DEV := .venv/.installed-dev
INSTALLED_BY := pyproject.toml requirements/install.sh
FAULT_KILLS ?= 40
KIND ?= device
UPGRADE ?=
export PYTHON

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

setup: $(RUNTIME) ## Make .venv and install what running needs

demo: $(RUNTIME) ## Run broker, recorder and simulated devices on this machine
	@$(BIN)/dermatrace demo $(ARGS)

secrets: $(RUNTIME) ## Make the passwords and tokens of the containers; ARGS=--demo for the demo's too
	@$(BIN)/dermatrace secrets create $(ARGS)

account: $(RUNTIME) ## Let one more in at the broker: NAME=pen-7 CLINIC=my-clinic [KIND=device]
	@$(BIN)/dermatrace secrets add "$(NAME)" --clinic "$(CLINIC)" --kind $(KIND)
	docker compose run --rm provision-broker
	docker compose kill --signal HUP mosquitto

ports: $(RUNTIME) ## Say where the containers answer and which file holds which password
	@$(BIN)/dermatrace ports

PYTEST = $(BIN)/python -m pytest --numprocesses auto --dist worksteal

test: $(DEV) ## Run the tests; ARGS="-k receipt" for some of them
	@$(PYTEST) -m "not long" $(ARGS)

test-long: $(DEV) ## Run the rest: faults, whole installations, every page in a browser
	@$(PYTEST) -m long $(ARGS)

check: $(DEV) ## Lint, types, layers, dependencies, size
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry schemas services
	PYTHONPATH=tests $(BIN)/python -m support.budget

schemas: $(DEV) ## Write the JSON Schemas and asyncapi.yaml anew
	$(BIN)/python -m dermatrace_schemas.render

dashboards: $(DEV) ## Write Grafana's boards and provisioning files anew
	$(BIN)/python -m dashboards

reference: $(DEV) ## Write settings, rules, measurements and the README's example anew
	PYTHONPATH=tests $(BIN)/python -m support.reference

pictures: $(DEV) ## Draw every page of the console, and the demonstration
	PYTHONPATH=tests $(BIN)/python -m support.console_pictures

grafana-check: $(DEV) ## Try provisioning on the Grafana that docker-compose.yml names
	PYTHONPATH=tests $(BIN)/python -m support.grafana_check

faults: $(DEV) ## Kill recorder and judge FAULT_KILLS times (40); writes docs/fault-table.md
	DERMATRACE_FAULT_KILLS=$(FAULT_KILLS) $(BIN)/python -m pytest --timeout=3600 tests/faults $(ARGS)

bench: $(DEV) ## Measure this machine; writes docs/performance*.md
	PYTHONPATH=tests $(BIN)/python -m benchmarks $(ARGS)

# Kept pins stay where they still fit; UPGRADE=--upgrade takes the newest of everything.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header $(UPGRADE) pyproject.toml requirements/build.in

lock: $(DEV) ## Write the lock files anew; UPGRADE=--upgrade for newer versions
	$(COMPILE) --extra demo --extra grafana --output-file requirements/runtime.txt
	$(COMPILE) --extra dev --constraint requirements/runtime.txt \
		--output-file requirements/dev.txt

clean: ## Remove .venv, caches and builds; recorded data stays
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME): requirements/runtime.txt $(INSTALLED_BY)
	@sh requirements/install.sh runtime
	@touch $@

# The development lock holds the runtime lock's pins, so both are satisfied.
$(DEV): requirements/dev.txt $(INSTALLED_BY)
	@sh requirements/install.sh dev
	@touch $@ $(RUNTIME)
