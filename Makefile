# Kogge. `make` alone lists what there is. Needs Python 3.11 or newer with venv, and make; nothing else.

HOST = 127.0.0.1
PORT = 8000
HOME_DIR = var
NEW_ENOUGH = import sys; sys.exit(sys.version_info < (3, 11))
PYTHON = $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$python && break; done)

VENV = .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet
VENDOR = service/kogge/web/static/vendor/.complete
COMPILE = $(BIN)/uv pip compile pyproject.toml --quiet --universal --upgrade --generate-hashes --no-header --no-annotate

TOGETHER = --numprocesses auto --maxprocesses 4
# Tests that have a turn of their own: those in Chromium, whose loop stays open in its process; and those that
# hold a service to its deadlines, while no other test runs.
BROWSER = tests/browser
ALONE = tests/attacks/test_queries.py tests/attacks/test_store_faults.py tests/soak/test_soak.py tests/test_workers.py

.PHONY: help serve test check format bench soak shots lock install clean

help:
	@echo 'make serve    set up, and start the service on http://$(HOST):$(PORT) (HOST= PORT= HOME_DIR= change it)'
	@echo 'make test     set up, and run all tests'
	@echo 'make check    lint, format, types, import layers'
	@echo 'make format   write the format that `make check` wants'
	@echo 'make bench    the benchmarks'
	@echo 'make soak     300 publications while the process is killed again and again, and attackers beside clients'
	@echo 'make shots    pictures of all pages, in shots/ (needs Chromium)'
	@echo 'make install  the set-up alone'
	@echo 'make lock     re-create the lock files (needs a package index)'
	@echo 'make clean    remove the set-up; what the service stored in $(HOME_DIR) stays'

serve: install
	@$(BIN)/kogge serve --host '$(HOST)' --port '$(PORT)' --home '$(HOME_DIR)'

test: install $(VENV)/.tested
	@$(BIN)/python -m pytest $(TOGETHER) --dist loadfile --no-loadscope-reorder $(patsubst %,--ignore=%,$(BROWSER) $(ALONE))
	@$(BIN)/python -m pytest $(TOGETHER) --dist loadgroup $(BROWSER)
	@$(BIN)/python -m pytest $(ALONE)

check: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.tested
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.tested
	@$(BIN)/python bench/lookup_quality.py
	@$(BIN)/python bench/lookup.py
	@$(BIN)/python bench/endpoint.py
	@$(BIN)/python bench/check.py
	@$(BIN)/python bench/contribution.py
	@$(BIN)/python bench/things.py
	@$(BIN)/python bench/catalog.py
	@$(BIN)/python bench/dumps.py

soak: $(VENV)/.tested
	@KOGGE_SOAK_PUBLICATIONS=300 KOGGE_SOAK_HTTP=300 KOGGE_SOAK_SECONDS=60 $(BIN)/python -m pytest tests/soak --log-cli-level=INFO

shots: install $(VENV)/.tested
	@KOGGE_SHOTS=shots $(BIN)/python -m pytest tests/browser -q -k pictures

install: $(VENV)/.installed $(VENDOR)

lock: install
	$(PIP) install uv
	$(COMPILE) --group build --output-file requirements.lock
	$(COMPILE) --group build --extra test --constraint requirements.lock --output-file requirements-test.lock
	$(BIN)/uv pip compile --group npm --quiet --universal --upgrade --generate-hashes --no-header --no-annotate --output-file requirements-npm.lock

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# The set-up runs once: each stamp is newer than what it was made from.
$(BIN)/python:
	@[ -n '$(PYTHON)' ] || { echo 'Python 3.11 or newer is needed; none was found. Say where: make PYTHON=/path/to/python3'; exit 1; }
	@$(PYTHON) -c '$(NEW_ENOUGH)' || { echo '$(PYTHON) is older than Python 3.11. Name a newer one: make PYTHON=/path/to/python3'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo '$(PYTHON) has no venv module. Install it (on Debian and Ubuntu: apt install python3-venv).'; exit 1; }
	@echo 'Creating $(VENV) with $(PYTHON) …'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python
	@echo 'Installing what Kogge needs …'
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# What others made for the pages. Without it the service still starts, with plainer pages, and the next `make` tries again.
$(VENDOR): service/kogge/web/package-lock.json service/kogge/web/vendor.toml requirements-npm.lock | $(VENV)/.installed
	@echo 'Fetching the parts of the pages …'
	@command -v npm >/dev/null || $(PIP) install --require-hashes --requirement requirements-npm.lock || true
	@$(BIN)/python -m kogge.web.vendor && touch $@ || echo 'Going on without them: the pages will be plain.'

$(VENV)/.tested: requirements-test.lock $(VENV)/.installed
	@echo 'Installing what the tests need …'
	@$(PIP) install --require-hashes --requirement requirements-test.lock
	@touch $@
