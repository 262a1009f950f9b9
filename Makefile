# Everything a person runs here. `make help` lists it.
SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA_DIR ?= $(HOME)/.pubky-appliance
NPM_DIR := tests/npm
SDK := dashboard/static/build/pubky.js

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
	@if command -v npm >/dev/null; then $(MAKE) -s --no-print-directory $(SDK) || echo "The page for newcomers without a phone stays shut." >&2; fi

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

# The published client with its licence, beside our own scripts; no script of a package ever runs.
$(SDK): dashboard/npm/package-lock.json
	@echo "Fetching the published client for the page that makes keys"
	@rm -rf build/npm && mkdir -p build/npm $(@D)
	@cp dashboard/npm/package.json dashboard/npm/package-lock.json build/npm
	@cd build/npm && npm ci --silent --no-audit --no-fund --ignore-scripts
	@cd build/npm/node_modules/@synonymdev/pubky && \
	  { echo '/*!'; cat LICENSE; echo '*/'; cat index.js; } > $(CURDIR)/$@

.PHONY: sdk
sdk: ## Fetch the published client for the page where newcomers make their key (needs npm)
	@command -v npm >/dev/null || { echo "npm is needed. On Debian: sudo apt-get install npm" >&2; exit 2; }
	@$(MAKE) -s --no-print-directory $(SDK)

.PHONY: test-peers
test-peers: ## Install the real programs that the tests talk to (Chromium, Node, Prometheus, ...)
	@missing=""; \
	for pair in chromium:chromium nginx:nginx-light node:nodejs npm:npm rclone:rclone cadaver:cadaver \
	           prometheus:prometheus gnutls-cli:gnutls-bin unzip:unzip nix-instantiate:nix-bin; do \
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
setup-dev: $(VENV)/.installed-dev test-peers $(NPM_DIR)/node_modules/.installed $(SDK) ## Everything that the tests need

# --- Running --------------------------------------------------------------------------------

.PHONY: run
run: setup ## Start a node: makes its data folder on the first run (DATA_DIR=...)
	@exec $(BIN)/pubky-appliance --data-dir "$(DATA_DIR)" run

.PHONY: testnet
testnet: setup ## Start a throw-away network on the well-known ports
	@exec $(BIN)/pubky-appliance testnet

.PHONY: demo
demo: $(VENV)/.installed-dev ## A throw-away node on which people have lived, and links to look around it
	@exec $(BIN)/python -m tests.sample_life $(ARGS)

# --- Checking -------------------------------------------------------------------------------

.PHONY: check
check: $(VENV)/.installed-dev ## Lint, types and unit tests: under three minutes
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -q -n 2 -m "not system" --ignore=tests/deploy

.PHONY: test
test: setup-dev ## Everything, the playbooks on booted hosts too: what CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -q -n 2 --ignore=tests/deploy
	@$(MAKE) -s --no-print-directory test-deploy

.PHONY: nix-check
nix-check: $(VENV)/.installed-dev test-peers ## The NixOS module and its flake, evaluated without nixpkgs
	$(BIN)/pytest -q tests/nix

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

.PHONY: fuzz
fuzz: $(VENV)/.installed-tools ## Fuzz every parser of strangers' bytes (SECONDS=20 a target)
	@$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),20)

.PHONY: simulate
simulate: $(VENV)/.installed-tools ## Ten thousand DHT nodes in memory; renews docs/dht-simulation.md
	@$(BIN)/python -m tests.simulator

.PHONY: screenshots
screenshots: $(VENV)/.installed-dev test-peers ## Renew the dashboard's pictures in docs/
	@$(BIN)/python -m tests.screenshots

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
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links --no-annotate --python-version 3.11 --group deploy \
	  -o ansible/requirements.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links --no-annotate --python-version 3.11 --group deploy-test \
	  -c ansible/requirements.lock -o ansible/requirements-test.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-emit-index-url \
	  --no-emit-find-links --no-annotate --python-version 3.11 --group certbot \
	  -o ansible/roles/pubky_tls/files/certbot.lock

# --- Installing on machines -----------------------------------------------------------------

DEPLOY_VENV := ansible/.venv
PLAYBOOK = cd ansible && .venv/bin/ansible-playbook $(BECOME)
WHEEL_OPTION = -e pubky_app_wheel="$$(ls "$(CURDIR)"/dist/*.whl)"
BECOME = $(shell [ "$$(id -u)" = 0 ] || sudo -n true 2>/dev/null || echo --ask-become-pass)
LIMIT ?= all
CAN_BOOT_HOSTS = $(shell [ "$$(id -u)" = 0 ] && command -v apt-get)
SOURCES := $(shell find appliance dashboard -type f -not -path '*/__pycache__/*')

