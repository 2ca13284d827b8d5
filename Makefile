# The few words to remember: make up · make test · make check · make bench.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
LOCKS  := requirements/runtime.txt requirements/dev.txt
# What takes minutes and little of the machine comes first: ten quiet ones, and every drill. Two others work meanwhile.
# What takes minutes and much of it comes in the middle, so that nobody waits for it in the end, and no stream beside it
# is short of the machine. One file after the other: pytest puts a file that stands in a folder named beside it into
# that folder's place.
LONG   := $(addprefix tests/acceptance/test_,clean_minutes.py drill_all.py)
HEAVY  := $(addprefix tests/acceptance/test_,receiver_crash.py storm.py)
FIRST  := $(wildcard tests/integration/test_[a-l]*.py)
SECOND := $(filter-out $(FIRST),$(wildcard tests/integration/test_*.py))
REAL   := $(LONG) $(FIRST) $(HEAVY) $(SECOND) tests/acceptance/test_drills.py \
	$(filter-out $(LONG) $(HEAVY) tests/acceptance/test_drills.py,$(wildcard tests/acceptance/test_*.py))

.PHONY: up test check bench soak fuzz lock format clean
.DEFAULT_GOAL := help

help:
	@echo "make up      the whole system with a demo stream, in the foreground    整套系统与演示直播"
	@echo "make test    every test, real servers included                         全部测试"
	@echo "make check   style, types, imports, rules, configuration               静态检查"
	@echo "make soak    an hour of a healthy stream: nobody may be accused        一小时无误报"
	@echo "make fuzz    ten minutes of every request that nobody expects          十分钟模糊测试"
	@echo "make bench   measure against peers, writes bench/results.json          性能对比"

up: $(STAMP)
	@tools/install-packages runtime
	@exec $(BIN)/streamwatch up

test: $(STAMP)
	@tools/install-packages runtime test
	@tools/install-node-packages
	@tools/run-tests $(BIN)/python tests/unit -n 2
	@tools/run-tests $(BIN)/python $(REAL) -n 4 --dist loadfile --no-loadscope-reorder --durations=30

check: $(STAMP)
	@tools/install-packages runtime test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/streamwatch check --syntax-only config/duty.yml
	$(BIN)/streamwatch-exporter --check config/streams.yml --syntax-only
	$(BIN)/streamwatch rules test --whole
	docker-compose -f docker-compose.yml config -q

bench: $(STAMP)
	@tools/install-packages runtime test bench
	$(BIN)/python bench/run.py

soak: $(STAMP)
	@tools/install-packages runtime test
	STREAMWATCH_SOAK_SECONDS=3600 $(BIN)/python -m pytest tests/acceptance/test_clean_minutes.py

fuzz: $(STAMP)
	STREAMWATCH_FUZZ_SECONDS=600 STREAMWATCH_FUZZ_SEED=$$(date +%s) $(BIN)/python -m pytest tests/integration/test_fuzz.py

format: $(STAMP)
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

# Hashed, and without the addresses that the packages came from.
lock:
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
		--output-file requirements/runtime.txt pyproject.toml exporters/pyproject.toml --all-extras
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
		--output-file requirements/dev.txt pyproject.toml exporters/pyproject.toml --all-extras --group test --group lint

$(STAMP): $(LOCKS) pyproject.toml exporters/pyproject.toml
	@tools/install-venv $(PYTHON) $(VENV)
	@touch $@

clean:
	rm -rf $(VENV) .streamwatch .mypy_cache .ruff_cache .pytest_cache
