# `make demo` and `make test` are enough to start with; both install what is missing.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
WANTED := $(shell cat .python-version)

# The servers, workers and commands that tests start read compiled files: compiling ours takes longer than
# importing them.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test check format docs settings openapi container long examples faults coverage mutants variants bench \
  verify lint pictures screenshots messages translations lock clean debian

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/runtime translations ## a sample provider at http://127.0.0.1:8000 (PORT overrides)
	@exec $(BIN)/fusion demo

verify: $(VENV)/runtime ## check the demo's database and report differences
	@exec $(BIN)/fusion verify

# Tests that depend on PostgreSQL itself also run on the oldest version that we support.
DATABASE_TESTS := $(wildcard $(addprefix tests/,access accounts catalogue clients concurrency events hot \
  ledger lifecycle numbers ordering reporting tenancy trunks users))

# `make test` leaves out the tests marked long; `make coverage` and `make variants` run them.
# pytest distributes the files over one process more than there are cores, each with its own database:
# for a third of the time tests wait for servers and browsers. The order of the files stays: pytest would
# start those with few tests last, and they take longest.
SPREAD := -n $(shell expr $$(nproc) + 1) --maxprocesses 5 --dist loadfile --no-loadscope-reorder

# The rooms that `make check` tests: those without SIP, a browser or a second PostgreSQL.
CHECKED := $(wildcard $(addprefix tests/,access accounts branding catalogue clients docs events \
  kernel ledger lifecycle numbers ordering reporting tenancy trunks users test_tidy.py))

check: lint ## the quick part of `make test`, to run while you work
	env -u DATABASE_URL $(BIN)/python -m pytest -q $(SPREAD) -m "not once and not long" $(CHECKED)

format: $(VENV)/dev ## format Python files and templates
	$(BIN)/ruff check --fix --exit-zero --quiet .
	$(BIN)/ruff format .
	$(BIN)/djangofmt --quiet fusion/portal/templates

ifdef ROOM
test: $(VENV)/dev ## everything that a change must pass; ROOM=ordering for one folder of tests
	env -u DATABASE_URL $(BIN)/python -m pytest $(SPREAD) tests/$(ROOM)
else
test: debian lint
	env -u DATABASE_URL $(BIN)/python -m pytest $(SPREAD) -m "not long"
	env -u DATABASE_URL FUSION_TEST_BINDIR="$$(./.ci/postgres --bindir)" \
	  $(BIN)/python -m pytest $(SPREAD) -m "not once and not pure and not long" $(DATABASE_TESTS)
endif

# The rooms whose mutants the tests detect, except those explained in tests/mutants/explained.toml.
RULED := access accounts tenancy ledger ordering numbers users trunks

long: coverage variants examples ## runs that take hours: coverage, the tests in other environments, all mutants
	@for room in $(RULED); do $(BIN)/python -m tests.mutants $$room || exit 1; done

examples: debian $(VENV)/dev ## twenty times as many generated requests as in `make test`
	env -u DATABASE_URL EXAMPLES=20 $(BIN)/python -m pytest $(SPREAD) --timeout 7200 tests/contract/test_schemathesis.py \
	  tests/ordering/test_model.py tests/provisioning/test_model.py tests/portal/test_hostile.py

MEASURED = PYTHONPATH=$(CURDIR)/tests/measuring $(BIN)/coverage

coverage: debian $(VENV)/dev ## branch coverage of fusion/, with the processes that tests start
	rm -rf var/coverage
	env -u DATABASE_URL $(MEASURED) run -m pytest $(SPREAD)
	$(MEASURED) combine --quiet
	$(MEASURED) html --quiet --directory var/coverage/html
	$(MEASURED) report

faults: debian $(VENV)/dev ## check that a pair of PostgreSQL servers loses no data (FAULTS="--help" for options)
	@exec env -u DATABASE_URL $(BIN)/python -m tests.faults $(FAULTS)

mutants: $(VENV)/dev ## check that the tests notice changed rules of a ROOM; FILES="decide.sql" for others
	@exec $(BIN)/python -m tests.mutants $(ROOM) $(FILES) $(if $(MINUTES),--minutes $(MINUTES))

variants: debian $(VENV)/dev ## the tests in other environments (VARIANTS="locale slow" for some)
	@./.ci/clock
	@exec ./.ci/variants $(VARIANTS)

bench: $(VENV)/dev ## measure the hot paths; results in var/bench.json (BENCH="--help" lists options)
	@./.ci/sip
	@./.ci/wrk
	@exec $(BIN)/python -m bench $(BENCH)