$(DEPLOY_VENV)/.installed: ansible/requirements.lock $(VENV)/.installed
	@echo "Installing Ansible in $(DEPLOY_VENV)"
	@$(PYTHON) -m venv $(DEPLOY_VENV)
	@$(DEPLOY_VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# From a copy: a build folder in the source may still hold files that were deleted since.
dist/.built: $(SOURCES) pyproject.toml README.md LICENSE | $(VENV)/.installed
	@if command -v npm >/dev/null; then $(MAKE) -s --no-print-directory $(SDK); fi
	@echo "Building the wheel"
	@rm -rf dist && mkdir -p dist/source
	@cp -R appliance dashboard pyproject.toml README.md LICENSE dist/source
	@find dist/source -name __pycache__ -prune -exec rm -r {} +
	@SOURCE_DATE_EPOCH=1000000000 $(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps \
	  --no-build-isolation --wheel-dir dist dist/source
	@rm -r dist/source && touch $@

.PHONY: is-named
is-named:
	@[ -n "$(DOMAIN)" ] || [ -e ansible/inventories/mine/this-machine.yml ] || { \
	  echo "Say which name it has: make install DOMAIN=node.example.org" >&2; exit 2; }

.PHONY: install
install: is-named dist/.built $(DEPLOY_VENV)/.installed ## A node on this machine for good: DOMAIN= [TLS=] [DASHBOARD=]
	@[ -e ansible/inventories/mine/this-machine.yml ] || \
	  ansible/add-host this-machine local "$(DOMAIN)" --tls $(or $(TLS),local_ca) \
	    $(if $(DASHBOARD),--dashboard $(DASHBOARD))
	@$(PLAYBOOK) site.yml --limit this-machine $(WHEEL_OPTION)

.PHONY: add-host
add-host: ## Another machine: NAME= ADDR= DOMAIN= [TLS=] [DASHBOARD=] [SSH_USER=]
	@[ -n "$(NAME)" ] && [ -n "$(ADDR)" ] && [ -n "$(DOMAIN)" ] || { \
	  echo "Say which: make add-host NAME=pi ADDR=192.168.1.20 DOMAIN=pi.example.org" >&2; exit 2; }
	@ansible/add-host "$(NAME)" "$(ADDR)" "$(DOMAIN)" --tls $(or $(TLS),local_ca) \
	  --user $(or $(SSH_USER),root) $(if $(DASHBOARD),--dashboard $(DASHBOARD))

.PHONY: deploy
deploy: dist/.built $(DEPLOY_VENV)/.installed ## Nodes on the added machines (LIMIT= for some of them)
	@$(PLAYBOOK) site.yml --limit '$(LIMIT)' $(WHEEL_OPTION)

.PHONY: preflight
preflight: dist/.built $(DEPLOY_VENV)/.installed ## What would stop an installation, without changing anything (LIMIT=)
	@$(PLAYBOOK) preflight.yml --limit '$(LIMIT)' $(WHEEL_OPTION)

.PHONY: upgrade
upgrade: dist/.built $(DEPLOY_VENV)/.installed ## A release on all machines, canaries first; goes back when it fails: [VERSION=] [LIMIT=]
	@$(BIN)/python ansible/choose-release build/release.json $(VERSION)
	@$(PLAYBOOK) upgrade.yml --limit '$(LIMIT)' -e @"$(CURDIR)/build/release.json"

.PHONY: rollback
rollback: $(DEPLOY_VENV)/.installed ## The release before, one machine after the other: LIMIT= [DATA=true]
	@[ "$(LIMIT)" != all ] || { echo "Say which machine goes back: make rollback LIMIT=name" >&2; exit 2; }
	@$(PLAYBOOK) rollback.yml --limit '$(LIMIT)' -e pubky_rollback_data=$(or $(DATA),false)

.PHONY: uninstall
uninstall: $(DEPLOY_VENV)/.installed ## Remove a node, but not its data unless its key is named: LIMIT= [PURGE=KEY]
	@[ "$(LIMIT)" != all ] || { echo "Say which machine it is: make uninstall LIMIT=name" >&2; exit 2; }
	@$(PLAYBOOK) uninstall.yml --limit '$(LIMIT)' $(if $(PURGE),-e pubky_uninstall_purge=$(PURGE))

.PHONY: fleet-status
fleet-status: $(DEPLOY_VENV)/.installed ## How every machine is, in one table and as a file (LIMIT=)
	@$(PLAYBOOK) fleet-status.yml --limit '$(LIMIT)'

.PHONY: verify
verify: $(DEPLOY_VENV)/.installed ## Are the machines healthy, seen from inside and from here?
	@$(PLAYBOOK) verify.yml --limit '$(LIMIT)'

.PHONY: backup
backup: $(DEPLOY_VENV)/.installed ## A backup of the machines now (LIMIT= for some of them)
	@$(PLAYBOOK) backup.yml --limit '$(LIMIT)'

.PHONY: restore
restore: dist/.built $(DEPLOY_VENV)/.installed ## A node from its backup, on an empty machine: LIMIT= [SNAPSHOT=]
	@[ '$(LIMIT)' != all ] || { echo "Say which machine: make restore LIMIT=pi" >&2; exit 2; }
	@$(PLAYBOOK) restore.yml --limit '$(LIMIT)' $(WHEEL_OPTION) -e pubky_backup_restore_snapshot=$(or $(SNAPSHOT),latest)

.PHONY: migrate
migrate: dist/.built $(DEPLOY_VENV)/.installed ## A node to another machine: FROM= TO=, both added before
	@[ -n "$(FROM)" ] && [ -n "$(TO)" ] || { echo "Say from where to where: make migrate FROM=old TO=new" >&2; exit 2; }
	@$(PLAYBOOK) migrate.yml $(WHEEL_OPTION) -e from=$(FROM) -e to=$(TO)

.PHONY: container
container: ## An image for containers, by podman or docker (BASE= for another Debian to build on)
	@engine=$$(command -v podman || command -v docker) || { \
	  echo "podman is needed. On Debian: sudo apt-get install podman" >&2; exit 2; }; \
	if command -v npm >/dev/null; then $(MAKE) -s --no-print-directory $(SDK); fi; \
	case $$engine in *podman) format="--format docker";; *) format="";; esac; \
	exec $$engine build $$format $(if $(BASE),--build-arg BASE=$(BASE)) --tag pubky-appliance \
	  --file Containerfile .

