.DEFAULT_GOAL := help
.PHONY: help setup setup-test run test bench lint format golden sample lock clean
BIN := .venv/bin
# Stale bytecode settings of a shell must not make every Python start slow.
unexport PYTHONDONTWRITEBYTECODE

help:  ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup:  ## Make .venv with all that the pipeline needs
	@.ci/setup run

setup-test:  ## Add what tests, linters and training need
	@.ci/setup run && .ci/setup test

run: setup  ## Run the whole pipeline on the sample crawl, into ./data
	$(BIN)/mathcode-pile run $(ARGS)

test: setup-test  ## Run every test, two at a time (ARGS="-k name" to choose)
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup --no-loadscope-reorder $(ARGS)

bench: setup-test  ## Measure us against the peers (ARGS="extract verify" to choose)
	$(BIN)/python -m tests.benchmarks $(ARGS)

lint: setup-test  ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup-test  ## Bring the code into form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

golden: setup-test  ## Rewrite the golden files; review the diff
	$(BIN)/python -m tests.udfs.html.golden

sample: setup  ## Rewrite the sample crawl from its pages
	$(BIN)/python -m conf.sample.build

lock:  ## Lock the newest versions that pyproject.toml allows
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-annotate --no-header -q --upgrade -o requirements/run.txt
	$(BIN)/uv pip compile pyproject.toml --extra train --group test --group lint --universal --generate-hashes --no-annotate --no-header -q --upgrade -c requirements/run.txt -o requirements/test.txt

clean:  ## Remove what make run and make test made, but for .venv
	rm -rf data spark-warehouse .mypy_cache .ruff_cache .hypothesis
