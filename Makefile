# Two commands on a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test check format docs words gallery bench eval faults lock clean

demo: $(VENV)/run
	@$(BIN)/broadsheet demo $(ARGS)

test: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 4 --dist worksteal $(ARGS)

format: $(VENV)/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/dev
	$(BIN)/python -m bot.schedules.reference > docs/configuration.md
	$(BIN)/python -m bot.cli.reference > docs/commands.md

# Gathers the desk's words, as [tool.babel] in pyproject.toml says; what is new in a catalog is empty there until
# somebody translates it.
words: $(VENV)/dev
	$(BIN)/pybabel -q extract -F pyproject.toml -k N_ -k Phrase -k plural:2,3 -k pgettext:1c,2 --no-location --sort-output --omit-header -o $(VENV)/desk.pot .
	@for language in de ja ar; do \
	  if [ -f bot/speech/locale/$$language.po ]; then \
	    $(BIN)/pybabel -q update -i $(VENV)/desk.pot -o bot/speech/locale/$$language.po -l $$language  -w 120 --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date; \
	  else $(BIN)/pybabel -q init -i $(VENV)/desk.pot -o bot/speech/locale/$$language.po -l $$language; fi; done

# Needs Chromium, and the fonts that docs/gallery/README.md names. `make gallery ARGS=desk` draws docs/editors.
gallery: $(VENV)/dev
	@$(BIN)/python -m tests.gallery $(ARGS)

# What it measures, and its aims: docs/performance.md. `make bench ARGS=--help` lists the figures and sizes.
bench: $(VENV)/dev
	@$(BIN)/python -m tests.bench $(ARGS)

# How good summaries are, by ROUGE: docs/summaries.md. `make eval ARGS="my-set.jsonl --budget 3"` takes any data set.
eval: $(VENV)/dev
	@$(BIN)/python -m tests.eval $(ARGS)

# N kills by a seed, into docs/reliability.md; the same command goes on where it was interrupted.
N ?= 500
SEED ?= 1
faults: $(VENV)/dev
	$(BIN)/python -m tests.faults.campaign $(N) --seed $(SEED) --docs $(ARGS)

# The locks hold hashes and no index: they install from whatever registry the machine is set to.
lock: $(VENV)/dev
	$(PIP) uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --extra build --extra postgresql pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --extra build --extra dev pyproject.toml -o requirements-dev.lock

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Broadsheet needs Python 3.11 or newer; name one: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "this Python cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/run: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "setting up $(VENV) (once)"
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	@echo "setting up $(VENV) for development (once)"
	@$(PIP) --require-hashes -r requirements-dev.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/run

clean:
	rm -rf $(VENV) demo preview var .pytest_cache .mypy_cache .ruff_cache
