# Two commands: `make demo` and `make test`. Both set up what they need. `make help` lists the rest.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
BIN := .build/debug/emporium
RELEASE := .build-release/release/emporium

.PHONY: help setup build collector release release-collector demo test test-unit test-sql storm coverage bench rehearse test-results order-analysis lint clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | awk -F'|' '{ printf "  make %-17s %s\n", $$1, $$2 }'

setup: ## Install system packages (Debian 12); quick when nothing is missing
	@scripts/setup

build: setup ## Build the tool
	@swift build --product emporium 2>&1 | scripts/quiet-build

collector: setup ## Build the HTTP collector (Hummingbird, SwiftNIO), in a folder of its own; the first time takes minutes
	@[ -x .build-collector/debug/emporium-collector ] || echo "building the HTTP collector: minutes the first time, for SwiftNIO"
	@swift build --traits Collector --product emporium-collector --scratch-path .build-collector 2>&1 | scripts/quiet-build

release: setup ## Build the tool with optimisation, in a folder of its own
	@swift build -c release --product emporium --scratch-path .build-release 2>&1 | scripts/quiet-build
	@echo $(RELEASE)

release-collector: setup ## Build the collector with optimisation, in a folder of its own; ten minutes
	@swift build -c release --traits Collector --product emporium-collector --scratch-path .build-collector-release 2>&1 | scripts/quiet-build
	@echo .build-collector-release/release/emporium-collector

demo: build collector ## See applications go from files to members, customers from Kafka, events from HTTP; again and again
	@scripts/demo

test: setup ## Run every test: unit, SQL, end to end, faults; JUnit XML in test-results/
	@scripts/test

test-unit: setup ## Run the tests that need no server
	@scripts/test AvroTests FramingTests GeneratorsTests CollectorTests IngestTests

test-sql: build ## Run the SQL tests only
	@scripts/test-sql

storm: setup collector ## Load Kafka under 2,000 faults (make test has 160), collect events under 100 (16), archive under 100 kills (16); half an hour
	@swift build --build-tests 2>&1 | scripts/quiet-build
	@EMPORIUM_STORM_FAULTS=$${EMPORIUM_STORM_FAULTS:-2000} swift test --skip-build --filter 'KafkaStormTests.*nothingIsLost'
	@EMPORIUM_EVENT_STORM_FAULTS=$${EMPORIUM_EVENT_STORM_FAULTS:-100} swift test --skip-build --filter 'EventStormTests'
	@EMPORIUM_ARCHIVE_STORM_FAULTS=$${EMPORIUM_ARCHIVE_STORM_FAULTS:-100} swift test --skip-build --filter 'ArchiveStormTests'

lint: build ## Judge our own SQL files and the catalog they make: our rules and squawk's
	@scripts/test-tools
	@scripts/lint

coverage: setup ## Run the Swift tests with coverage: a summary, and coverage/lcov.info
	@scripts/coverage

bench: release release-collector ## Measure against the limit and the rivals; minutes
	@Benchmarks/run $(abspath $(RELEASE))

rehearse: release release-collector ## Ten times the orders: all of the platform at once under a rising load, what breaks first; five minutes
	@python3 -B Benchmarks/rehearsal/rehearse.py $(abspath $(RELEASE)) $(abspath .build-collector-release/release/emporium-collector) $(REHEARSE)

test-results: ## Write docs/test-results.md from the last runs of `make test` and `make bench`
	@scripts/test-results

order-analysis: build ## Write docs/order-analysis.md from the sample in examples/orders
	@scripts/order-analysis

clean: ## Remove what building and testing made; data and the embedded stack stay
	rm -rf .build .build-release .build-collector .build-collector-release .venv-tools .venv-broker test-results coverage
