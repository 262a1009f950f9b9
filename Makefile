# Everything a person runs here. `make help` lists it.
SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA_DIR ?= $(HOME)/.pubky-appliance
NPM_DIR := tests/npm

APT := DEBIAN_FRONTEND=noninteractive apt-get

.PHONY: help
help: ## Show this list
	@echo "Pubky appliance. Two commands are enough to start:"
	@echo "  make run       a node on this machine"
	@echo "  make testnet   a throw-away network for app developers"
	@echo
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/:.*## /\t/' \
	  | awk -F '\t' '{printf "  make %-12s %s\n", $$1, $$2}'

# --- Setting up -----------------------------------------------------------------------------

.PHONY: setup
setup: $(VENV)/.installed ## Make the virtual environment from the lock file

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed. On Debian: sudo apt-get install python3 python3-venv" >&2; \
	  exit 2; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing python3-venv"; $(APT) update -qq && $(APT) install -y -qq python3-venv >/dev/null; \
	  else \
	    echo "The Python module venv is missing. Install it: sudo apt-get install python3-venv" >&2; \
	    exit 2; \
	  fi; }
	@echo "Making the virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing the pinned packages"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@echo "Installing the pinned packages of the tests"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/.installed-tools: requirements-tools.lock $(VENV)/.installed-dev
	@echo "Installing the pinned packages of the fuzzer and the simulator"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-tools.lock
	@touch $@

.PHONY: test-peers
test-peers: ## Install the real programs that the tests talk to (Chromium, Node, Prometheus, ...)
	@missing=""; \
	for pair in chromium:chromium nginx:nginx-light node:nodejs npm:npm rclone:rclone cadaver:cadaver \
	           prometheus:prometheus gnutls-cli:gnutls-bin; do \
	  PATH="$$PATH:/usr/sbin" command -v $${pair%%:*} >/dev/null 2>&1 || missing="$$missing $${pair##*:}"; \
	done; \
	PATH="$$PATH:/sbin:/usr/sbin" ldconfig -p | grep -q 'libatomic\.so\.1' || missing="$$missing libatomic1"; \
	[ -z "$$missing" ] || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing$$missing"; $(APT) update -qq && $(APT) install -y -qq --no-install-recommends $$missing >/dev/null; \
	  else \
	    echo "The tests need these programs. Install them: sudo apt-get install$$missing" >&2; exit 2; \
	  fi; }

$(NPM_DIR)/node_modules/.installed: $(NPM_DIR)/package-lock.json | test-peers
	@echo "Installing the pinned npm packages of the tests"
	@cd $(NPM_DIR) && npm ci --silent --no-audit --no-fund
	@touch $@

.PHONY: setup-dev
setup-dev: $(VENV)/.installed-dev test-peers $(NPM_DIR)/node_modules/.installed ## Everything that the tests need

# --- Running --------------------------------------------------------------------------------

.PHONY: run
run: setup ## Start a node: makes its data folder on the first run (DATA_DIR=...)
	@exec $(BIN)/pubky-appliance --data-dir "$(DATA_DIR)" run

.PHONY: testnet
testnet: setup ## Start a throw-away network on the well-known ports
	@exec $(BIN)/pubky-appliance testnet

# --- Checking -------------------------------------------------------------------------------

.PHONY: check
check: $(VENV)/.installed-dev ## Lint, types and unit tests: under three minutes
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -q -n 2 -m "not system"

.PHONY: test
test: setup-dev ## Everything: what CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -q -n 2

.PHONY: format
format: $(VENV)/.installed-dev ## Put the source in its one format
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

.PHONY: bench-peers
bench-peers: ## Install what the measurements compare with and load with (nginx, wrk)
	@missing=""; \
	for pair in nginx:nginx-light wrk:wrk; do \
	  PATH="$$PATH:/usr/sbin" command -v $${pair%%:*} >/dev/null 2>&1 || missing="$$missing $${pair##*:}"; \
	done; \
	[ -z "$$missing" ] || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing$$missing"; $(APT) update -qq && $(APT) install -y -qq --no-install-recommends $$missing >/dev/null; \
	  else \
	    echo "Better figures need: sudo apt-get install$$missing (wrk may be missing, nginx may not)" >&2; \
	  fi; }

.PHONY: bench
bench: $(VENV)/.installed-dev bench-peers ## Print this machine's figures, as ratios measured in one run
	@$(BIN)/python -m tests.bench

.PHONY: lock
lock: $(VENV)/.installed-dev ## Renew the lock files (maintainers; installs uv into the environment)
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links --python-version 3.11 pyproject.toml --group install -o requirements.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links --python-version 3.11 pyproject.toml --group dev -c requirements.lock \
	  -o requirements-dev.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links --python-version 3.11 pyproject.toml --group tools \
	  -c requirements-dev.lock -o requirements-tools.lock
