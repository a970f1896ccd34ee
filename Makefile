# Argus needs Python 3.11 or newer and make; everything else is installed here, into .venv and .venv-label-studio.

PYTHON ?= python3
# Another build of torch, to fit this machine's driver: make TORCH="torch==… torchvision==…" TORCH_INDEX=URL …
# Empty: locks/torch.lock, whose hashes are checked.
TORCH ?=
TORCH_INDEX ?=
# make lock UPGRADE=1: every package in its newest release, where the lock has an older one.
UPGRADE ?=
# Arguments for pytest: make test TESTS="tests/unit -k search"
TESTS ?=
# Test processes side by side, each with servers of its own (3.5 GB, and four fifths of a processor): `make test` takes
# three where there are three processors and 14 GB are free, else two. LANES=0: one, the terminal's.
LANES ?=
# Arguments for a benchmark: make bench-search BENCH="--parts 10k,50k"
BENCH ?=

# Tests start hundreds of processes: compiling our modules anew would take each a second or two.
export PYTHONDONTWRITEBYTECODE :=

BIN := .venv/bin
PYTEST = $(BIN)/pytest -n $(or $(LANES),2) --dist loadfile --durations 30 --durations-min 0.5
UV := $(BIN)/uv
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --generate-hashes \
	$(if $(UPGRADE),--upgrade) --custom-compile-command "make lock"
OURS = $(COMPILE) --overrides locks/overrides.txt --excludes locks/excludes.txt pyproject.toml

.PHONY: help install demo test test-quick test-long readers test-faults soak lint lock floors audit pin-images docs demo-models clean-demo bench-annotate bench-search bench-gpu
.DEFAULT_GOAL := help

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: ## Make both environments; takes no time when nothing has changed.
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON). Argus needs Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) scripts/install.py --torch "$(TORCH)" --torch-index "$(TORCH_INDEX)"

demo: install ## Show the whole chain on real servers; ONCE=1 stops when the job is done.
	@$(BIN)/argus demo $(if $(ONCE),--once)

# Real servers and a browser on two busy processors: what fails runs once more, and the summary names it (RERUN).
# The checks of `lint` run beside the tests; where one fails, it is said at once, and once more at the end.
test: LANES := $(or $(LANES),$(shell awk '/MemAvailable/ {print ($$2 > 14000000 && '$$(nproc)' > 2 ? 3 : 2)}' \
	/proc/meminfo 2>/dev/null))
test: install ## Run every check and every test, under an hour on two processors; gets a browser when there is none.
	@browser=$$($(BIN)/python scripts/browser.py) && mkdir -p .argus || exit 1; \
		{ ( $(LINT) ) >.argus/lint.txt 2>&1 || { cat .argus/lint.txt; exit 1; }; } & lint=$$!; \
		ARGUS_CHROMIUM="$$browser" $(PYTEST) --reruns 1 -r fER $(TESTS); tests=$$?; \
		wait $$lint; checks=$$?; cat .argus/lint.txt; exit $$((tests | checks))

test-quick: install ## Run the unit tests that start no server and take no seconds.
	@$(PYTEST) tests/unit --ignore tests/unit/deploy -m "not (integration or slow or long)" $(TESTS)

readers: install .venv-readers ## Open each export format by the readers its users use, in an environment of their own (0.7 GB).
	@$(BIN)/pytest -m long tests/readers

.venv-readers: locks/readers.lock
	@$(PYTHON) -m venv --clear $@ && $@/bin/pip install --quiet --require-hashes --no-deps -r $< && touch $@

test-long: install .venv-readers ## Run what `make test` leaves out: the tests marked long, in every folder; hours.
	@browser=$$($(BIN)/python scripts/browser.py) && ARGUS_CHROMIUM="$$browser" $(BIN)/pytest -m long $(TESTS)

test-faults: install ## Break one thing after another under a running load, in the long form too; over two hours.
	@$(BIN)/pytest tests/faults -m "long or not long"

soak: install ## Put all load on a stack at once for MINUTES=20, and look for leaks; writes docs/faults.md.
	@$(BIN)/python -m benchmarks.soak --minutes $(or $(MINUTES),20) --page docs/faults.md

# mypy takes a processor for as long as all the others take another.
LINT = { $(BIN)/ruff check . && $(BIN)/lint-imports && $(BIN)/python scripts/check_structure.py && \
		$(BIN)/python scripts/check_page.py && $(BIN)/python scripts/build_help.py --strict; } & others=$$!; \
		$(BIN)/mypy; types=$$?; wait $$others && exit $$types

lint: install ## Check style, types, the direction of imports and the links of the documents.
	@$(LINT)

lock: install ## Resolve all dependencies anew, with the hash of every file; UPGRADE=1 takes the newest releases.
	@$(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps -r locks/tools.lock
	@$(OURS) --all-extras -o locks/all.lock
	@$(OURS) -c locks/all.lock --extra parquet -o locks/web.lock
	@$(OURS) -c locks/all.lock --extra models -o locks/models.lock
	@$(OURS) -c locks/all.lock --extra models --extra sam3 -o locks/sam3.lock
	@$(COMPILE) -c locks/all.lock locks/torch.in -o locks/torch.lock
	@$(COMPILE) locks/label-studio.in -o locks/label-studio.lock
	@$(COMPILE) locks/build.in -o locks/build.lock
	@$(COMPILE) locks/compose.in -o locks/compose.lock
	@$(COMPILE) -c locks/all.lock locks/docs.in -o locks/docs.lock
	@$(COMPILE) locks/tools.in -o locks/tools.lock
	@$(COMPILE) locks/readers.in -o locks/readers.lock

floors: ## Run the quick tests on the lowest versions that pyproject.toml allows; 8 GB for half an hour.
	@$(PYTHON) scripts/floors.py $(TESTS)

audit: install ## Look every pinned package up for known vulnerabilities; write bills of materials to .argus/sbom.
	@mkdir -p .argus/sbom; status=0; for lock in web models torch label-studio; do \
		$(BIN)/python -m cyclonedx_py requirements locks/$$lock.lock --of JSON -o .argus/sbom/$$lock.json && \
		$(BIN)/python -m pip_audit --strict --no-deps --disable-pip --progress-spinner off -r locks/$$lock.lock || status=1; \
	done; exit $$status

pin-images: ## Write the digests of the containers' images into .env; CHECK=1 only says which have none.
	@$(PYTHON) scripts/pin_images.py $(if $(CHECK),--check)

demo-models: install ## Train the demo's tiny checkpoints again; about two hours on two cores.
	@$(BIN)/python -m demo.train

clean-demo: ## Forget what the demo made: its video, its databases, its logs.
	@if [ -d .argus/demo ]; then $(BIN)/python -m argus_cli.stack.forget .argus/demo; fi

bench-search: install ## Measure the search beside an earlier build, numpy and what else there is; an hour. BENCH="--parts 10k,50k".
	@$(BIN)/python -m benchmarks.search $(BENCH)

bench-gpu: install ## Measure full-size models of random weights on this machine's GPU, 8 minutes at most.
	@$(BIN)/python -m benchmarks.gpu $(BENCH)

docs: install ## Write the reference pages (settings, errors, commands) from the code, and build the help.
	@$(BIN)/python scripts/reference.py
	@$(BIN)/python scripts/build_help.py

bench-annotate: install ## Measure what auto-annotation costs, and write docs/benchmarks-annotate.md; about 20 minutes.
	@$(BIN)/python -m benchmarks.annotate $(SECTIONS)
