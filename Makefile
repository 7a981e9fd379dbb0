# Everything a developer or CI does, from a machine that has only make, bash and Python 3.10 or newer
# (on Debian: python3-venv). `make` lists the targets.
#
#   PYTHON=python3.13 make test     another interpreter (after `make clean`)
#   ARGS="-k cookies" make unit     options for pytest, `python -m benchmarks` or the demo
#   WORKERS=1 make integration      one test after the other, as in a debugger
#   make test-apps PROXY=jupyter-server-proxy==4.6.0 APPS=build/apps-4.6.0 ARGS="-k packages"
#                                   what packages do with a release, to compare

PYTHON ?= python3
VENV ?= .venv
APPS_VENV ?= build/apps-venv
APPS ?= build/apps
PROXY ?= --editable .
ARGS ?=
# Tests wait for processes more than they work, so there is one more than there are cores. A file is
# one worker's, since its tests share servers.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

BIN := $(VENV)/bin
NPM := $(BIN)/python scripts/npm.py
PYTEST := $(BIN)/python -m pytest
PARALLEL := --numprocesses $(WORKERS) --dist loadfile
PYTHON_SOURCES := jupyter_server_proxy tests benchmarks demo examples scripts docs hatch_build.py

# What decides whether the installation in a virtual environment is still the right one.
LABEXTENSION := $(wildcard labextension/*.json labextension/src/*)
INSTALLED_FROM := pyproject.toml hatch_build.py $(LABEXTENSION) \
	$(wildcard jupyter_server_proxy/etc/*/*.json jupyter_server_proxy/etc/*/*/*.json) \
	jupyter_server_proxy/static/tree.js

HUB_PROXY := $(addprefix tests/hub/,package.json package-lock.json .npmrc)
APP_SETS := $(basename $(notdir $(wildcard tests/real_apps/requirements/*.txt)))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv test test-apps lint types layers frontend unit integration compat hub browser \
	packaging docs bench demo format chromium debian-programs clean
# One target at a time: each uses the cores that there are.
.NOTPARALLEL:

help:  ## list the targets
	@grep -hE '^[a-z -]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z -]+):.*## */\1\t/' | expand -t 26

venv: $(VENV)/.installed  ## the virtual environment for everything below

$(VENV)/.installed: $(INSTALLED_FROM)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "$(PYTHON) is older than 3.10: set PYTHON"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[dev,test]"
	touch $@

test: lint types layers frontend unit integration compat hub browser packaging  ## all checks and tests

lint: venv  ## style
	$(BIN)/ruff check $(wildcard $(PYTHON_SOURCES))
	$(BIN)/ruff format --check $(wildcard $(PYTHON_SOURCES))

format: venv labextension/node_modules/.package-lock.json  ## repair what lint finds, where that is possible
	$(BIN)/ruff check --fix --exit-zero $(wildcard $(PYTHON_SOURCES))
	$(BIN)/ruff format $(wildcard $(PYTHON_SOURCES))
	$(NPM) run format

types: venv  ## mypy, strict
	$(BIN)/mypy

layers: venv  ## imports go down only
	$(BIN)/lint-imports

frontend: venv labextension/node_modules/.package-lock.json  ## style and unit tests of the labextension
	$(NPM) run lint
	$(NPM) test

# npm's own record of what it installed; building the labextension may have done it already.
labextension/node_modules/.package-lock.json: labextension/package-lock.json | $(VENV)/.installed
	$(NPM) ci --no-progress
	touch $@

# The rules decide and do nothing else, so every branch of them can be tried.
unit: ARGS += --cov=jupyter_server_proxy.rules --cov-branch --cov-report=term-missing:skip-covered \
	--cov-fail-under=100
unit integration compat: venv  ## that folder of tests/
	$(PYTEST) $(PARALLEL) tests/$@ $(ARGS)

hub: venv chromium build/hub-proxy/.installed  ## tests/hub: a real JupyterHub
	$(PYTEST) tests/hub $(ARGS)

# JupyterHub's proxy is a program for Node.js.
build/hub-proxy/.installed: $(HUB_PROXY) | $(VENV)/.installed
	mkdir -p $(@D)
	cp $(HUB_PROXY) $(@D)
	$(NPM) ci --no-progress --prefix $(abspath $(@D))
	touch $@

browser: venv chromium  ## tests/e2e: real pages in Chromium
	$(PYTEST) tests/e2e $(ARGS)

packaging: venv  ## wheel and source distribution, built and installed without Node.js
	$(PYTEST) tests/packaging $(ARGS)

chromium:
	@bash scripts/ensure_chromium.sh

debian-programs:
	@bash scripts/ensure_debian_programs.sh

$(APPS_VENV)/.installed: $(INSTALLED_FROM) demo/requirements.txt
	test -x $(APPS_VENV)/bin/python || $(PYTHON) -m venv $(APPS_VENV)
	$(APPS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
		--editable ".[dev,test]" --requirement demo/requirements.txt
	touch $@

# One environment for each set of packages that fit together; the tests find them by these names.
# A second file, NAME.no-deps, has packages whose own requirements are not wanted. Without a pip of
# its own and without compiling what is never imported, an environment takes half the time.
INSTALL = $(APPS_VENV)/bin/python -m pip --python $(@D)/bin/python install --quiet \
	--disable-pip-version-check --no-compile
$(APPS)/%/.installed: tests/real_apps/requirements/%.txt $(INSTALLED_FROM) | $(APPS_VENV)/.installed
	test -x $(@D)/bin/python || $(PYTHON) -m venv --without-pip $(@D)
	$(INSTALL) $(PROXY) --requirement $<
	test ! -e $(<:.txt=.no-deps) || $(INSTALL) --no-deps --requirement $(<:.txt=.no-deps)
	touch $@

$(APPS)/stubs/.installed: tests/real_apps/requirements/stubs.no-deps
$(APPS)/stubs-released/.installed: $(wildcard tests/real_apps/requirements/stubs.*)
$(APPS)/stubs-released/.installed: PROXY =

test-apps: chromium debian-programs build/hub-proxy/.installed  ## real applications and packages
test-apps: $(APPS_VENV)/.installed $(APP_SETS:%=$(APPS)/%/.installed)
	APPS=$(abspath $(APPS)) $(APPS_VENV)/bin/python scripts/own_network.py \
		$(APPS_VENV)/bin/python -m pytest tests/real_apps $(ARGS)

demo: $(APPS_VENV)/.installed  ## JupyterLab with some applications to try
	$(APPS_VENV)/bin/python demo/run.py $(ARGS)

bench: venv  ## speed, as ratios to other proxies
	$(BIN)/python -m benchmarks $(ARGS)

docs: $(VENV)/.docs  ## the documentation, in build/docs; a warning is an error
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --builder html docs build/docs

$(VENV)/.docs: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[docs]"
	touch $@

clean:  ## forget everything that was built or installed
	rm -rf $(VENV) build dist .demo .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	rm -rf labextension/lib labextension/node_modules jupyter_server_proxy/labextension
