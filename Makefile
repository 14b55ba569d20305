# Every target explains itself: `make help`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test test-long prove bench lint docs clean

help: ## List the targets.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

$(VENV)/installed: pyproject.toml package.json
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[test]'
	npm install --silent --no-audit --no-fund --no-package-lock
	@$(BIN)/python -m protocol.programmer.crc
	@touch $@

demo: $(VENV)/installed ## A day of therapy with a kink in it: table, alarms, and an HTML report.
	$(BIN)/pump-emulator demo --report build/demo.html

test: $(VENV)/installed lint ## All tests of the default suite, and the style checks.
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

test-long: $(VENV)/installed ## The long campaigns, hours of them; goes on where it was broken off.
	POWER_LOSS_IMAGES=40 VIRTUAL_CUTS=200 VIRTUAL_FLIPS=1000 $(BIN)/python -m pytest \
		-n $(JOBS) --dist loadgroup --timeout 7200 -p tests.resume --resume build/test-long.passed \
		tests/power_loss tests/fault/test_virtual_flips.py

lint: $(VENV)/installed ## Style, types, and generated documents.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

prove: $(VENV)/installed ## Measure what is promised: build/figures.json and a table.
	$(BIN)/python -m tools.prove

bench: $(VENV)/installed ## Speed, as ratios taken in one run.
	$(BIN)/pump-emulator bench

docs: $(VENV)/installed ## Generate the documents that come from the schema.
	$(BIN)/python -m protocol.programmer.document > docs/protocol.md

clean: ## Remove what was built and installed.
	rm -rf $(VENV) build node_modules *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
