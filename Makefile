# Two commands: `make run` and `make test`. Nothing but Python 3.11 (with venv) and make is needed.
PYTHON ?= python3
HOME_DIR ?= tanfeng-home
PORT ?= 8000
BIN := .venv/bin
# Constraints hold in the isolated build environment too, so the build is pinned as well.
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test docs install install-dev clean

install: .venv/installed
install-dev: .venv/installed-dev

.venv/bin/python:
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Tanfeng needs Python 3.11 or later with the venv module (Debian: python3-venv)."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip  # the one that comes with Python knows no groups

.venv/installed: pyproject.toml constraints.txt package-lock.json hatch_build.py | .venv/bin/python
	$(BIN)/pip install --quiet --editable .
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/pip install --quiet --group dev
	touch $@

run: install
	$(BIN)/tanfeng demo --home $(HOME_DIR) --if-empty
	$(BIN)/tanfeng serve --home $(HOME_DIR) --port $(PORT)

test: install-dev
	scripts/check

docs: install-dev
	$(BIN)/sphinx-build --fail-on-warning --quiet docs build/docs

clean:
	rm -rf .venv build dist src/tanfeng/console/static/vendor src/tanfeng/reports/fonts
