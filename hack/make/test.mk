# All tests, in two phases: what needs at most an API server, then what needs a whole cluster. hack/test.sh runs them.

##@ Test

.PHONY: test
test: ## All tests: units and controllers, then end to end on a real cluster; ends with the totals
	@hack/test.sh unit e2e

.PHONY: test-unit
test-unit: ## Units, and controllers against a real API server
	@hack/test.sh unit

.PHONY: test-e2e
test-e2e: ## End to end on a real cluster (CLUSTER=current for the one that kubectl reaches)
	@hack/test.sh e2e

# What hack/test.sh runs the tests with.
.PHONY: test-tools
test-tools: $(GOTESTSUM)

BENCH ?= .
BENCH_COUNT ?= 6
BENCH_PACKAGES ?= ./engine/...

.PHONY: bench
bench: $(BENCHSTAT) ## Benchmarks of the engine (BENCH=regexp, BENCH_COUNT=6), summed up by benchstat; against dist/bench/base.txt if it is there
	@mkdir -p $(DIST)/bench
	go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(BENCH_COUNT) -timeout 60m $(BENCH_PACKAGES) | tee $(DIST)/bench/new.txt
	$(BENCHSTAT) $(wildcard $(DIST)/bench/base.txt) $(DIST)/bench/new.txt
