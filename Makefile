PYTHON ?= python3
BIN := .venv/bin
CORES ?= $(shell getconf _NPROCESSORS_ONLN)
# The lock is for CPython 3.11 on Linux x86_64; every other platform resolves the ranges itself.
PLATFORM := $(shell $(PYTHON) -c 'import sys, platform; print("%d.%d-%s-%s" % (*sys.version_info[:2], sys.platform, platform.machine()))')
REQUIREMENTS := $(if $(filter 3.11-linux-x86_64,$(PLATFORM)),envs/requirements.lock,envs/requirements.txt)

.PHONY: demo test test-fast test-slurm test-image lint types format lock image bench

demo: .venv/installed
	$(BIN)/snakemake --cores $(CORES) --configfile config/demo.yaml
	@echo "Report: results/demo/report.html"

test: .venv/installed lint
	$(BIN)/pytest

# A minute: without the tests that run the workflow or train for long.
test-fast: .venv/installed
	$(BIN)/pytest -m "not workflow" --hypothesis-profile=fast

# The demo and what can go wrong, on a real SLURM that is set up for it; as root on Debian or Ubuntu, else skipped.
test-slurm: .venv/installed demo
	$(BIN)/pytest -rs tests/slurm

# Side by side with other stacks: over an hour on two idle cores. IMAGES is a folder of real JPEGs, for packing.
bench: export PYTHONPATH = $(CURDIR)/workflow/scripts
bench: .venv/installed benchmarks/.venv/installed
	$(BIN)/python benchmarks/training.py benchmarks/.venv/bin/python
	$(BIN)/python benchmarks/search.py benchmarks/.venv/bin/python
	$(if $(IMAGES),$(BIN)/python benchmarks/packing.py benchmarks/.venv/bin/python $(IMAGES))
	$(BIN)/python benchmarks/smote.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/dag.py
	$(BIN)/python benchmarks/picture.py

benchmarks/.venv/installed: benchmarks/requirements.txt
	$(PYTHON) -m venv benchmarks/.venv
	benchmarks/.venv/bin/pip install --quiet --requirement benchmarks/requirements.txt
	touch $@

lint: .venv/installed types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint --configfile config/demo.yaml

types: .venv/installed .venv/types/installed
	.venv/types/bin/mypy

.venv/types/installed: requirements-dev.txt
	$(PYTHON) -m venv .venv/types
	.venv/types/bin/pip install --quiet --requirement requirements-dev.txt
	touch $@

# The ISIC challenge's own scoring, beside which tests/test_official_score.py puts ours; skipped where it is absent.
.venv/scoring/installed: requirements-scoring.txt
	$(PYTHON) -m venv .venv/scoring
	.venv/scoring/bin/pip install --quiet --requirement requirements-scoring.txt
	touch $@

format: .venv/installed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/snakefmt Snakefile workflow

lock: .venv/installed
	$(BIN)/pip-compile --quiet --upgrade --strip-extras --no-emit-index-url --no-emit-find-links \
	    --output-file envs/requirements.lock envs/requirements.txt

# For `--sdm apptainer`. BASE: docker://NAME or, for Apptainer, a folder with a root of Debian.
BASE ?= docker://docker.io/library/python:3.11-slim
image:
	envs/build_image.sh $(BASE) $(IMAGE_OPTIONS)

# Twenty minutes and 20 GB. Commit tests/image/passed.sha256, which it writes: CI tests the image when one of the
# files that are named there is another.
test-image: .venv/installed
	tests/image/run.sh

.venv/installed: $(REQUIREMENTS)
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement $(REQUIREMENTS)
	touch $@
