# Each target makes .venv on its first call and leaves it alone until pyproject.toml or
# constraints.txt changes. README.md has the plain-Python line of every target.
#
#   PYTHON           the Python to make .venv with (3.11 to 3.13)
#   TORCH_INDEX_URL  another package index for torch, such as
#                    https://download.pytorch.org/whl/cpu (small, no GPU)
#   ARGS             added to the command, as in: make test ARGS="-m 'not browser'"

TORCH_INDEX_URL ?=
ARGS ?=

ifeq ($(OS),Windows_NT)
  PYTHON ?= python
  BIN := .venv/Scripts
else
  PYTHON ?= python3
  BIN := .venv/bin
endif

PY := $(BIN)/python
STAMP := .venv/.installed

.PHONY: setup run test versions correctness robustness mutation lab lint bench recipes screenshot docs clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; ok = (3, 11) <= sys.version_info[:2] <= (3, 13); sys.exit(0 if ok else 'Python 3.11 to 3.13 is needed, this is ' + sys.version.split()[0] + '; name another one: make PYTHON=python3.12')"
	$(PYTHON) -m venv .venv
ifneq ($(strip $(TORCH_INDEX_URL)),)
	$(PY) -m pip install --no-deps --index-url "$(TORCH_INDEX_URL)" -c constraints.txt torch
endif
	$(PY) -m pip install -c constraints.txt -e ".[test]"
	$(PY) -c "import pathlib; pathlib.Path('$(STAMP)').touch()"

run: $(STAMP)
	$(BIN)/workbench run notebooks/studio.ipynb $(ARGS)

test: $(STAMP)
	$(PY) -m pytest --numprocesses logical --dist loadscope $(ARGS)

versions: $(STAMP)
	$(PY) -m tests.versions $(ARGS)

correctness: $(STAMP)
	$(PY) -m tests.correctness --out docs/correctness.md $(ARGS)

robustness: $(STAMP)
	$(PY) -m tests.robustness --out docs/robustness.md $(ARGS)

mutation: $(STAMP)
	$(PY) -m pip install -c constraints.txt -e ".[mutation]"
	$(PY) tests/mutation.py $(ARGS)

lab: $(STAMP)
	$(BIN)/workbench lab $(ARGS)

lint: $(STAMP)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(BIN)/lint-imports
	$(PY) tests/test_notebooks_clean.py
	$(PY) tests/front_end.py

bench: $(STAMP)
	$(PY) tests/bench/training_speed.py $(ARGS)
	$(PY) tests/bench/run_folders.py
	$(PY) tests/bench/watching.py
	$(PY) tests/bench/first_loss.py
	$(PY) tests/bench/attention.py
	$(PY) tests/bench/cleaning.py
	$(PY) tests/bench/row_records.py

recipes: $(STAMP)
	$(PY) tests/bench/recipes.py $(ARGS)

screenshot: $(STAMP)
	$(PY) tests/browser/screenshots.py $(ARGS)

docs: $(STAMP)
	$(PY) -m sphinx --fail-on-warning --keep-going docs site $(ARGS)

clean:
	$(PYTHON) -c "import shutil; [shutil.rmtree(name, ignore_errors=True) for name in ('.venv', '.pytest_cache', '.ruff_cache', '.mypy_cache', '.import_linter_cache', '.hypothesis', 'artifacts', 'dist', 'site', 'node_modules')]"