BUNDLE = build/pubky-$(SUITE)-$(ARCH).tar
SUITE ?= bookworm
ARCH ?= amd64
MAKE_BUNDLE = $(BIN)/python ansible/bundle/make-bundle --suite "$(SUITE)" --arch "$(ARCH)" \
  --wheel "$$(ls dist/*.whl)" --key "$(KEY)" --out "$(BUNDLE)" \
  --tls $(or $(TLS),local_ca) --ansible $(DEPLOY_VENV)/bin/ansible-playbook $(if $(SOURCES_LIST),--sources "$(SOURCES_LIST)")

.PHONY: bundle
bundle: dist/.built $(DEPLOY_VENV)/.installed ## One file for hosts without a network: KEY=file [SUITE=] [ARCH=] [TLS=] [SOURCES_LIST=]
	@[ -n "$(KEY)" ] || { echo "Say which key signs it, made when there is none: make bundle KEY=~/pubky-bundle.pem" >&2; exit 2; }
	@$(MAKE_BUNDLE)

.PHONY: pi-user-data
pi-user-data: dist/.built $(DEPLOY_VENV)/.installed ## A node at a card's first boot: DOMAIN= SSH_KEY=file KEY=file [HOSTNAME=] [TLS=]
	@[ -n "$(DOMAIN)" ] && [ -n "$(SSH_KEY)" ] && [ -n "$(KEY)" ] || { \
	  echo "Say its name, who may sign in, and which key signs the bundle:" >&2; \
	  echo "make pi-user-data DOMAIN=pi.example.org SSH_KEY=~/.ssh/id_ed25519.pub KEY=~/pubky-bundle.pem" >&2; exit 2; }
	@$(MAKE_BUNDLE) --packages "avahi-daemon libnss-mdns"
	@ansible/pi/make-user-data --domain "$(DOMAIN)" --ssh-key "$(SSH_KEY)" --signer "$(KEY)" \
	  --bundle "$(BUNDLE)" --out build/pi --tls $(or $(TLS),local_ca) \
	  $(if $(filter command%,$(origin HOSTNAME)),--hostname "$(HOSTNAME)")
pi-user-data: SUITE = trixie
pi-user-data: ARCH = arm64

.PHONY: deploy-peers
deploy-peers: ## Install what the deployment's tests boot hosts with (root on Debian)
	@missing=""; \
	for pair in mmdebstrap:mmdebstrap systemd-nspawn:systemd-container nft:nftables pebble:pebble buildah:buildah curl:curl \
	           qemu-aarch64-static:qemu-user-static update-binfmts:binfmt-support; do \
	  PATH="$$PATH:/usr/sbin" command -v $${pair%%:*} >/dev/null 2>&1 || missing="$$missing $${pair##*:}"; \
	done; \
	[ -z "$$missing" ] || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing$$missing"; $(APT) update -qq && $(APT) install -y -qq --no-install-recommends $$missing >/dev/null; \
	  else \
	    echo "The tests need these programs. Install them: sudo apt-get install$$missing" >&2; exit 2; \
	  fi; }

$(DEPLOY_VENV)/.installed-test: ansible/requirements-test.lock $(DEPLOY_VENV)/.installed
	@echo "Installing the pinned packages that look at the playbooks"
	@$(DEPLOY_VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Elsewhere than as root on Debian these tests say that they were not run; with CI=true they fail.
# Hosts wait for each other a good deal: three at a time keep two cores busy.
.PHONY: test-deploy
test-deploy: setup-dev $(if $(CAN_BOOT_HOSTS),deploy-peers) $(DEPLOY_VENV)/.installed-test ## The playbooks on booted hosts: root on Debian
	PUBKY_ANSIBLE="$(CURDIR)/$(DEPLOY_VENV)/bin" $(BIN)/pytest -q -n 3 --dist loadfile \
	  --durations=0 --durations-min=1 tests/deploy
