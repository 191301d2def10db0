# Campaigns: the long forms of tests that `make test` runs short. Each takes as long as it is told to; what they found stands in
# docs/reliability.md, and what a state costs in docs/performance.md.

##@ Campaigns

CAMPAIGN_KILLS ?= 500
CAMPAIGN_ALTERATIONS ?= 2000
CAMPAIGN_SEED ?= 1
CAMPAIGN_EVALUATIONS ?= 10000000
FUZZTIME ?= 5m

.PHONY: campaign-record
campaign-record: ## Kill a committing process and alter stored records (CAMPAIGN_KILLS of each kind, CAMPAIGN_ALTERATIONS of each kind)
	LEDGER_TEST_KILLS=$(CAMPAIGN_KILLS) LEDGER_TEST_ALTERATIONS=$(CAMPAIGN_ALTERATIONS) \
	  go test -count 1 -v -timeout 4h -run 'TestKilled|TestVerifyFinds|TestAltered' ./engine/ledger

.PHONY: campaign-differential
campaign-differential: ## Hold columns to cel-go for CAMPAIGN_EVALUATIONS decisions by generated rules, and values of generated expressions (CAMPAIGN_SEED)
	go test -count 1 -v -timeout 8h -run '^(TestDifferentialCases|TestDifferential|TestKinds)$$' ./engine/rule -args -seed $(CAMPAIGN_SEED) -evaluations $(CAMPAIGN_EVALUATIONS)
	go test -count 1 -v -race -timeout 1h -run '^TestDecideRowsAtOnce$$' ./engine/rule

.PHONY: campaign-mutation
campaign-mutation: ## Put bugs into the engine, one at a time, and list those that no test notices (hack/mutate)
	go run ./hack/mutate hack/mutate/columns.yaml

# Sizes of the plots; 5,500,000 students need about 15 GB in STATE_FLAGS' -dir (default: the folder for temporary files).
STATE_SIZES ?= 10000,100000,1000000
STATE_PROCESSES ?= 1,2,5,10,20

.PHONY: campaign-state
campaign-state: ## Whole commands on a state like Massachusetts, ten processes: what they take, and that all comes out right (STATE_FLAGS)
	@mkdir -p $(DIST)/scale
	go build -o $(DIST)/scale/campaign ./test/scale/campaign
	$(DIST)/scale/campaign -out $(DIST)/scale $(STATE_FLAGS)

.PHONY: campaign-state-plots
campaign-state-plots: ## The same against students (STATE_SIZES) and against processes (STATE_PROCESSES); draws docs/figures/state-*.svg
	@mkdir -p $(DIST)/scale/plots docs/figures
	go build -o $(DIST)/scale/campaign ./test/scale/campaign
	$(DIST)/scale/campaign -students -1 -sizes $(STATE_SIZES) -processes $(STATE_PROCESSES) -out $(DIST)/scale/plots $(STATE_FLAGS)
	cd hack/bench && go run ./cmd/plot -out ../../docs/figures $(DIST)/scale/plots/scale.json

.PHONY: campaign-fuzz
campaign-fuzz: ## Fuzz everything that parses, FUZZTIME each
	@grep -rl --include='*_test.go' '^func Fuzz' engine internal | while read -r file; do \
	  for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9]*\).*/\1/p' "$$file"); do \
	    printf '\n==> %s in %s\n' "$$target" "$$(dirname "$$file")"; \
	    go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) "./$$(dirname "$$file")"; \
	  done; \
	done
