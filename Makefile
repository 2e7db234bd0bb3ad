# `make demo` shows acc at work, `make test` runs the whole suite. Nothing outside this directory is needed
# but Python >= 3.11 and the programs that tools/programs.sh installs or names.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON := .venv/bin/python
READY := .venv/.ready

.PHONY: help
help:
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile

$(READY): pyproject.toml constraints.txt tools/environment.sh
	@tools/environment.sh
	@touch $@

.PHONY: venv
venv: $(READY)  ## make .venv, with everything that the other commands need

.PHONY: demo
demo: $(READY)  ## run a real ssh through acc to a real sshd, on this machine
	@tools/programs.sh ssh sshd
	@$(PYTHON) tools/demo.py

.PHONY: test
test: $(READY)  ## run the whole suite
	@tools/programs.sh ssh sshd socat rsync git nc ss bash zsh fish haproxy
	$(PYTHON) -m pytest

.PHONY: lint
lint: $(READY)  ## check format, style, types, imports and generated code
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/pyright
	.venv/bin/lint-imports
	$(PYTHON) tools/genproto.py --check
	$(PYTHON) tools/gendocs.py --check
	$(PYTHON) tools/gencompletions.py --check

.PHONY: check
check: lint  ## lint, then make test: what CI runs
	@$(MAKE) --no-print-directory test

.PHONY: bench
bench: $(READY)  ## measure acc beside its peers
	@tools/programs.sh cc ssh sshd socat nc haproxy
	$(PYTHON) -m bench
	$(PYTHON) -m bench.directory

.PHONY: fuzz
fuzz: $(READY)  ## search for inputs that break a parser, FUZZ_SECONDS (30) in each
	@$(PYTHON) -m pip install --quiet --constraint constraints.txt --group fuzz
	$(PYTHON) -m tests.fuzz

.PHONY: format
format: $(READY)  ## put the source into its format
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

.PHONY: proto
proto: $(READY)  ## generate acc.rpc from wire/proto
	$(PYTHON) tools/genproto.py

.PHONY: tables
tables: $(READY)  ## write the tables of docs/ that follow from the code
	$(PYTHON) tools/gendocs.py

.PHONY: completions
completions: $(READY)  ## write shell-completions/ from the commands that there are
	$(PYTHON) tools/gencompletions.py

.PHONY: constraints
constraints: $(READY)  ## write down the versions in .venv, as those that were tested
	@{ echo "# The versions that were tested. Written by: make constraints"; \
	   $(PYTHON) -m pip freeze --exclude-editable; } > constraints.new
	@mv constraints.new constraints.txt

.PHONY: clean
clean:  ## remove everything that was made here
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find wire cli controlplane worker tests tools bench -name __pycache__ -prune -exec rm -rf {} +
