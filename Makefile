# Juncture. `make` alone lists what there is; the recipes live in hack/make/*.mk, one file a concern.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

ROOT := $(patsubst %/,%,$(dir $(abspath $(firstword $(MAKEFILE_LIST)))))

# What outlives a checkout: built tools, the local cluster's programs. Safe to delete at any time.
export JUNCTURE_CACHE ?= $(HOME)/.cache/juncture
# What a run leaves behind: test logs, totals, benchmark figures. Never committed.
DIST := $(ROOT)/dist

include hack/make/tools.mk
include hack/make/generate.mk
include hack/make/chart.mk
include hack/make/verify.mk
include hack/make/test.mk
include hack/make/campaigns.mk
include hack/make/cluster.mk
include hack/make/demo.mk

##@ General

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*##" } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-zA-Z0-9_.-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Build

.PHONY: build
build: ## Build bin/manager, bin/evaluator and bin/juncture (also found as kubectl-juncture)
	@mkdir -p bin
	CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/manager ./cmd/evaluator ./cmd/juncture
	@ln -sf juncture bin/kubectl-juncture

.PHONY: fmt
fmt: $(GOLANGCI_LINT) ## Format the Go code
	$(GOLANGCI_LINT) fmt

.PHONY: clean
clean: ## Remove what builds and tests left in the checkout (the cache stays)
	rm -rf bin $(DIST)
