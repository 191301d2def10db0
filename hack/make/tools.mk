# The pinned tools of hack/tools, built once per version and shared by all checkouts of a machine.

TOOLS_KEY := $(shell { cat hack/tools/go.mod hack/tools/go.sum hack/tools/lint/go.mod hack/tools/lint/go.sum; go env GOVERSION; } | sha256sum | cut -c1-16)
TOOLS := $(JUNCTURE_CACHE)/tools/$(TOOLS_KEY)

CONTROLLER_GEN := $(TOOLS)/controller-gen
CRD_REF_DOCS := $(TOOLS)/crd-ref-docs
GOTESTSUM := $(TOOLS)/gotestsum
BENCHSTAT := $(TOOLS)/benchstat
GOLANGCI_LINT := $(TOOLS)/golangci-lint

# For the scripts that recipes call.
export GOTESTSUM

# $(call build-tool,MODULE_DIR,PACKAGE[,LDFLAGS]) builds one tool at the version that MODULE_DIR/go.mod pins.
define build-tool
@echo "Building $(notdir $@) into $(TOOLS) (once per version)"
@mkdir -p $(TOOLS)
@CGO_ENABLED=0 go -C $(1) build -buildvcs=false -trimpath -ldflags "-s -w $(3)" -o $@ $(2)
endef

# controller-gen writes its own version into every CRD. Built from another module it would not know it.
CONTROLLER_TOOLS_VERSION = $(shell go -C hack/tools list -m -f '{{.Version}}' sigs.k8s.io/controller-tools)

$(CONTROLLER_GEN):
	$(call build-tool,hack/tools,sigs.k8s.io/controller-tools/cmd/controller-gen,-X sigs.k8s.io/controller-tools/pkg/version.version=$(CONTROLLER_TOOLS_VERSION))

$(CRD_REF_DOCS):
	$(call build-tool,hack/tools,github.com/elastic/crd-ref-docs)

$(GOTESTSUM):
	$(call build-tool,hack/tools,gotest.tools/gotestsum)

$(BENCHSTAT):
	$(call build-tool,hack/tools,golang.org/x/perf/cmd/benchstat)

$(GOLANGCI_LINT):
	$(call build-tool,hack/tools/lint,github.com/golangci/golangci-lint/v2/cmd/golangci-lint)

##@ Tools

.PHONY: tools
tools: $(CONTROLLER_GEN) $(CRD_REF_DOCS) $(GOTESTSUM) $(BENCHSTAT) $(GOLANGCI_LINT) ## Build all pinned tools (other targets build what they need)
