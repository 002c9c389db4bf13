# SPDX-License-Identifier: GPL-3.0-or-later
# One command for each task; `make help` lists them. The work is in CMake presets, scripts/ and the programs themselves.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# As many compilers as there are cores, but no more than memory allows (about 1.5 GB each).
JOBS ?= $(shell awk -v cores="$$(nproc)" '/^MemAvailable/ { m = int($$2 / 1572864); if (m < 1) m = 1; print m < cores ? m : cores }' /proc/meminfo)
BIN := build/release/bin
# Further arguments for the program that a target starts: make serve ARGS="--listen 127.0.0.1:9000"
ARGS ?=
# Seconds that each fuzzer runs in `make test`; 0 leaves them out.
FUZZ_SECONDS ?= 30

# --- run ---------------------------------------------------------------------------------------------------------------
.PHONY: up
up: build ## Install what is missing, build, and start the console (without a display: the server)
	@if [ -n "$${DISPLAY:-}$${WAYLAND_DISPLAY:-}" ]; then \
	  exec $(BIN)/streamgauge $(ARGS); \
	else \
	  echo "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set): starting the server without the console."; \
	  exec $(BIN)/streamgauged serve --log-format text $(ARGS); \
	fi

.PHONY: serve
serve: build-server ## Build and start the server alone
	@exec $(BIN)/streamgauged serve --log-format text $(ARGS)

.PHONY: smoke
smoke: build-server ## Start a server on a free port, send events in every form, check answers and numbers
	@exec $(BIN)/streamgauged smoke $(ARGS)

.PHONY: doctor
doctor: ## Look at the machine, the ports, the disk and the configuration; changes nothing
	@scripts/install-dependencies --check build console || true
	@if [ -x $(BIN)/streamgauged ]; then exec $(BIN)/streamgauged doctor $(ARGS); \
	 else echo "The program is not built yet: run make build, then make doctor again."; fi

.PHONY: reset
reset: build-server ## Delete the data directory's contents (asks first; FORCE=1 does not)
	@exec $(BIN)/streamgauged reset $(if $(filter 1,$(FORCE)),--force) $(ARGS)

# --- build -------------------------------------------------------------------------------------------------------------
.PHONY: build
build: ## Install what is missing and build both programs into build/release/bin
	@scripts/install-dependencies build console
	@$(call configure_once)
	@cmake --build build/release -j $(JOBS) --target streamgauge streamgauged

.PHONY: build-server
build-server:
	@scripts/install-dependencies build console
	@$(call configure_once)
	@cmake --build build/release -j $(JOBS) --target streamgauged

# Tests and benchmarks are left out until somebody asks for them, so that a first start needs neither their packages nor
# their time. A build directory that is there keeps its settings.
configure_once = [ -f build/release/build.ninja ] || cmake --preset release -DSTREAMGAUGE_TESTS=OFF -DSTREAMGAUGE_BENCH=OFF

# --- check -------------------------------------------------------------------------------------------------------------
.PHONY: test
test: ## Install, build everything with warnings as errors, run all tests, guards and fuzzers
	@scripts/install-dependencies build console test
	@scripts/python-environment
	@scripts/install-sdk-packages
	@cmake --preset ci -DSTREAMGAUGE_TESTS=ON -DSTREAMGAUGE_BENCH=ON -DSTREAMGAUGE_CONSOLE=ON
	@cmake --build build/release -j $(JOBS)
	@if [ "$(FUZZ_SECONDS)" != 0 ]; then scripts/run-fuzzers $(FUZZ_SECONDS) $(JOBS); fi
	@scripts/run-tests build/release $(JOBS)

.PHONY: asan
asan: ## Build and test with AddressSanitizer and UndefinedBehaviorSanitizer
	@scripts/install-dependencies build console test
	@scripts/python-environment
	@scripts/install-sdk-packages
	@cmake --preset asan
	@cmake --build build/asan -j $(JOBS)
	@scripts/run-tests build/asan $(JOBS)

.PHONY: tsan
tsan: ## Build and test with ThreadSanitizer
	@scripts/install-dependencies build console test
	@scripts/python-environment
	@scripts/install-sdk-packages
	@cmake --preset tsan
	@cmake --build build/tsan -j $(JOBS)
	@scripts/run-tests build/tsan $(JOBS)

.PHONY: tidy
tidy: ## clang-tidy on the files that differ from main (ALL=1: on every file)
	@scripts/install-dependencies build console test
	@scripts/tidy $(if $(filter 1,$(ALL)),--all) -j $(JOBS)

.PHONY: format
format: ## Bring every C++ file into the project's format
	@scripts/format

# --- show --------------------------------------------------------------------------------------------------------------
.PHONY: bench
bench: ## Measure the figures and write them into docs/performance.md (PARTS="single ack", BENCH_SECONDS=60)
	@scripts/install-dependencies build console test bench
	@exec scripts/bench/run $(PARTS)

.PHONY: screenshots
screenshots: ## Write pictures of every page and state to build/screenshots (ARGS=--readme: renew docs/pictures)
	@scripts/install-dependencies build console test
	@cmake --preset release -DSTREAMGAUGE_TESTS=ON >/dev/null
	@cmake --build build/release -j $(JOBS) --target streamgauge_screenshots
	@exec scripts/screenshots $(ARGS)

.PHONY: package
package: build ## Make a .deb and a .tgz in build/packages
	@scripts/install-dependencies package
	@scripts/package

.PHONY: help
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
