# Two commands are enough: `make demo` and `make test`. Each sets up what it needs, in .venv.
# PYTHON=/path/to/python3.11 chooses the interpreter that .venv is made with.

PY := .venv/bin/python
RUN := PATH="$(CURDIR)/.venv/bin:$$PATH"
WORKERS ?= 2
KILLS ?= 1000
FUZZ ?= 20000
SPECS ?= specs
SEQUENCES ?= 1000

.DEFAULT_GOAL := help
.PHONY: help demo test lint docs crash prism bench wheel lock audit sbom clean setup system

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 12

demo: ## the whole way through on the example: sandbox, plan, apply, proof
	@sh scripts/setup.sh sandbox
	@$(PY) scripts/demo.py

# Temporary files lie in a folder of this run, in memory if it can be: what another left behind is
# never in its way. Neighbours in a file share a worker, and with it what is made once for the file.
test: ## everything CI runs: format, lint, types, docs, tests
	@$(MAKE) --no-print-directory -j2 setup system
	@$(MAKE) --no-print-directory -j2 lint docs
	own=$$(sh scripts/scratch.sh) && TMPDIR=$$own $(RUN) $(PY) -m pytest -n $(WORKERS) \
	  --dist worksteal $(TESTS); code=$$?; rm -rf "$$own"; exit $$code

lint: setup ## format, lint and types
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy

docs: setup ## build the documentation strictly, into site/
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict

crash: setup system ## kill an apply 1,000 times (KILLS=n), 20,000 odd answers (FUZZ=n), SEQUENCES=n
	$(RUN) $(PY) -m pytest tests/crash tests/lanes/test_fuzz.py tests/drivers/test_fuzz.py tests/views/test_sizes.py \
	  tests/apply/test_sequences.py --large -n $(WORKERS) --kills $(KILLS) --fuzz $(FUZZ) --sequences $(SEQUENCES)

prism: setup ## ask mocks of the vendors' own OpenAPI documents (SPECS=folder; Prism in the PATH)
	$(RUN) $(PY) scripts/prism.py $(SPECS)

bench: setup ## run every benchmark and write docs/benchmarks.md
	@failed=; for script in benchmarks/*.py; do \
	  case $$script in */_*|*/generate.py|*/decode.py) continue;; esac; \
	  echo "== $$script"; $(RUN) $(PY) "$$script" || failed="$$failed $$script"; \
	done; $(PY) benchmarks/_table.py && \
	test -z "$$failed" || { echo "failed:$$failed"; exit 1; }

wheel: setup ## build wheel and sdist into dist/: the same bytes wherever and whenever
	rm -rf dist
	SOURCE_DATE_EPOCH=315532800 $(PY) -m hatchling build -d dist
	@cd dist && sha256sum *

lock: ## write requirements/*.lock anew (UPGRADE=--upgrade: the newest versions)
	@sh scripts/setup.sh supply
	$(PY) scripts/locked.py make $(UPGRADE)

audit: ## look for known weaknesses of what the locks name
	@sh scripts/setup.sh supply
	for one in build run ci supply; do \
	  $(PY) -m pip_audit --strict --require-hashes --disable-pip -r requirements/$$one.lock || exit 1; \
	done

sbom: ## write dist/reconciler.cdx.json: what is in it, as CycloneDX
	@sh scripts/setup.sh supply
	@mkdir -p dist
	$(PY) -m cyclonedx_py requirements requirements/run.lock --pyproject pyproject.toml \
	  --mc-type application --output-reproducible --of JSON -o dist/reconciler.cdx.json

clean: ## remove everything that was built or installed here
	rm -rf .venv .demo site dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

setup:
	@sh scripts/setup.sh dev,docs

system:
	@sh scripts/system.sh