lint: $(VENV)/dev ## style, types and import layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djangofmt --check --quiet fusion/portal/templates
	$(BIN)/mypy fusion tests
	$(BIN)/lint-imports
	$(BIN)/hadolint Containerfile

docs: $(VENV)/dev ## the documentation as a site with search, in var/site/html; links are checked
	rm -rf var/site && mkdir -p var/site/pages
	git ls-files -z README.md CONTRIBUTING.md CHANGELOG.md SECURITY.md LICENSE docs integrations deploy \
	  | xargs -0 cp --parents -t var/site/pages
	$(BIN)/zensical build --strict

settings: $(VENV)/dev ## write the table of settings into the operator's guide
	$(BIN)/python -m tests.docs.settings

openapi: $(VENV)/dev ## write docs/openapi.json; refuses to narrow the API (BREAKING=1 does it)
	$(BIN)/python -m tests.contract.compatible $(if $(BREAKING),--breaking)

container: $(VENV)/dev ## build the image with podman or docker, or lint the file if neither is installed
	@for tool in podman docker; do \
	  if $$tool info >/dev/null 2>&1; then exec $$tool build -t fusion -f Containerfile .; fi; \
	done; \
	echo "Neither podman nor docker has an engine here: the file is linted, not built."; \
	exec $(BIN)/hadolint Containerfile

debian: ## install the Debian packages for the tests: PostgreSQL, proxies, a browser, a spreadsheet
	@./.ci/postgres
	@./.ci/pooler
	@./.ci/pair
	@./.ci/sip
	@./.ci/proxies
	@./.ci/browser
	@./.ci/office

# The newest suitable Python; .python-version names the one that we develop with.
$(BIN)/python:
	@for name in python$(WANTED) python3.13 python3.14 python3.12 python3; do \
	  if $$name -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; \
	  then exec $$name -m venv $(VENV); fi; \
	done; \
	echo "Python 3.12 or newer with its venv module is needed, best $(WANTED);" \
	  "none was found on the PATH." >&2; exit 1

# A stamp is as new as the installed lock. pip checks the hashes of the lock; the package itself is built
# with the locked setuptools, from the checkout only.
INSTALL = $(BIN)/python -m pip install --disable-pip-version-check --quiet

$(VENV)/runtime: requirements.txt pyproject.toml setup.py | $(BIN)/python
	$(INSTALL) --require-hashes -r requirements.txt
	$(INSTALL) --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/dev: requirements-dev.txt $(VENV)/runtime
	$(INSTALL) --require-hashes -r requirements-dev.txt
	@touch $@

# Names no registry: the machine's configuration does.
COMPILE = CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes \
  --allow-unsafe --strip-extras --build-deps-for editable --no-emit-index-url \
  --no-emit-trusted-host --no-emit-find-links --no-emit-options

pictures: debian $(VENV)/dev ## take the pictures of docs/first-steps.md again, from a demo
	env -u DATABASE_URL FUSION_TEST_PICTURES=docs/pictures \
	  $(BIN)/python -m pytest -q tests/demo/test_newcomer.py

screenshots: debian $(VENV)/dev ## take a screenshot of every page, light, dark and narrow, in var/screenshots
	env -u DATABASE_URL FUSION_TEST_SCREENSHOTS=1 $(BIN)/python -m pytest -q $(SPREAD) tests/browser

translations: $(patsubst %.po,%.mo,$(wildcard fusion/portal/locale/*/LC_MESSAGES/django.po))
%.mo: %.po
	@$(BIN)/python -c "import polib; polib.pofile('$<').save_as_mofile('$@')"

messages: $(VENV)/dev ## collect the portal's texts into its translation files (needs GNU gettext)
	DJANGO_SETTINGS_MODULE=fusion.settings $(BIN)/python -m django makemessages -l de -l fr -l nl \
	  --no-location --no-wrap -i .venv -i var -i tests -i bench -i build

lock: | $(VENV)/dev ## renew requirements.txt and requirements-dev.txt (UPGRADE=1 takes the newest)
	$(COMPILE) $(if $(UPGRADE),--upgrade) -o requirements.txt pyproject.toml
	$(COMPILE) $(if $(UPGRADE),--upgrade) --extra dev -c requirements.txt \
	  -o requirements-dev.txt pyproject.toml

clean: ## remove built and installed files; var/ with its databases stays
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
