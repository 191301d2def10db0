# All tests, in phases: what needs at most an API server, what compares us with other engines, what needs a whole cluster. hack/test.sh
# runs them.

##@ Test

.PHONY: test
test: ## All tests: units and controllers, the comparison with other engines, then end to end on a real cluster; ends with the totals
	@hack/test.sh unit bench e2e

.PHONY: test-unit
test-unit: ## Units, and controllers against a real API server
	@hack/test.sh unit

.PHONY: test-bench
test-bench: ## The comparison with other engines: that it builds, and that the quick ones agree
	@hack/test.sh bench

.PHONY: test-peers
test-peers: ## As test-bench, and the peers that are slow to build or to start: OPA, DuckDB, PostgreSQL, Cerbos
	go -C hack/bench test -tags peers ./...
	go -C hack/bench/cerbos/engine vet ./...

.PHONY: test-e2e
test-e2e: ## End to end on a real cluster (CLUSTER=current for the one that kubectl reaches)
	@hack/test.sh e2e

# What hack/test.sh runs the tests with.
.PHONY: test-tools
test-tools: $(GOTESTSUM)

BENCH_SUITES ?= reference,second,rules,single,students,processes
BENCH_SIZES ?= 10000,100000,1000000
BENCH_FLAGS ?=

.PHONY: bench
bench: ## What a decision costs here and in other engines, by hack/bench (BENCH_SUITES, BENCH_SIZES, BENCH_FLAGS): ratios, tables and plots in dist/bench
	@mkdir -p $(DIST)/bench
	cd hack/bench && go build -o $(DIST)/bench/compare ./cmd/compare && $(DIST)/bench/compare -suites $(BENCH_SUITES) -sizes $(BENCH_SIZES) -out $(DIST)/bench $(BENCH_FLAGS)

BENCH ?= .
BENCH_COUNT ?= 6
BENCH_PACKAGES ?= ./engine/...

ENDTOEND_STUDENTS ?= 1000000

.PHONY: bench-endtoend
bench-endtoend: ## From a CSV file of ENDTOEND_STUDENTS students through ten processes to a durable, verified record, with and without a Merkle leaf a decision
	@mkdir -p $(DIST)/bench
	cd hack/bench && go build -o $(DIST)/bench/endtoend ./cmd/endtoend
	$(DIST)/bench/endtoend generate -students $(ENDTOEND_STUDENTS) -file $(DIST)/bench/students.csv
	for i in 1 2 3; do for proof in run decision; do $(DIST)/bench/endtoend run -file $(DIST)/bench/students.csv -proof $$proof -verify || exit 1; done; done
	rm $(DIST)/bench/students.csv

.PHONY: bench-engine
bench-engine: $(BENCHSTAT) ## Go benchmarks of the engine's parts (BENCH=regexp, BENCH_COUNT=6), summed up by benchstat; against dist/bench/base.txt if it is there
	@mkdir -p $(DIST)/bench
	go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(BENCH_COUNT) -timeout 60m $(BENCH_PACKAGES) | tee $(DIST)/bench/new.txt
	$(BENCHSTAT) $(wildcard $(DIST)/bench/base.txt) $(DIST)/bench/new.txt
