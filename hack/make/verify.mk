# The one command that says whether a change may be merged. Each check stands alone, so that `make -k verify` reports all of them.

##@ Verify

.PHONY: verify
verify: verify-generated verify-format lint verify-modules verify-scripts verify-engine-pure verify-headers verify-docs ## Regenerate, lint and check everything that is not a test
	@echo "verify: everything holds"

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Lint the Go code, the layering of the packages included
	$(GOLANGCI_LINT) run ./...
	cd hack/bench && $(GOLANGCI_LINT) run --build-tags peers ./...

.PHONY: verify-generated
verify-generated: $(CONTROLLER_GEN) $(CRD_REF_DOCS)
	hack/verify-generated.sh $(sort $(GENERATED))

.PHONY: verify-format
verify-format:
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard --deduplicate '*.go' | while read -r f; do [ -e "$$f" ] && echo "$$f"; done)); \
	[ -z "$$unformatted" ] || { printf 'not formatted, run "make fmt":\n%s\n' "$$unformatted"; exit 1; }

.PHONY: verify-modules
verify-modules:
	go mod tidy -diff
	go -C hack/bench mod tidy -diff
	go -C hack/bench/cerbos/engine mod tidy -diff
	go -C hack/tools mod tidy -diff
	go -C hack/tools/lint mod tidy -diff

.PHONY: verify-scripts
verify-scripts:
	hack/verify-scripts.sh

# The engine builds for a browser: the proof that it depends on no cluster, no cgo and no operating system.
.PHONY: verify-engine-pure
verify-engine-pure:
	GOOS=js GOARCH=wasm go build ./engine/...

.PHONY: verify-headers
verify-headers:
	hack/verify-headers.sh

.PHONY: verify-docs
verify-docs:
	go run ./hack/doclinks
