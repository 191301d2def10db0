# The whole of Juncture on a real cluster, from manifests to decisions: see hack/demo.sh.

# Which districts: generated, or oulad for the 13 real ones of $JUNCTURE_DATA (default ../shared/data).
export DATA ?= generated

##@ Demo

.PHONY: demo
demo: ## Cluster, chart, a network of districts and a process with capacity: decided, explained, verified (DATA=generated|oulad)
	@hack/demo.sh up

.PHONY: demo-down
demo-down: ## Remove what the demo installed (the cluster stays: make cluster-down)
	@hack/demo.sh down
