# Everything starts here. `make demo` and `make test` set up what they need.
.PHONY: setup demo simulate test format bench bench-camera bench-screens bench-reports operators-guide lock clean

VENV ?= .venv
BIN := $(VENV)/bin

setup:
	@./.ci/setup $(VENV)

demo: setup
	@$(BIN)/edge-agent demo $(DEMO)

# At least 1,000 shifts and a million items in virtual time; SIMULATE="--seeds 50" for fewer.
SIMULATE ?= --seeds 1000 --items 1000000
simulate: setup
	@$(BIN)/edge-agent simulate $(SIMULATE)

# The tests start hundreds of processes: their bytecode is kept. Whole plants and what is measured by
# the clock run alone, everything else in WORKERS processes, a file's tests together.
WORKERS ?= 2
ALONE := tests/e2e tests/recorder tests/camera
unexport PYTHONDONTWRITEBYTECODE
test:
	@./.ci/setup $(VENV) test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest $(ALONE)
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(ALONE:%=--ignore=%)

bench: setup
	@$(BIN)/python -m benchmarks $(BENCH)

# Cameras: BENCH_CAMERA="pictures --rotations"; EDGE_AGENT_PICTURES names the folder of pictures.
bench-camera: setup
	@$(BIN)/python -m benchmarks.camera $(BENCH_CAMERA)

# Screens in a real browser (Debian's package chromium): BENCH_SCREENS="--scans 500 --rounds 9".
bench-screens: setup
	@$(BIN)/python -m benchmarks.screens $(BENCH_SCREENS)

# Reports of a large shift: BENCH_REPORTS="--events 100000 --rounds 1".
bench-reports: setup
	@$(BIN)/python -m benchmarks.reports $(BENCH_REPORTS)

# The operators' guide: its pictures from the running screens, its tables from their words.
operators-guide: setup
	@$(BIN)/python -m tests.e2e.operators_guide
	@$(BIN)/python -m tests.docs.operators

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# No index or host is written into the lock: where packages come from is the installer's own setting.
lock: setup
	$(BIN)/pip-compile --quiet --strip-extras --extra dev --no-emit-index-url --no-emit-find-links \
	  --no-emit-trusted-host --no-header --annotation-style=line --output-file requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) build dist
